# SPDX-License-Identifier: Apache-2.0
"""What happened to a server and who did it, by time: pure.

From Nova's instance actions, which last, and from the decisions that the
reclaim service remembers, which are gone once it is started again.
"""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from typing import Any

SERVICE = 'desktop service'


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One line: ``at`` is in UTC, ``user`` Nova's id of who asked, if any."""

    at: str
    who: str
    what: str
    why: str = ''
    user: str = ''
    failed: bool = False

    @property
    def ours(self) -> bool:
        """Say whether the service asked for it."""
        return self.who == SERVICE

    def shown(self) -> dict[str, str]:
        """Give the line's parts."""
        ended = ' (failed)' if self.failed else ''
        return {
            'at': self.at,
            'who': self.who,
            'what': f'{self.what}{ended}',
            'why': self.why,
        }


def line(text: object, most: int = 300) -> str:
    """Give what others wrote so that it does no harm on a terminal."""
    shown = ''.join(c if c.isprintable() else ' ' for c in str(text))
    return shown[:most]


def time_of(text: object) -> str:
    """Give one of Nova's times, which are in UTC and do not say so."""
    try:
        when = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return line(text, 40)
    return when.strftime('%Y-%m-%dT%H:%M:%SZ')


def _action(action: Mapping[str, Any], service_user: str | None) -> Event:
    user = line(action.get('user_id') or '')
    ours = bool(service_user) and user == service_user
    return Event(
        at=time_of(action.get('start_time')),
        who=SERVICE if ours else f'user {user}',
        what=line(action.get('action')),
        user=user,
        failed=bool(action.get('message')),
    )


def _record(record: Mapping[str, Any]) -> Event:
    words = [record.get('text'), record.get('detail'), record.get('host')]
    return Event(
        at=time_of(record.get('at')),
        who=SERVICE,
        what=line(record.get('what')),
        why='; '.join(line(word) for word in words if word),
    )


def actions_of(
    actions: Iterable[Mapping[str, Any]], service_user: str | None
) -> list[Event]:
    """Give what was asked of Nova, the oldest first."""
    made = [_action(action, service_user) for action in actions]
    # Nova gives the newest first, and times here are whole seconds.
    made.reverse()
    return sorted(made, key=lambda event: event.at)


def merged(
    actions: Iterable[Event], records: Iterable[Mapping[str, Any]]
) -> list[Event]:
    """Give actions and decisions in one line, the oldest first."""
    decided = [_record(record) for record in records]
    return sorted([*decided, *actions], key=lambda event: event.at)
