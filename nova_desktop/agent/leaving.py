# SPDX-License-Identifier: Apache-2.0
"""Which guests are on their way out, or told so, and until when at most."""


class Leaving:
    """The guests for which the leaving share was asked, for one reason.

    Each has an end of its own, so that whoever asked and then died cannot
    take CPU from the owner for ever.
    """

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}

    def begin(self, server_id: str, until_s: float) -> None:
        """Count the guest until ``until_s`` or until it is done."""
        self._until_s[server_id] = until_s

    def end(self, server_id: str) -> None:
        """Count the guest no more; one that is not known is fine."""
        self._until_s.pop(server_id, None)

    def clear(self) -> None:
        """Count nobody."""
        self._until_s.clear()

    def now(self, now_s: float) -> frozenset[str]:
        """Give who is leaving at this moment."""
        for server_id, until_s in list(self._until_s.items()):
            if until_s <= now_s:
                del self._until_s[server_id]
        return frozenset(self._until_s)

    def next_end_s(self) -> float | None:
        """Give the moment at which the next one's time is over."""
        return min(self._until_s.values(), default=None)
