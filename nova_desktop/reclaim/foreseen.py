# SPDX-License-Identifier: Apache-2.0
"""What servers were told of what may come: in memory, by server.

A service that is started again has forgotten it. That costs nobody anything:
a guest whose early notice is forgotten gets its full one once more.
"""

import dataclasses
import threading

from nova_desktop import messages
from nova_desktop.reclaim import nouns


@dataclasses.dataclass(frozen=True, slots=True)
class Risk:
    """What a server was told.

    ``notice`` has an action where it is an early notice. ``until_unix_s`` is
    when the owner is expected, ``told_unix_s`` when the server was first
    told, ``ends_unix_s`` when all this ends by itself.
    """

    host: str
    notice: messages.Notice
    until_unix_s: float
    told_unix_s: float
    ends_unix_s: float


class Foreseen:
    """The risks in force; safe to use from any thread."""

    def __init__(self, clock: nouns.Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._risks: dict[str, Risk] = {}

    def put(self, risk: Risk) -> None:
        """Put a risk in force."""
        with self._lock:
            self._risks[risk.notice.server_id] = risk

    def get(self, server_id: str) -> Risk | None:
        """Give what is in force for a server."""
        with self._lock:
            risk = self._risks.get(server_id)
        if risk is None or risk.ends_unix_s <= self._clock.unix():
            return None
        return risk

    def early(self, server_id: str) -> float | None:
        """Give the deadline of the early notice in force for a server."""
        risk = self.get(server_id)
        if risk is None or not risk.notice.action:
            return None
        return risk.notice.deadline_unix_s

    def drop(self, server_id: str) -> Risk | None:
        """End a server's; give what it was."""
        with self._lock:
            return self._risks.pop(server_id, None)

    def keep_only(self, host: str, server_ids: set[str]) -> None:
        """Forget servers that left a host, and whatever has ended."""
        now = self._clock.unix()
        with self._lock:
            self._risks = {
                server_id: risk
                for server_id, risk in self._risks.items()
                if risk.ends_unix_s > now
                and (risk.host != host or server_id in server_ids)
            }
