# SPDX-License-Identifier: Apache-2.0
"""Owners who come back, and what else Nova asks of Placement meanwhile."""

import random
import time
from collections.abc import Sequence
from typing import Any

from nova import context as nova_context

from benchmarks import monday_desks
from benchmarks.monday_hosts import Host
from benchmarks.monday_phase import Phase
from benchmarks.monday_plan import Plan
from benchmarks.placement_tables import OWNER

PERIOD_S = 60.0
"""Nova's own default between two updates of a tracker."""
_VERSION = '1.36'


def push(phase: Phase, host: Host, since_s: float) -> None:
    """Do what the driver's worker does when woken, and when it is to wait."""
    wait_s = host.pusher.step()
    if wait_s is None:
        phase.wrote(phase.told.push_ms, since_s)
    else:
        phase.at(time.monotonic() + wait_s, push, phase, host, since_s)


class Morning:
    """The tasks of one phase; each gets the moment for which it was due."""

    def __init__(
        self, phase: Phase, plan: Plan, rng: random.Random, client: Any
    ) -> None:
        """Take the scheduler's and the computes' way to Placement."""
        self._phase = phase
        self._plan = plan
        self._rng = rng
        self._client = client

    def back(self, host: Host, due_s: float) -> None:
        """Have an owner back, and the driver tell it at once."""
        host.cap = host.desk.back()
        host.pusher.cap_heard()
        push(self._phase, host, due_s)
        for consumer in host.guests if self._plan.leave_s else ():
            gone_s = due_s + self._rng.uniform(0, self._plan.leave_s)
            self._phase.at(gone_s, self.leave, consumer)

    def back_unheard(self, host: Host, due_s: float) -> None:
        """Have an owner back of whom the next periodic update tells."""
        host.back_s = due_s
        host.cap = host.desk.back()

    def track(self, host: Host, due_s: float) -> None:
        """Do a tracker's update, and again after a period."""
        again_s = due_s + PERIOD_S
        self._phase.at(again_s, self.track, host, again_s)
        if host.periodic() and host.back_s is not None:
            self._phase.wrote(self._phase.told.stock_ms, host.back_s)
            host.back_s = None

    def leave(self, consumer: str) -> None:
        """Have a guest leave, as nova-compute does after it is gone."""
        self._client.delete_allocation_for_instance(
            nova_context.get_admin_context(), consumer, force=True
        )

    def claim(self, hosts: Sequence[Host], due_s: float) -> None:
        """Have the scheduler claim a host for a guest, and the next one."""
        again_s = due_s + self._rng.expovariate(self._plan.claims_per_s)
        self._phase.at(again_s, self.claim, hosts, again_s)
        host = self._rng.choice(hosts)
        if not host.cap.admit:
            return
        guest = monday_desks.guest(self._rng)
        uses = {host.desk.uuid: {'resources': guest.uses}}
        context = nova_context.get_admin_context()
        if self._client.claim_resources(
            context, guest.uuid, {'allocations': uses}, OWNER, OWNER, _VERSION
        ):
            host.guests.append(guest.uuid)
