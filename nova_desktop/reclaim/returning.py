# SPDX-License-Identifier: Apache-2.0
"""Bring back what this service shelved or stopped, once there is room.

Whose act it was is read from Nova's instance actions: a server that its
tenant shelved or stopped stays as it is.
"""

import dataclasses
import threading

from oslo_log import log

from nova_desktop import messages
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.notice import Herald

LOG = log.getLogger(__name__)

_ENDED_BY = {'shelved_offloaded': 'shelve', 'stopped': 'stop'}
_BROUGHT_BY = {'shelved_offloaded': 'unshelve', 'stopped': 'os-start'}


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """A server that waits to come back, and since when (Nova's text)."""

    server: nouns.Server
    since: str


class Returning:
    """Look for such servers when told to, and slowly by itself."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._wake = threading.Event()
        self._retry_s: float | None = None
        self._no_room: set[str] = set()
        self.passed_steady_s = clock.steady()

    def capacity_returned(self) -> None:
        """Look at once; those whom no host took need wait no longer."""
        for server_id in self._no_room.copy():
            self._hosts.succeeded(server_id)
        self._no_room.clear()
        self.look_now()

    def look_now(self) -> None:
        """Look at once, or again when a look is under way."""
        self._wake.set()

    def run(self) -> None:
        """Look until the service stops."""
        while not self._stop.is_set():
            pauses = (self._retry_s, self._settings.return_scan_s)
            self._retry_s = None
            self._clock.wait(self._wake, min(p for p in pauses if p))
            self._wake.clear()
            try:
                self.scan()
            except nouns.CloudError as error:
                LOG.warning('nothing is brought back now: %s', error)
            except Exception:
                LOG.exception('one look for what may come back is lost')
            self.passed_steady_s = self._clock.steady()

    def scan(self) -> list[str]:
        """Bring back who may; give their ids."""
        back: list[str] = []
        if not self._settings.return_batch or self._stop.is_set():
            return back
        too_large: int | None = None
        for guest in self._ours()[: self._settings.return_batch]:
            server = guest.server
            if self._stop.is_set():
                break
            if too_large is not None and server.memory_mib >= too_large:
                continue
            if self._bring_back(server):
                back.append(server.id)
            elif server.vm_state == 'shelved_offloaded':
                # No host for this one is no host for a larger one.
                too_large = server.memory_mib
        return back

    def _ours(self) -> list[Guest]:
        """Give the servers to bring back, the longest away first."""
        resting = self._hosts.resting(self._clock.unix())
        user = self._cloud.user_id()
        found = []
        for server in self._cloud.waiting():
            known = server.vm_state in _ENDED_BY and server.id not in resting
            if not known or not server.tolerance.preemptible:
                continue
            since = self._ended_by_us(server, user)
            if server.task_state is None and since and self._has_room(server):
                found.append(Guest(server, since))
        return sorted(found, key=lambda guest: guest.since)

    def _ended_by_us(self, server: nouns.Server, user: str) -> str:
        """Give when we shelved or stopped a server; empty if we did not."""
        name = _ENDED_BY[server.vm_state]
        for record in self._cloud.actions(server.id):
            if record.action == name and not record.failed:
                return record.start if record.user_id == user else ''
        return ''

    def _has_room(self, server: nouns.Server) -> bool:
        """Say whether a stopped server's host is not short of capacity."""
        if server.vm_state != 'stopped':
            return True
        if self._hosts.need(server.host) is not None:
            return False
        provider = self._cloud.provider(server.node or server.host)
        return provider is not None and provider.free_mib >= 0

    def _bring_back(self, server: nouns.Server) -> bool:
        name = _BROUGHT_BY[server.vm_state]
        try:
            self._cloud.nudge(name, server.id)
            now = self._watch(server)
        except nouns.CloudError as error:
            return self._failed(server, str(error))
        if now is None or now.vm_state == server.vm_state:
            # Nova says nothing when no host takes an unshelved server.
            self._no_room.add(server.id)
            return self._failed(server, 'no host takes it')
        LOG.info('server %s is back on %s', server.id, now.host)
        self._journal.note(
            messages.What.RETURNED, server.id, f'by {name}', now.host
        )
        self._hosts.succeeded(server.id)
        self._herald.clear(server.id)
        return True

    def _failed(self, server: nouns.Server, why: str) -> bool:
        if self._stop.is_set():
            return False
        pause = self._hosts.failed(server.id, self._clock.unix())
        self._retry_s = min(pause, self._retry_s or pause)
        LOG.info(
            'server %s does not come back, next try in %.0f s: %s',
            server.id,
            pause,
            why,
        )
        self._journal.note(
            messages.What.NOT_RETURNED,
            server.id,
            f'not yet; next try in {pause:.0f} s',
            server.host,
            why,
        )
        return False

    def _watch(self, server: nouns.Server) -> nouns.Server | None:
        """Give a server once Nova has done with it, or its time is over."""
        end = self._clock.steady() + self._settings.return_timeout_s
        while True:
            now = self._cloud.server(server.id)
            if now is None or now.task_state is None:
                return now
            if self._clock.steady() >= end or self._stop.is_set():
                return server
            self._clock.wait(self._stop, self._settings.poll_s)
