# SPDX-License-Identifier: Apache-2.0
"""What the agent remembers: its changes, and how long the owner was away."""

from typing import Any

from nova_desktop import model
from nova_desktop.agent import journal
from nova_desktop.forecasting import survival

ABSENCES = survival.KEEP


class Record:
    """The changes that ``explain`` answers from."""

    def __init__(self, entries: journal.Journal) -> None:
        self._journal = entries

    def add(self, change: model.Change) -> None:
        """Remember a change."""
        self._journal.add(
            [
                change.at_unix_s,
                change.what,
                change.before,
                change.after,
                change.why,
            ]
        )

    def last(self, count: int) -> list[model.Change]:
        """Give the last ``count`` changes, the newest last."""
        entries = [entry for entry in self._journal if _is_change(entry)]
        return [model.Change(*entry) for entry in entries[-count:] if count]


def _is_change(entry: list[Any]) -> bool:
    return (
        len(entry) == 5
        and isinstance(entry[0], int | float)
        and all(isinstance(text, str) for text in entry[1:])
    )


class Absences:
    """How long the owner was away, for the forecast."""

    def __init__(self, entries: journal.Journal) -> None:
        self._journal = entries
        self._now = model.Presence.UNKNOWN
        self._away_since_s: float | None = None
        self._seen_leaving = False

    def follow(
        self, before: model.Presence, after: model.Presence, unix_s: float
    ) -> None:
        """Take a change of presence.

        Only an absence whose begin and end were both seen is remembered: a
        restart or a failed source says nothing about the owner. Idle between
        two times away is a bumped desk, not a return.
        """
        self._now = after
        if after is model.Presence.IDLE:
            return
        begin_s = self._away_since_s
        if after is model.Presence.AWAY:
            if begin_s is None:
                self._away_since_s = unix_s
                self._seen_leaving = before is not model.Presence.UNKNOWN
            return
        self._away_since_s = None
        came_back = after is model.Presence.ACTIVE
        if begin_s is None or not (came_back and self._seen_leaving):
            return
        for absence in survival.remember((), begin_s, unix_s):
            self._journal.add(list(absence))

    def forecast(self, unix_s: float) -> dict[int, float]:
        """Estimate for each horizon that the owner stays away."""
        begin_s = self._away_since_s
        away_s = None
        if self._now is model.Presence.AWAY and begin_s is not None:
            away_s = unix_s - begin_s
        history = [
            (float(entry[0]), float(entry[1]))
            for entry in self._journal
            if _is_absence(entry)
        ]
        odds = survival.forecast(history, away_s)
        return {minutes: round(odd, 2) for minutes, odd in odds.items()}


def _is_absence(entry: list[Any]) -> bool:
    return len(entry) == 2 and all(
        isinstance(moment, int | float) for moment in entry
    )
