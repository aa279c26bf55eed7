# SPDX-License-Identifier: Apache-2.0
"""Which servers are left alone for a while, because something failed."""

import dataclasses

from nova_desktop.policy import comeback

_KEEP_S = 86400.0


@dataclasses.dataclass(frozen=True, slots=True)
class Rest:
    """A pause after a number of failures, until a unix time."""

    times: int
    until: float
    no_room: bool


class Rests:
    """A back-off per server and host; for one thread at a time.

    What failed on one host says nothing of another. The empty host is for
    servers that could not be brought back.
    """

    def __init__(self, first_s: float) -> None:
        self._first_s = first_s
        self._rests: dict[tuple[str, str], Rest] = {}

    def failed(
        self, server_id: str, now: float, host: str, no_room: bool
    ) -> float:
        """Leave a server alone on a host; give how long in seconds."""
        known = self._rests.get((server_id, host))
        times = known.times if known else 0
        pause = comeback.doubled(self._first_s, times)
        rest = Rest(times + 1, now + pause, no_room)
        self._rests[server_id, host] = rest
        return pause

    def forget(self, server_id: str) -> None:
        """Forget a server's failures."""
        for key in [key for key in self._rests if key[0] == server_id]:
            del self._rests[key]

    def room_again(self) -> None:
        """Let those try again that no host had taken."""
        for key in [key for key, rest in self._rests.items() if rest.no_room]:
            del self._rests[key]

    def all(self, now: float) -> dict[tuple[str, str], Rest]:
        """Give the pauses that go on, by server and host."""
        return {k: rest for k, rest in self._rests.items() if rest.until > now}

    def resting(self, now: float, host: str) -> set[str]:
        """Give the servers to leave alone; forget failures of long ago."""
        self._rests = {
            key: rest
            for key, rest in self._rests.items()
            if rest.until > now - _KEEP_S
        }
        return {
            server_id
            for (server_id, where), rest in self._rests.items()
            if where == host and rest.until > now
        }
