# SPDX-License-Identifier: Apache-2.0
"""Some of the workstations, driven by the threads of one process."""

import random
import time
from collections.abc import Sequence

from benchmarks import monday_desks
from benchmarks.monday_desks import Desk
from benchmarks.monday_hosts import Host
from benchmarks.monday_morning import PERIOD_S, Morning, push
from benchmarks.monday_phase import Phase, Told
from benchmarks.monday_plan import Plan
from benchmarks.monday_site import Site

_VERSION = '1.26'


class Crowd:
    """Hosts that push, and after them those that have a tracker alone."""

    def __init__(
        self, url: str, desks: Sequence[Desk], plan: Plan, seed: int
    ) -> None:
        self._plan = plan
        self._rng = random.Random(seed)  # noqa: S311
        self._site = Site(url)
        self._hosts = [Host(self._site, desk) for desk in desks]
        count = len(desks) - plan.stock
        self._pushing, self._stock = self._hosts[:count], self._hosts[count:]
        tracked = round(count * plan.tracked_percent / 100)
        self._tracked = self._hosts[count - tracked :]
        for host in self._tracked:
            host.track(self._rng)

    def paced(self, begin_s: float) -> Told:
        """Have the owners come back one by one, among Nova's other work."""
        phase, plan = Phase(self._plan.threads), self._plan
        morning = Morning(phase, plan, self._rng, self._site.scheduling)
        for hosts, task, within_s in (
            (self._pushing, morning.back, plan.seconds),
            (self._stock, morning.back_unheard, plan.seconds),
            (self._tracked, morning.track, PERIOD_S),
        ):
            for host in hosts:
                due_s = begin_s + self._rng.uniform(0, within_s)
                phase.at(due_s, task, host, due_s)
        if plan.claims_per_s:
            phase.at(begin_s, morning.claim, self._pushing, begin_s)
        return self._end(phase, self._hosts, begin_s + plan.seconds)

    def flat_out(self, begin_s: float) -> Told:
        """Have all owners leave at one moment, and all hosts push it."""
        phase = Phase(self._plan.threads)

        def leave(host: Host) -> None:
            host.cap = host.desk.away()
            host.pusher.cap_heard()
            push(phase, host, time.monotonic())

        for host in self._pushing:
            phase.at(begin_s, leave, host)
        return self._end(phase, self._pushing, begin_s)

    def check(self, begin_s: float) -> Told:
        """Compare all that Placement holds with the last cap of each host."""
        phase = Phase(self._plan.threads)

        def look(host: Host) -> None:
            url = f'/resource_providers/{host.desk.uuid}/inventories'
            answer = self._site.checking.get(url, version=_VERSION)
            held = answer.json().get('inventories')
            wanted = monday_desks.told(host.desk, host.cap)
            phase.looked(None if held == wanted else host.desk.name)

        for host in self._hosts:
            phase.at(begin_s, look, host)
        return self._end(phase, self._hosts, begin_s)

    def _end(
        self, phase: Phase, hosts: Sequence[Host], until_s: float
    ) -> Told:
        told = phase.run(len(hosts), until_s)
        told.tally.update(self._site.tally)
        self._site.tally.clear()
        return told
