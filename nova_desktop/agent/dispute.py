# SPDX-License-Identifier: Apache-2.0
"""Somebody else keeps changing what the agent sets."""

_FIRST_QUIET_S = 1.0
_LONGEST_QUIET_S = 3600.0
_MANY = 5


class Dispute:
    """Says how loudly to tell that a value was changed by somebody else.

    Each telling is followed by a silence twice as long as the last, which
    shrinks back once nobody has meddled for as long.
    """

    def __init__(self) -> None:
        self._quiet_s = _FIRST_QUIET_S
        self._quiet_until_s = 0.0
        self._count = 0

    def is_worth_telling(self, now_s: float) -> bool:
        """Count one more time; say whether to tell of it."""
        if now_s > self._quiet_until_s + self._quiet_s:
            self._quiet_s, self._count = _FIRST_QUIET_S, 0
        self._count += 1
        if now_s < self._quiet_until_s:
            return False
        self._quiet_s = min(self._quiet_s * 2, _LONGEST_QUIET_S)
        self._quiet_until_s = now_s + self._quiet_s
        return True

    @property
    def is_a_fight(self) -> bool:
        """Say whether it happens again and again."""
        return self._count >= _MANY
