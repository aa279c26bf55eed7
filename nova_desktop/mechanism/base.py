# SPDX-License-Identifier: Apache-2.0
"""The contract of everything that changes the host."""

from typing import Protocol, TypeVar, runtime_checkable

TargetT = TypeVar('TargetT')


class Mechanism(Protocol[TargetT]):
    """One rung of the ladder: it has no opinion, it applies a target.

    A new rung (pausing, ballooning) is one more class with these three
    methods and its own target in ``model``.
    """

    def apply(self, target: TargetT) -> None:
        """Hold the guests to ``target``; raise MechanismFailed if not held."""

    def current(self) -> TargetT:
        """Read back what is in force.

        Equal to the target of the last ``apply`` unless somebody else changed
        it since. Raises MechanismFailed when it cannot be read.
        """

    def release(self) -> None:
        """Give back what ``apply`` changed: for whoever takes the agent away.

        An agent that merely stops leaves what is in force.
        """


@runtime_checkable
class Interruptible(Protocol):
    """A mechanism whose ``apply`` may be in the middle of what is obsolete.

    Both are called from another thread.
    """

    def interrupt(self) -> None:
        """Have ``apply``, also the next one, end early by MechanismFailed."""

    def go_on(self) -> None:
        """Have the next ``apply`` run to its end."""


@runtime_checkable
class Unfinished(Protocol):
    """A mechanism whose release takes longer than the call."""

    @property
    def is_released(self) -> bool:
        """Say whether nothing is left to be given back by ``current``."""
