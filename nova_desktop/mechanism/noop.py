# SPDX-License-Identifier: Apache-2.0
"""Do nothing: for a dry run and for tests."""

from typing import Generic

from nova_desktop import model
from nova_desktop.mechanism import base

UNLIMITED = model.SliceTarget(cpus=None, idle=False)


class Noop(Generic[base.TargetT]):
    """Remember the targets of a mechanism and change nothing.

    ``neutral`` is what is in force before there was any.
    """

    def __init__(self, neutral: base.TargetT) -> None:
        self._neutral = neutral
        self.applied: list[base.TargetT] = []

    def apply(self, target: base.TargetT) -> None:
        """Remember the target."""
        self.applied.append(target)

    def current(self) -> base.TargetT:
        """Give the target that was remembered last."""
        return self.applied[-1] if self.applied else self._neutral

    def release(self) -> None:
        """Leave everything as it is."""


class NoopSlice(Noop[model.SliceTarget]):
    """Remember the targets of the guests' slice and change nothing."""

    def __init__(self) -> None:
        super().__init__(UNLIMITED)
