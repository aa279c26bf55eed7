# SPDX-License-Identifier: Apache-2.0
"""Start the servers of lost workstations elsewhere, where that is safe.

Everything is read anew at each look, from Nova and Placement, so that a
service that was started again goes on. Of several workers each does this:
Nova starts no evacuation of a server that it is evacuating.
"""

import dataclasses
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Protocol

from oslo_log import log

from nova_desktop import model
from nova_desktop.messages import What
from nova_desktop.policy import lost, tolerance
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal

LOG = log.getLogger(__name__)

# Longer it is waited for no evacuation: others want their turn.
_GIVE_UP_S = 3600.0
_MEANT_TO_RUN = ('active', 'paused')


class Settings(Protocol):
    """The options that this needs."""

    lost_scan_s: float
    evacuate_after_s: float
    evacuate_batch: int
    mass_outage_percent: int


@dataclasses.dataclass(frozen=True, slots=True)
class Host:
    """A workstation that is down while servers should run on it."""

    compute: nouns.Compute
    servers: Sequence[nouns.Server]
    promises: frozenset[str]

    @property
    def name(self) -> str:
        """Give its name."""
        return self.compute.host

    @property
    def concerned(self) -> list[nouns.Server]:
        """Give the servers that want to be evacuated, the oldest first."""
        found = [s for s in self.servers if _wants(s)]
        return sorted(found, key=lambda server: server.since_unix_s)


def _wants(server: nouns.Server) -> bool:
    guest = server.tolerance
    return guest.preemptible and guest.on_lost == tolerance.EVACUATE


