# SPDX-License-Identifier: Apache-2.0
"""Start again what a workstation lost with its power.

Once it is back Nova finds that guests do not run which should, and stops
them, in nobody's name. A guest that was shut down from inside looks the
same; it is told apart by when its host was started.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

from oslo_log import log

from nova_desktop import exception, messages
from nova_desktop.messages import What
from nova_desktop.reclaim import drains, nouns
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal

LOG = log.getLogger(__name__)


class Settings(Protocol):
    """The options that this needs."""

    return_batch: int
    api_host_timeout_s: float


class Asked(Protocol):
    """Asks workstations; messages.HostClient is one."""

    def status(self, host: str, timeout_s: float) -> messages.HostStatus:
        """Ask what a host says now; raise HostSilent or BadMessage."""


def died_with_host(
    records: Sequence[nouns.ActionRecord], booted_unix_s: float
) -> bool:
    """Say whether a stopped server stopped because its host had been off.

    ``records`` are its instance actions, the newest first. Nobody asked for
    the stop, which came after the host's start, and nothing had started the
    server in between.
    """
    done = [record for record in records if not record.failed]
    if not done or done[0].action != 'stop' or done[0].user_id:
        return False
    times = [record.start_unix_s for record in done[:2]]
    return times[0] > booted_unix_s and all(
        when < booted_unix_s for when in times[1:]
    )


class Awake:
    """Look for such servers."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        asked: Asked,
        hosts: Hosts,
        journal: Journal,
        settings: Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._asked = asked
        self._hosts = hosts
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop

    def scan(self) -> list[str]:
        """Start those again that may run; give their ids."""
        started: list[str] = []
        booted: dict[str, float | None] = {}
        for server, records in self._stopped_by_nobody():
            if len(started) >= self._settings.return_batch:
                break
            if server.host not in booted:
                booted[server.host] = self._booted(server.host)
            since = booted[server.host]
            if since is None or not died_with_host(records, since):
                continue
            if self._has_room(server) and self._start(server):
                started.append(server.id)
        return started

    def _stopped_by_nobody(
        self,
    ) -> Iterable[tuple[nouns.Server, Sequence[nouns.ActionRecord]]]:
        resting = self._hosts.resting(self._clock.unix())
        waiting = self._cloud.waiting()
        for server in sorted(waiting, key=lambda each: each.since_unix_s):
            stopped = server.vm_state == 'stopped' and not server.task_state
            if not stopped or server.id in resting or self._stop.is_set():
                continue
            if not server.tolerance.preemptible:
                continue
            records = self._cloud.actions(server.id)
            if records and not records[0].user_id:
                yield server, records

    def _booted(self, host: str) -> float | None:
        """Ask a host since when it runs; ``None`` where it does not tell."""
        timeout_s = self._settings.api_host_timeout_s
        try:
            return self._asked.status(host, timeout_s).booted_unix_s
        except exception.DesktopError as error:
            LOG.info('since when %s runs is not known: %s', host, error)
            return None

    def _has_room(self, server: nouns.Server) -> bool:
        """Say whether its host takes guests, and is not short of capacity."""
        if self._hosts.need(server.host, self._clock.unix()) is not None:
            return False
        if not drains.takes_guests(self._cloud, server.host):
            return False
        provider = self._cloud.provider(server.node or server.host)
        return provider is not None and provider.free_mib >= 0

    def _start(self, server: nouns.Server) -> bool:
        try:
            self._cloud.nudge('os-start', server.id)
        except nouns.CloudError as error:
            pause = self._hosts.failed(server.id, self._clock.unix())
            text = f'not yet; next try in {pause:.0f} s'
            LOG.warning('server %s is not started: %s', server.id, error)
            self._journal.note(
                What.NOT_RETURNED, server.id, text, server.host, str(error)
            )
            return False
        LOG.info(
            'server %s is started again: %s had lost its power',
            server.id,
            server.host,
        )
        self._journal.note(
            What.RETURNED,
            server.id,
            'by os-start: its workstation had been switched off',
            server.host,
        )
        return True
