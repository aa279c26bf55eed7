# SPDX-License-Identifier: Apache-2.0
"""The parts of the service joined, without its bus and its HTTP servers."""

import dataclasses
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Protocol

from nova_desktop import messages
from nova_desktop.reclaim import awake, guest_ack, lost, notice, nouns
from nova_desktop.reclaim.agenda import Agenda
from nova_desktop.reclaim.aside import Aside
from nova_desktop.reclaim.bringing import Bringing
from nova_desktop.reclaim.drains import Drains
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.foreseen import Foreseen
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.lease import Reader
from nova_desktop.reclaim.lease_end import LeaseEnd
from nova_desktop.reclaim.lease_notice import LeaseNotices
from nova_desktop.reclaim.leases import Leases
from nova_desktop.reclaim.leaving import Leaving
from nova_desktop.reclaim.leftovers import Leftovers
from nova_desktop.reclaim.looks import Looks
from nova_desktop.reclaim.returning import Returning
from nova_desktop.reclaim.risks import Risks
from nova_desktop.reclaim.turns import Turns
from nova_desktop.reclaim.worker import Worker


class Guests(notice.Guests, guest_ack.Readers, awake.Asked, Protocol):
    """Speaks to hosts and their guests; messages.HostClient does."""


class Settings(nouns.Settings, lost.Settings, awake.Settings, Protocol):
    """The options of group reclaim that the parts need."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pools:
    """Threads: to act, to tell aside, to ask and tell guests, for leases."""

    actors: futures.Executor
    aside: futures.Executor
    askers: futures.Executor
    leases: futures.Executor
    tellers: futures.Executor


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """All that the parts act on, ask and tell."""

    cloud: nouns.Cloud
    guests: Guests
    emit: notice.Emit
    outward: notice.Outward
    pass_risk_on: Callable[[messages.AtRisk], object]
    latest: Callable[[messages.ReclaimRequest], bool]
    settings: Settings
    clock: nouns.Clock
    stop: threading.Event


class Parts:
    """One worker's parts; each knows only of those that it uses."""

    def __init__(self, world: World, journal: Journal, pools: Pools) -> None:
        self._world = world
        self._pools = pools
        self.journal = journal
        self.agenda = Agenda(world.clock, pools.actors, world.stop)
        self.table = notice.Table()
        self.foreseen = Foreseen(world.clock)
        self.hosts = Hosts(world.settings)
        self.herald = notice.Herald(
            world.cloud,
            world.guests,
            world.emit,
            self.table,
            world.settings,
            Aside(pools.tellers),
            Aside(pools.aside),
            self.foreseen,
            world.outward,
        )
        self.leases_read = Reader(world.cloud, world.settings)
        self._join_evictions()
        self._join_leases()
        self._join_watches()

    def _join_evictions(self) -> None:
        world = self._world
        often = (self.journal, world.settings, world.clock, world.stop)
        self.leaving = Leaving(world.cloud, *often)
        self.bringing = Bringing(world.cloud, self.hosts, self.herald, *often)
        self.eviction = Eviction(
            world.cloud,
            self.hosts,
            self.herald,
            guest_ack.GuestAcks(
                world.guests, world.settings, self._pools.askers
            ),
            self.leaving,
            self.bringing,
            *often,
        )
        self.worker = Worker(
            world.cloud,
            self.hosts,
            self.herald,
            self.journal,
            self.eviction,
            world.settings,
            world.clock,
            self.agenda,
        )
        self.turns = Turns(self.worker.reclaim, world.latest)

    def _join_leases(self) -> None:
        world = self._world
        self.lease_notices = LeaseNotices(
            world.cloud,
            self.hosts,
            self.herald,
            self.journal,
            world.settings,
            world.clock,
        )
        end = LeaseEnd(
            world.cloud,
            self.hosts,
            self.leases_read,
            self.leaving,
            self.eviction,
            self.journal,
            world.clock,
            world.stop,
        )
        self.leases = Leases(
            world.cloud,
            self.herald,
            self.leases_read,
            self.lease_notices,
            end,
            self.journal,
            world.settings,
            world.clock,
            world.stop,
            self._pools.leases,
        )

    def _join_watches(self) -> None:
        world = self._world
        often = (self.journal, world.settings, world.clock, world.stop)
        self.returning = Returning(
            world.cloud,
            self.hosts,
            self.bringing,
            self.leases_read,
            *often[1:],
        )
        self.leftovers = Leftovers(
            world.cloud, self.herald, world.settings, world.clock
        )
        woken = awake.Awake(world.cloud, world.guests, self.hosts, *often)
        self.lost = lost.Lost(world.cloud, self.hosts, *often)
        self.drains = Drains(
            world.cloud,
            self.hosts,
            self.worker.drain,
            self.returning.capacity_returned,
            world.clock,
        )
        self.looks = Looks(
            {'drained workstations': self.drains.scan},
            {
                'lost workstations': self.lost.scan,
                'servers of those that lost their power': woken.scan,
            },
            world.settings.lost_scan_s,
            world.clock,
            world.stop,
        )
        self.risks = Risks(
            world.cloud,
            self.hosts,
            self.herald,
            self.foreseen,
            self.journal,
            world.settings,
            world.clock,
            world.pass_risk_on,
        )
