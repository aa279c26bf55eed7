# SPDX-License-Identifier: Apache-2.0
"""What the helpers inside the logins said, and which of it is believed."""

import dataclasses

from nova_desktop import exception, model

HEARTBEAT_S = 10.0
"""How often a helper reports even if nothing changed."""

STALE_HEARTBEATS = 3
_MOST_OF_A_USER = 8
_MOST = 256
# A helper counts an input for a second at least, so an honest one is slower.
_FASTEST_CHANGE_S = 0.5
_MOST_A_SECOND = 20


class TooMany(exception.DesktopError):
    """More was reported, or by more helpers, than any login has."""


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """One report.

    ``active``: input now; ``inhibited``: the session is kept from idling;
    ``idle_ms``: how long ago the last input was.
    """

    active: bool
    inhibited: bool
    idle_ms: int
    backend: str

    @property
    def rank(self) -> int:
        """Tell how present it makes the owner."""
        return 2 if self.active else int(self.inhibited)


@dataclasses.dataclass(slots=True)
class _Record:
    """One helper: ``lost`` is why it is no longer believed."""

    uid: int
    said: Said
    seen_s: float
    changed_s: float
    second_s: float
    reports: int = 1
    lost: str = ''


Key = tuple[str, str]
"""A session's id, and the unique bus name of a helper in it."""


class Book:
    """All helpers, by session and sender; every number in it is bounded."""

    def __init__(self, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._stale_s = STALE_HEARTBEATS * heartbeat_s
        self._records: dict[Key, _Record] = {}
        self._last_active_s: float | None = None

    def knows(self, key: Key) -> bool:
        """Say whether this helper was let in, and not lost since."""
        record = self._records.get(key)
        return record is not None and not record.lost

    def helpers(self) -> list[tuple[Key, int]]:
        """Give every helper with its user's id, the lost ones too."""
        return [(key, each.uid) for key, each in self._records.items()]

    def let_in(self, key: Key, uid: int, said: Said, now_s: float) -> None:
        """Take the first report of a helper; raise TooMany.

        It speaks for its session from now on, in the place of any that was
        lost there.
        """
        others = [
            each
            for other, each in self._records.items()
            if each.uid == uid and not (other[0] == key[0] and each.lost)
        ]
        if len(others) >= _MOST_OF_A_USER or len(self._records) >= _MOST:
            raise TooMany(
                f'{len(others)} helpers of user {uid} report already; at '
                f'most {_MOST_OF_A_USER} may, and {_MOST} in all'
            )
        for other, _ in self.helpers():
            if other[0] == key[0] and self._records[other].lost:
                del self._records[other]
        self._records[key] = _Record(uid, said, now_s, now_s, now_s)
        self._note(said, now_s)

    def take(self, key: Key, said: Said, now_s: float) -> bool:
        """Take a later report; say whether it changes anything.

        Raises TooMany for one that comes too fast, unless it says that the
        owner is there.
        """
        record = self._records[key]
        self._count(record, now_s)
        fewer = said.rank < record.said.rank
        if fewer and now_s < record.changed_s + _FASTEST_CHANGE_S:
            raise TooMany(f'a change within {_FASTEST_CHANGE_S} s')
        changed = said.rank != record.said.rank
        # What was stale is believed again.
        changed |= now_s > record.seen_s + self._stale_s
        self._note(said, now_s)
        record.said, record.seen_s = said, now_s
        if changed:
            record.changed_s = now_s
        return changed

    def lose(self, sender: str, why: str, now_s: float) -> bool:
        """Believe a helper that vanished no more; say whether one did."""
        lost = False
        for (_, name), record in self._records.items():
            if name == sender and not record.lost:
                self._note(record.said, now_s)
                record.lost, lost = why, True
        return lost

    def forget(self, key: Key, now_s: float) -> bool:
        """Forget a helper that ended on purpose; say whether it was known."""
        record = self._records.pop(key, None)
        if record is not None:
            self._note(record.said, now_s)
        return record is not None

    def end_session(self, session_id: str, now_s: float) -> bool:
        """Forget a session that ended; say whether it was known."""
        mine = [key for key in self._records if key[0] == session_id]
        for key in mine:
            self.forget(key, now_s)
        return bool(mine)

    def facts(self, now_s: float) -> model.HelperFacts:
        """Put together what is believed; the most present wins."""
        believed = {
            key: record
            for key, record in self._records.items()
            if not self._doubt(record, now_s)
        }
        said = [record.said for record in believed.values()]
        active = any(each.active for each in said)
        return model.HelperFacts(
            last_active_s=now_s if active else self._last_active_s,
            active=active,
            inhibited=any(each.inhibited for each in said),
            sessions=len({session_id for session_id, _ in believed}),
        )

    def health(self, now_s: float) -> model.Health:
        """Say whether every session that has a helper is still heard."""
        heard: set[str] = set()
        doubts: dict[str, str] = {}
        for (session_id, _), record in self._records.items():
            doubt = self._doubt(record, now_s)
            if doubt:
                doubts[session_id] = doubt
            else:
                heard.add(session_id)
        for session_id, doubt in doubts.items():
            if session_id not in heard:
                reason = f'the helper of session {session_id} {doubt}'
                return model.Health(False, reason)
        return model.Health(True)

    def _doubt(self, record: _Record, now_s: float) -> str:
        if record.lost:
            return record.lost
        if now_s > record.seen_s + self._stale_s:
            return f'is silent for {self._stale_s:g} s'
        return ''

    def _note(self, said: Said, now_s: float) -> None:
        """Remember the last input; it never moves back."""
        at_s = now_s if said.active else now_s - said.idle_ms / 1000
        if self._last_active_s is None or at_s > self._last_active_s:
            self._last_active_s = at_s

    def _count(self, record: _Record, now_s: float) -> None:
        if now_s >= record.second_s + 1:
            record.second_s, record.reports = now_s, 0
        record.reports += 1
        if record.reports > _MOST_A_SECOND:
            raise TooMany(f'more than {_MOST_A_SECOND} reports in a second')
