# SPDX-License-Identifier: Apache-2.0
"""CPU for guests that give memory back to an owner who has little left.

To give is work of a guest's own. Beside an active owner it would take a
minute, and beside a busy one for ever.
"""

import dataclasses

from nova_desktop import model

REASON = 'guests give memory back, of which the owner has little left'


@dataclasses.dataclass(frozen=True, slots=True)
class GivingLimits:
    """Below which part (0 to 1) of the memory, and for how many seconds."""

    below: float = 0.15
    time_s: float = 15.0


@dataclasses.dataclass(frozen=True, slots=True)
class Giving:
    """Since when (monotonic) guests give, and whether they get CPU for it.

    They get it once for each time that the owner comes back.
    """

    since_s: float | None = None
    has_cpu: bool = False

    def recheck_s(self, limits: GivingLimits) -> float | None:
        """Give the monotonic moment of its end, None without one."""
        if self.since_s is None or not self.has_cpu:
            return None
        return self.since_s + limits.time_s


NOTHING = Giving()


def follow(
    before: Giving,
    verdict: model.Verdict,
    load: model.LoadFacts | None,
    whole_mib: int,
    limits: GivingLimits,
    now_s: float,
) -> Giving:
    """Say whether guests get CPU to give.

    Guests that are paused give nothing, and where it is not known what is
    left they are not in a hurry. Enough is left at double of ``below``.
    """
    cap = verdict.cap
    narrowed = verdict.yielding and cap.memory_mib < whole_mib
    if not narrowed or cap.cpus == 0:
        return NOTHING
    left = load.memory_available if load else None
    since_s = before.since_s
    if since_s is None:
        is_scarce = left is not None and left < limits.below
        return Giving(now_s, True) if is_scarce else NOTHING
    is_scarce = left is not None and left < 2 * limits.below
    return Giving(since_s, is_scarce and now_s < since_s + limits.time_s)