class Lost:
    """Look for such workstations."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        journal: Journal,
        settings: Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._said: dict[str, str] = {}
        self._idle: dict[str, float] = {}
        self._started: dict[str, tuple[str, float]] = {}

    def scan(self) -> list[str]:
        """Evacuate who may; give their ids."""
        self._see_ends()
        if not self._settings.evacuate_batch:
            return []
        hosts = list(self._lost())
        self._forget(hosts)
        if self._is_outage(hosts):
            return []
        evacuated: list[str] = []
        for host in hosts:
            evacuated += self._evacuate_all(host)
        return evacuated

    def _lost(self) -> Iterator[Host]:
        """Give those that are down, the longest silent first."""
        down = [c for c in self._cloud.computes() if not c.up]
        for compute in sorted(down, key=lambda each: each.heard_unix_s):
            # Servers never come to a host that is down: none stays none.
            if self._idle.get(compute.host) == compute.heard_unix_s:
                continue
            found = self._look(compute)
            if found is None:
                self._idle[compute.host] = compute.heard_unix_s
            # Whoever forces a host down takes its servers into his own hand.
            elif not compute.forced_down:
                yield found

    def _look(self, compute: nouns.Compute) -> Host | None:
        servers = self._cloud.servers_of(compute.host)
        if not any(_meant_to_run(server) for server in servers):
            return None
        traits = self._cloud.traits_of(servers[0].node or compute.host)
        if model.TRAIT not in traits:
            return None
        return Host(compute, servers, traits)

    def _forget(self, hosts: Sequence[Host]) -> None:
        """Say anew what is said once for each loss."""
        names = {host.name for host in hosts} | {''}
        self._said = {k: v for k, v in self._said.items() if k in names}

    def _is_outage(self, hosts: Sequence[Host]) -> bool:
        silent = [h for h in hosts if model.ASLEEP not in h.promises]
        if len(silent) < 2:
            self._said.pop('', None)
            return False
        percent = self._settings.mass_outage_percent
        number = self._cloud.workstations()
        if not lost.is_outage(len(silent), number, percent):
            self._said.pop('', None)
            return False
        if '' not in self._said:
            LOG.error(
                '%d of %d workstations with servers are silent at once, more '
                'than %d %%: nothing is evacuated until fewer are',
                len(silent),
                number,
                percent,
            )
        self._said[''] = 'outage'
        why = 'too many workstations are silent at once'
        for host in hosts:
            self._stays(host, why)
        return True

    def _evacuate_all(self, host: Host) -> list[str]:
        if not host.concerned:
            return []
        # What it promised may be over while others had their turn.
        node = host.concerned[0].node or host.name
        judged = lost.judge(
            self._cloud.traits_of(node),
            self._clock.unix() - host.compute.heard_unix_s,
            self._settings.evacuate_after_s,
        )
        if not judged.may:
            if judged.final:
                self._stays(host, judged.why)
            return []
        resting = self._hosts.resting(self._clock.unix())
        waiting = [s for s in host.concerned if s.id not in resting]
        free = max(0, self._settings.evacuate_batch - len(self._started))
        chosen = itertools.islice(
            (s for s in waiting if self._evacuate(s, judged.why)), free
        )
        return [server.id for server in chosen]

    def _stays(self, host: Host, why: str) -> None:
        """Say of each server once why it is not evacuated."""
        if self._said.get(host.name) == why or not host.concerned:
            return
        self._said[host.name] = why
        LOG.warning(
            '%d servers of %s, which is lost, are not evacuated: %s',
            len(host.concerned),
            host.name,
            why,
        )
        for server in host.concerned:
            self._journal.note(What.LOST, server.id, why, host.name)

    def _evacuate(self, server: nouns.Server, why: str) -> bool:
        """Evacuate a server if it still may be; say whether Nova took it."""
        now = self._cloud.server(server.id)
        if now is None or now.host != server.host or self._stop.is_set():
            return False
        if now.task_state is not None or not self._may_move(now):
            return False
        try:
            self._cloud.evacuate(server.id)
        except (nouns.CloudUnreachable, nouns.CloudConflict) as error:
            # It may have begun, here or by another worker: the next look
            # tells.
            LOG.warning('evacuation of server %s: %s', server.id, error)
            return False
        except nouns.CloudError as error:
            self._failed(server.id, server.host, str(error))
            return False
        LOG.info('server %s of %s is evacuated: %s', now.id, now.host, why)
        self._started[server.id] = (server.host, self._clock.steady())
        self._journal.note(What.EVACUATED, server.id, why, server.host)
        return True

    def _may_move(self, server: nouns.Server) -> bool:
        """Say whether it ran, or came into error by an evacuation of ours."""
        if server.vm_state != 'error':
            return server.vm_state == 'active'
        for record in self._cloud.actions(server.id):
            ours = record.user_id == self._cloud.user_id()
            return ours and record.action == 'evacuate'
        return False

    def _see_ends(self) -> None:
        """See how the evacuations that were started came out."""
        for server_id, (host, since_s) in list(self._started.items()):
            server = self._cloud.server(server_id)
            taken_s = self._clock.steady() - since_s
            busy = server is not None and server.task_state is not None
            if busy and taken_s < _GIVE_UP_S:
                continue
            del self._started[server_id]
            if server is None or busy:
                LOG.warning('what became of %s is not known', server_id)
                continue
            if server.host == host:
                self._failed(server_id, host, f'it is {server.vm_state} now')
                continue
            LOG.info('server %s runs on %s now', server_id, server.host)
            self._hosts.succeeded(server_id)
            self._journal.note(
                What.RETURNED, server_id, 'by evacuate', server.host
            )

    def _failed(self, server_id: str, host: str, why: str) -> None:
        pause = self._hosts.failed(server_id, self._clock.unix())
        LOG.warning(
            'server %s of %s is not evacuated, next try in %.0f s: %s',
            server_id,
            host,
            pause,
            why,
        )
        text = f'not evacuated yet; next try in {pause:.0f} s'
        self._journal.note(What.NOT_RETURNED, server_id, text, host, why)


def _meant_to_run(server: nouns.Server) -> bool:
    return server.vm_state in _MEANT_TO_RUN or (
        server.vm_state == 'error' and _wants(server)
    )
