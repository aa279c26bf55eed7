# SPDX-License-Identifier: Apache-2.0
"""How much the owner has needed the host lately: one coarse number.

A moving average with exponential weights over the time in which the owner
was here, or their tasks waited, of which more than one digit leaves the
host neither in value nor in time.
"""

import dataclasses
import math
from collections.abc import Callable

from nova_desktop import model

HALF_LIFE_S = 3600.0
"""After this long a time counts for half."""

STEPS = 10
"""The number is told in tenths: finer, it would be written each minute."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Level:
    at_s: float
    value: float
    needed: bool

    def at(self, now_s: float) -> float:
        kept = math.exp2(-max(0.0, now_s - self.at_s) / HALF_LIFE_S)
        return self.value * kept + self.needed * (1.0 - kept)


class Recent:
    """Follow the agent's word; ``note`` belongs to one thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._level: _Level | None = None

    def note(self, status: model.Status | None) -> None:
        """Take notice of a new word; a silent agent's owner is here."""
        needed = (
            status is None
            or status.presence.owner_may_be_here
            or status.demand
        )
        before, now_s = self._level, self._clock()
        value = float(needed) if before is None else before.at(now_s)
        # One assignment: the reader is on another thread.
        self._level = _Level(now_s, value, needed)

    def stats(self) -> dict[str, float]:
        """Give the scheduler's statistic: 0 never needed, 1 always."""
        level = self._level
        if level is None:
            return {}
        tenths = round(level.at(self._clock()) * STEPS)
        return {'desktop_demand': tenths / STEPS}
