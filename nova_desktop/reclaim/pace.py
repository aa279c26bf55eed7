# SPDX-License-Identifier: Apache-2.0
"""A rate with a burst: how soon something may be done again."""


class Pace:
    """Allow ``burst`` at once, and ``per_s`` a second in the long run."""

    def __init__(self, burst: int, per_s: float, now_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Give the seconds until the next one may be done, 0 for now."""
        gained = (now_s - self._at_s) * self._per_s
        self._left = min(float(self._burst), self._left + gained)
        self._at_s = now_s
        return max(0.0, 1.0 - self._left) / self._per_s

    def took(self) -> None:
        """Count one that was done."""
        self._left -= 1.0
