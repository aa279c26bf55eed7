# SPDX-License-Identifier: Apache-2.0
"""Log what was refused, without letting anybody flood the log."""

import dataclasses
import threading
import time
from collections.abc import Callable

import oslo_messaging
from oslo_log import log as logging

from nova_desktop.messages import fields as check

LOG = logging.getLogger(__name__)

Refused = oslo_messaging.ExpectedException
"""Tells the sender of the error under way; the library logs any other error
of a method each time and at length."""

_FIRST_PAUSE_S = 60.0
_LONGEST_PAUSE_S = 3600.0
_MOST = 256
_OTHERS = 'others'


@dataclasses.dataclass
class _Entry:
    untold: int = 0
    pause_s: float = 0.0
    told_s: float = float('-inf')
    last_s: float = float('-inf')


class Refusals:
    """Tell the first of each sender and kind, then less and less often.

    The sender is whom the message claims to be from, which may be anything:
    the last of more than 256 of them share one entry.
    """

    def __init__(
        self, what: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._now = now
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], _Entry] = {}
        self.total = 0

    def note(self, sender: object, kind: str, why: object) -> None:
        """Count a refusal, and log it when it is time to."""
        now = self._now()
        with self._lock:
            self.total += 1
            entry = self._entry(self._shown(sender), kind, now)
            entry.last_s = now
            entry.untold += 1
            if now - entry.told_s < entry.pause_s:
                return
            count, entry.untold, entry.told_s = entry.untold, 0, now
            longer = max(_FIRST_PAUSE_S, 2 * entry.pause_s)
            entry.pause_s = min(longer, _LONGEST_PAUSE_S)
        more = f' ({count} of these since the last time)' if count > 1 else ''
        LOG.warning(
            '%s: %s in the name of %.100r is refused%s: %s',
            self._what,
            kind,
            sender,
            more,
            why,
        )

    @staticmethod
    def _shown(sender: object) -> str:
        return check.printable(sender[:100]) if isinstance(sender, str) else ''

    def _entry(self, sender: str, kind: str, now: float) -> _Entry:
        if (sender, kind) not in self._entries and len(self._entries) >= _MOST:
            quiet = now - _LONGEST_PAUSE_S
            self._entries = {
                key: entry
                for key, entry in self._entries.items()
                if entry.last_s > quiet
            }
            if len(self._entries) >= _MOST:
                sender = _OTHERS
        return self._entries.setdefault((sender, kind), _Entry())
