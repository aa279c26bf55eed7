# SPDX-License-Identifier: Apache-2.0
"""One request of a host at a time, and of those that wait only the latest.

A request says how its host is now, so what the host has said since counts
instead. Whoever is overtaken is answered at once: hosts repeat what they need.
"""

import dataclasses
import threading
from collections.abc import Callable

from nova_desktop import messages

Holds = Callable[[], bool]
"""Says whether the host has not taken its request back."""

Act = Callable[[messages.ReclaimRequest, Holds], object]


@dataclasses.dataclass(eq=False)
class _Turn:
    request: messages.ReclaimRequest
    begins: threading.Event = dataclasses.field(
        default_factory=threading.Event
    )
    overtaken: bool = False
    withdrawn: bool = False

    def said_after(self, said_unix_s: float) -> bool:
        """Say whether it was; what bears no time is of this moment."""
        own = self.request.said_unix_s
        return not own or own > said_unix_s

    def overtake(self) -> None:
        """Let the caller of one that waits go without an act."""
        self.overtaken = True
        self.begins.set()


@dataclasses.dataclass
class _Line:
    """The request that is worked on, and the one that waits."""

    now: _Turn
    waits: _Turn | None = None


class Turns:
    """Take requests, from any thread; at most two of a host are here."""

    def __init__(
        self, act: Act, latest: Callable[[messages.ReclaimRequest], bool]
    ) -> None:
        """``latest`` says whether a host's last word is that request."""
        self._act = act
        self._latest = latest
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def take(self, request: messages.ReclaimRequest) -> None:
        """Act on a request in its turn, unless its host says another first.

        Raises what the act raises.
        """
        turn = _Turn(request)
        if self._overtaken_at_once(turn):
            return
        turn.begins.wait()
        if turn.overtaken:
            return
        try:
            # While it acts only a withdrawal counts: a host that says one
            # thing after another would never be served.
            if self._latest(request):
                self._act(request, lambda: not turn.withdrawn)
        finally:
            self._next(request.host)

    def _overtaken_at_once(self, turn: _Turn) -> bool:
        with self._lock:
            line = self._lines.get(turn.request.host)
            if line is None:
                self._lines[turn.request.host] = _Line(turn)
                turn.begins.set()
                return False
            last = line.waits or line.now
            if not turn.said_after(last.request.said_unix_s):
                return True
            if line.waits is not None:
                line.waits.overtake()
            line.waits = turn
            return False

    def _next(self, host: str) -> None:
        with self._lock:
            line = self._lines[host]
            if line.waits is None:
                del self._lines[host]
                return
            line.now, line.waits = line.waits, None
            line.now.begins.set()

    def withdraw(self, message: messages.CapacityReturned) -> None:
        """Act no more on what a host asked for before it took that back."""
        with self._lock:
            line = self._lines.get(message.host)
            if line is None:
                return
            said = message.said_unix_s
            if line.waits and not (said and line.waits.said_after(said)):
                line.waits.overtake()
                line.waits = None
            if not (said and line.now.said_after(said)):
                line.now.withdrawn = True
