# SPDX-License-Identifier: Apache-2.0
"""The loop's own hold on the guests' slice."""

from collections.abc import Callable

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.mechanism import base

LOG = logging.getLogger(__name__)


class Grip:
    """Holds the slice to a target, and knows whether it does.

    ``in_force`` is None while it is not known to hold, ``problem`` says why
    it does not. ``on_override`` is called with what was found and what was
    in force when somebody else has changed it.
    """

    def __init__(
        self,
        guests: base.Mechanism[model.SliceTarget],
        on_override: Callable[[model.SliceTarget, model.SliceTarget], None],
    ) -> None:
        self.in_force: model.SliceTarget | None = None
        self.problem = ''
        self._guests = guests
        self._on_override = on_override

    def found(self) -> model.SliceTarget:
        """Read what is in force before anything was applied."""
        try:
            return self._guests.current()
        except exception.DesktopError as problem:
            LOG.warning('What was in force before is not known: %s', problem)
            return model.SliceTarget(cpus=None)

    def hold(self, target: model.SliceTarget) -> None:
        """Apply a target that is not in force."""
        if target == self.in_force:
            return
        try:
            self._guests.apply(target)
        except exception.DesktopError as problem:
            self._lose(str(problem))
        else:
            self.in_force, self.problem = target, ''

    def compare(self) -> None:
        """Forget what is in force if somebody else has changed it."""
        if self.in_force is None:
            return
        try:
            found = self._guests.current()
        except exception.DesktopError as problem:
            self._lose(str(problem))
            return
        if found != self.in_force:
            self._on_override(found, self.in_force)
            self.in_force = None

    def release(self) -> None:
        """Let go; the limit stays."""
        try:
            self._guests.release()
        except exception.DesktopError as problem:
            LOG.error('The slice keeps the limit it has: %s', problem)

    def _lose(self, problem: str) -> None:
        self.in_force, self.problem = None, problem
