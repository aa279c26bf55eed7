# SPDX-License-Identifier: Apache-2.0
"""Do nothing: for a dry run and for tests."""

from nova_desktop import model

UNLIMITED = model.SliceTarget(cpus=None, idle=False)


class NoopSlice:
    """Remember the target of the guests' slice and change nothing."""

    def __init__(self) -> None:
        self.applied: list[model.SliceTarget] = []

    def apply(self, target: model.SliceTarget) -> None:
        """Remember the target."""
        self.applied.append(target)

    def current(self) -> model.SliceTarget:
        """Give the target that was remembered last."""
        return self.applied[-1] if self.applied else UNLIMITED

    def release(self) -> None:
        """Leave everything as it is."""
