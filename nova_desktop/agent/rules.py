# SPDX-License-Identifier: Apache-2.0
"""What holds beside presence: the owner's say, the schedule, surroundings."""

import math
from collections.abc import Callable

from nova_desktop import model
from nova_desktop.policy import schedule, surroundings

# A wall clock that drifts moves no window; one that was set does.
_CLOCK_SET_S = 1.0


class Rules:
    """Join every rule to the one that the judge is given.

    ``said`` gives the owner's say for a monotonic moment; ``wall`` gives unix
    seconds. His own lending overrules the schedule, which is his or his
    operator's plan for when he says nothing; it does not make a battery full.
    """

    def __init__(
        self,
        said: Callable[[float], model.Rules],
        planned: schedule.Schedule,
        around: surroundings.SurroundingsLimits,
        wall: Callable[[], float],
    ) -> None:
        self._said = said
        self._around = around
        self._calendar = Calendar(planned, wall)

    def __call__(self, facts: model.Facts) -> model.Rules:
        """Give what holds at the moment of the facts."""
        said = self._said(facts.now_s)
        bounds = [*said.bounds, *surroundings.bounds(facts, self._around)]
        moments_s = [said.recheck_s, *(bound.end_s for bound in bounds)]
        if not said.lend:
            planned, change_s = self._calendar.at(facts.now_s)
            bounds += planned
            moments_s.append(change_s)
        due_s = [at_s for at_s in moments_s if at_s is not None]
        return model.Rules(
            bounds=tuple(bounds),
            lend=said.lend,
            recheck_s=min(due_s, default=None),
        )


class Calendar:
    """The schedule's bounds, looked up once for as long as they hold.

    Time zones and holidays cost more than an event of the owner may wait.
    """

    def __init__(
        self, planned: schedule.Schedule, wall: Callable[[], float]
    ) -> None:
        self._schedule = planned
        self._wall = wall
        self._bounds: tuple[model.Bound, ...] = ()
        self._change_s: float | None = None
        self._read_s = math.inf
        self._offset_s = 0.0

    def at(self, now_s: float) -> tuple[tuple[model.Bound, ...], float | None]:
        """Give the bounds, and the monotonic moment when they change."""
        offset_s = self._wall() - now_s
        if self._stale(now_s, offset_s):
            unix_s = now_s + offset_s
            self._bounds = schedule.bounds(self._schedule, unix_s, now_s)
            self._change_s = schedule.recheck_s(self._schedule, unix_s, now_s)
            self._read_s, self._offset_s = now_s, offset_s
        return self._bounds, self._change_s

    def _stale(self, now_s: float, offset_s: float) -> bool:
        if now_s < self._read_s:
            return True
        if abs(offset_s - self._offset_s) > _CLOCK_SET_S:
            return True
        return self._change_s is not None and now_s >= self._change_s
