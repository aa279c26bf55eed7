# SPDX-License-Identifier: Apache-2.0
"""Keep a flood of calls from taking the loop away from the owner."""

import collections
from collections.abc import Callable

import dbus_fast

from nova_desktop.agent import crowd

# A client of ours asks a few times at a change, and once a second.
_BURST = 50
_PER_S = 25.0
# Whoever comes with ever new connections is met by a bound for all.
_BURST_OF_ALL = 200
_PER_S_OF_ALL = 100.0
# Of these, what is there for those who ask little.
_KEPT = 100
_MOST_KNOWN = 256
# An answer costs as much as many calls that are left alone.
_REFUSALS = 2000
_REFUSALS_PER_S = 100.0


class _Allowance:
    """Messages that may still come, which grow with time up to a burst."""

    def __init__(self, burst: int, per_s: float, now_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._seen_s = now_s

    def take(self, now_s: float, keep: int = 0) -> bool:
        """Take one if more than ``keep`` are left."""
        grown = max(0.0, now_s - self._seen_s) * self._per_s
        self._left = min(self._left + grown, self._burst)
        self._seen_s = now_s
        if self._left < keep + 1:
            return False
        self._left -= 1
        return True

    def is_half_used(self) -> bool:
        return self._left < self._burst / 2


class Gate:
    """Lets so many calls of each sender pass, and of all together.

    The next are refused. Where there are still more they get no answer at
    all: the bus itself then stops a sender that waits for too many.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._of: collections.OrderedDict[str, _Allowance] = (
            collections.OrderedDict()
        )
        now_s = clock()
        self._all = _Allowance(_BURST_OF_ALL, _PER_S_OF_ALL, now_s)
        self._refusals = _Allowance(_REFUSALS, _REFUSALS_PER_S, now_s)

    def leaves_alone(self, message: dbus_fast.Message) -> bool:
        """Say whether to drop a message; raise LimitsExceeded to refuse it."""
        if message.message_type is not dbus_fast.MessageType.METHOD_CALL:
            return False
        now_s = self._clock()
        if self._passes(message.sender or '', now_s):
            return False
        silent = message.flags & dbus_fast.MessageFlag.NO_REPLY_EXPECTED
        if silent or not self._refusals.take(now_s):
            return True
        raise crowd.exceeded()

    def _passes(self, sender: str, now_s: float) -> bool:
        known = self._of.get(sender)
        if known is None:
            known = _Allowance(_BURST, _PER_S, now_s)
            self._of[sender] = known
            if len(self._of) > _MOST_KNOWN:
                self._of.popitem(last=False)
        if not known.take(now_s):
            return False
        return self._all.take(now_s, _KEPT if known.is_half_used() else 0)
