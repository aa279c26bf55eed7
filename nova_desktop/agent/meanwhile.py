# SPDX-License-Identifier: Apache-2.0
"""When the slice is held to something else for a while."""

from nova_desktop import model

# QEMU needs CPU to pause its guest, and is given it for that long: where
# libvirt hangs the owner has to bear it for no longer.
_PAUSING_S = 0.5
# An owner of whom nothing is known for longer has the cap of one.
_INHERITED_S = 120.0

_NO_LIMIT = model.SliceTarget(cpus=None)


class Meanwhile:
    """Bends the target of the slice, for a bounded time each.

    A limit that was found at the start stays where it is the stricter one,
    until something is known of the owner: it was perhaps set for one who is
    here. And guests that are about to be paused get the CPU to do it.
    """

    def __init__(self) -> None:
        self._inherited = _NO_LIMIT
        self._inherited_until_s = 0.0
        self._pausing_since_s: float | None = None

    def inherit(self, found: model.SliceTarget, now_s: float) -> None:
        """Take the limit that was found at the start."""
        self._inherited = found
        self._inherited_until_s = now_s + _INHERITED_S
        if found.cpus is not None:
            # Whoever held them had its time to pause them: to give that
            # again would loosen what is in force.
            self._pausing_since_s = now_s - _PAUSING_S

    def inherited(
        self,
        verdict: model.Verdict,
        target: model.SliceTarget,
        now_s: float,
    ) -> model.SliceTarget:
        """Give the stricter of a target and of what was found."""
        unknown = verdict.presence.presence is model.Presence.UNKNOWN
        kept = unknown and verdict.yielding and now_s < self._inherited_until_s
        if not kept:
            self._inherited = _NO_LIMIT
        before = self._inherited.cpus
        if before is None or not target.idle:
            return target
        cpus = before if target.cpus is None else min(before, target.cpus)
        return model.SliceTarget(cpus)

    def is_pausing(self, everybody: bool, done: bool, now_s: float) -> bool:
        """Say whether guests still need CPU to be paused.

        ``everybody`` is whether all are to be, ``done`` whether they are.
        """
        if not everybody:
            self._pausing_since_s = None
            return False
        if self._pausing_since_s is None:
            self._pausing_since_s = now_s
        return not done and now_s < self._pausing_since_s + _PAUSING_S

    def end_s(self, now_s: float) -> float | None:
        """Give the moment at which guests must have been paused."""
        if self._pausing_since_s is None:
            return None
        end_s = self._pausing_since_s + _PAUSING_S
        return end_s if end_s > now_s else None
