# SPDX-License-Identifier: Apache-2.0
"""Bring back what this service put away, once there is room.

Whose act it was is read from Nova's instance actions: a server that its
tenant shelved, suspended or stopped stays as it is.
"""

import dataclasses
import threading
from collections.abc import Callable

from oslo_log import log

from nova_desktop.policy import comeback
from nova_desktop.reclaim import drains, nouns, past
from nova_desktop.reclaim.bringing import Bringing
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.lease import Reader
from nova_desktop.reclaim.pace import Pace

LOG = log.getLogger(__name__)

_OFFLOADED = 'shelved_offloaded'


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """A server that waits to come back, and since when."""

    server: nouns.Server
    away: past.Away


class Returning:
    """Look for such servers when told to, and slowly by itself."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        bringing: Bringing,
        leases: Reader,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._leases = leases
        self._bringing = bringing
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._pace = Pace(
            settings.return_batch,
            settings.return_per_min / 60,
            clock.steady(),
        )
        self._wake = threading.Event()
        self._retry_s: float | None = None
        self.waiting: tuple[Guest, ...] = ()
        self.passed_steady_s = clock.steady()

    def capacity_returned(self) -> None:
        """Look at once; those whom no host took need wait no longer."""
        self._hosts.room_again()
        self.look_now()

    def look_now(self) -> None:
        """Look at once, or again when a look is under way."""
        self._wake.set()

    def run(self) -> None:
        """Look until the service stops."""
        self._one_look(self._bringing.take_up)
        while not self._stop.is_set():
            pauses = (self._retry_s, self._settings.return_scan_s)
            self._retry_s = None
            self._clock.wait(self._wake, min(p for p in pauses if p))
            self._wake.clear()
            self._one_look(self.scan)
            self.passed_steady_s = self._clock.steady()

    @staticmethod
    def _one_look(look: Callable[[], object]) -> None:
        try:
            look()
        except nouns.CloudError as error:
            LOG.warning('nothing is brought back now: %s', error)
        except Exception:
            LOG.exception('one look for what may come back is lost')

    def scan(self) -> list[str]:
        """Bring back who may; give their ids."""
        back: list[str] = []
        if not self._settings.return_batch or self._too_soon():
            return back
        too_large: int | None = None
        for guest in self._ours():
            server = guest.server
            if self._stop.is_set() or self._too_soon():
                break
            offloaded = server.vm_state == _OFFLOADED
            if offloaded and too_large and server.memory_mib >= too_large:
                continue
            if not offloaded and not self._has_room(server):
                continue
            self._pace.took()
            outcome = self._bringing.back(server)
            self._again_in(outcome.again_s)
            if outcome.back:
                back.append(server.id)
                self.waiting = tuple(g for g in self.waiting if g != guest)
            elif outcome.no_room:
                # No host for this one is no host for a larger one.
                too_large = server.memory_mib
        return back

    def _too_soon(self) -> bool:
        """Say whether the rate allows nobody now; come again when it does."""
        wait_s = self._pace.wait_s(self._clock.steady())
        self._again_in(wait_s)
        return wait_s > 0

    def _again_in(self, seconds: float | None) -> None:
        if seconds:
            self._retry_s = min(seconds, self._retry_s or seconds)

    def _ours(self) -> list[Guest]:
        """Give the servers to bring back, the longest away first."""
        now = self._clock.unix()
        resting = self._hosts.resting(now)
        user = self._cloud.user_id()
        found, waiting = [], []
        for server in self._cloud.waiting():
            busy = server.task_state is not None or server.id in resting
            if busy or not server.tolerance.preemptible:
                continue
            records = self._cloud.actions(server.id)
            away = past.away(server, records, user, now)
            if away is None or self._leases.is_over(server, now):
                continue
            waiting.append(Guest(server, away))
            if self._waited(away, now):
                found.append(waiting[-1])
        self.waiting = tuple(waiting)
        return sorted(found, key=lambda guest: guest.away.since_unix_s)

    def _waited(self, away: past.Away, now: float) -> bool:
        """Say whether one that had to leave often was away for long enough."""
        wait_s = comeback.wait_s(away.times, self._settings.return_wait_s)
        left_s = away.since_unix_s + wait_s - now
        if left_s > 0 and wait_s > 0:
            self._again_in(left_s)
            return False
        return True

    def _has_room(self, server: nouns.Server) -> bool:
        """Say whether the host of one at rest lends it memory again.

        Placement goes on counting those at rest there; only those that run
        hold memory.
        """
        if self._hosts.need(server.host, self._clock.unix()) is not None:
            return False
        if not drains.takes_guests(self._cloud, server.host):
            return False
        provider = self._cloud.provider(server.node or server.host)
        if provider is None:
            return False
        lent_mib = provider.total_mib - provider.reserved_mib
        running_mib = sum(
            other.memory_mib
            for other in self._cloud.servers_of(server.host)
            # Another worker may be starting it.
            if other.holds_memory or other.task_state is not None
        )
        return running_mib + server.memory_mib <= lent_mib
