# SPDX-License-Identifier: Apache-2.0
"""How much of their share guests keep beside an owner who has to wait.

A cap is a guess at what an owner does not feel. Here the guess meets what he
does feel: the time in which tasks outside of the guests' slice wait. That of
the guests is not in it, or starving them would look like his suffering.
"""

import dataclasses

from nova_desktop import model


@dataclasses.dataclass(frozen=True, slots=True)
class ComfortLimits:
    """When the owner is not at ease, and what follows.

    ``cpu_pressure`` and ``io_pressure`` are the shares (0 to 1) of time in
    which his tasks may wait; ease returns below half of that. ``floor`` is
    the part of their share that guests keep, ``step`` what is given back
    each ``step_s`` seconds.
    """

    cpu_pressure: float = 0.05
    io_pressure: float = 0.1
    floor: float = 0.25
    step: float = 0.25
    step_s: float = 10.0


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """The part (0 to 1) that guests keep, and since when (monotonic)."""

    part: float = 1.0
    since_s: float = 0.0


FULL = Pace()


@dataclasses.dataclass(frozen=True, slots=True)
class Comfort:
    """The pace of the CPUs and that of the disks."""

    cpu: Pace = FULL
    disk: Pace = FULL

    @property
    def reason(self) -> str:
        """Word it without a figure, which would change at each look."""
        waits = {'a CPU': self.cpu, 'a disk': self.disk}
        found = [what for what, pace in waits.items() if pace.part < 1]
        if not found:
            return ''
        return f'the owner has waited for {" and ".join(found)}'

    def recheck_s(self, limits: ComfortLimits) -> float | None:
        """Give the monotonic moment of the next step, None at ease."""
        slow = [pace for pace in (self.cpu, self.disk) if pace.part < 1]
        return min(
            (pace.since_s + limits.step_s for pace in slow), default=None
        )


AT_EASE = Comfort()


def follow(
    before: Comfort,
    load: model.LoadFacts | None,
    beside_owner: bool,
    limits: ComfortLimits,
    now_s: float,
) -> Comfort:
    """Tighten in one step as soon as the owner waits, and ease slowly.

    With nobody there guests get what the cap says. What is not known changes
    nothing: the cap beside an owner holds without it.
    """
    if not beside_owner:
        return AT_EASE
    facts = load or model.LoadFacts()
    return Comfort(
        _pace(before.cpu, facts.cpu_pressure, limits.cpu_pressure,
              limits, now_s),
        _pace(before.disk, facts.io_pressure, limits.io_pressure,
              limits, now_s),
    )  # fmt: skip


def _pace(
    before: Pace,
    waited: float | None,
    most: float,
    limits: ComfortLimits,
    now_s: float,
) -> Pace:
    if waited is None:
        return before
    if waited > most:
        return Pace(limits.floor, now_s)
    held = now_s < before.since_s + limits.step_s
    if before.part >= 1 or held or waited > most / 2:
        return before
    return Pace(min(1.0, before.part + limits.step), now_s)
