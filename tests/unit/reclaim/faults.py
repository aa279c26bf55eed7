# SPDX-License-Identifier: Apache-2.0
"""A cloud that fails, or whose caller is killed, at a chosen call."""

import dataclasses
from collections.abc import Callable

from nova_desktop.reclaim import nouns

CHANGES = ('act', 'nudge', 'set_metadata', 'delete_metadata')
"""Calls after which the cloud is another."""


class Killed(BaseException):
    """The worker is gone in the middle of a call, and nobody catches it."""


@dataclasses.dataclass(eq=False)
class Plan:
    """What is to happen at the ``skip``-th next call, of some or of all.

    ``fault`` is ``killed``, ``unheard`` (no answer), ``conflict`` or None;
    ``after`` says that the cloud has done what it was asked. ``meanwhile``
    is done first.
    """

    fault: str | None = None
    method: str = ''
    skip: int = 0
    after: bool = False
    meanwhile: Callable[[], None] = lambda: None


class Cloud:
    """Another cloud, with plans for some of its calls."""

    def __init__(self, cloud, clock) -> None:
        self._cloud = cloud
        self.clock = clock
        self.plans: list[Plan] = []
        self.unheard: list[tuple[str, tuple]] = []
        self.reached: list[tuple[str, tuple]] = []
        self.heard: Callable[[str, tuple], object] = lambda name, args: None

    def __getattr__(self, name: str):
        method = getattr(self._cloud, name)

        def call(*args):
            self.heard(name, args)
            plans = [plan for plan in self.plans if self._due(plan, name)]
            # What happens meanwhile may make calls too.
            self.plans = [plan for plan in self.plans if plan not in plans]
            for plan in plans:
                plan.meanwhile()
                if not plan.after:
                    if plan.fault == 'unheard':
                        self.unheard.append((name, args))
                    _fail(plan.fault, name)
            if name in CHANGES:
                self.reached.append((name, args))
            answer = method(*args)
            for plan in plans:
                if plan.after:
                    _fail(plan.fault, name)
            return answer

        return call

    @staticmethod
    def _due(plan: Plan, name: str) -> bool:
        if plan.method not in ('', name):
            return False
        plan.skip -= 1
        return plan.skip < 0


def _fail(fault: str | None, name: str) -> None:
    if fault == 'killed':
        raise Killed
    if fault == 'unheard':
        raise nouns.CloudUnreachable('no answer')
    # Nova has conflicts about what changes only.
    if fault == 'conflict' and name in CHANGES:
        raise nouns.CloudConflict('409')
