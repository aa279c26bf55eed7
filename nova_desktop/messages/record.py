# SPDX-License-Identifier: Apache-2.0
"""What a worker of the reclaim service tells the others it decided."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from nova_desktop.messages import fields as check


class What(enum.StrEnum):
    """A step in what the service does about a server."""

    CHOSEN = 'chosen'
    NOTICED = 'noticed'
    PASSED_OVER = 'passed-over'
    TRIES = 'tries'
    FELL_THROUGH = 'fell-through'
    LEFT = 'left'
    WITHDRAWN = 'withdrawn'
    STAYS = 'stays'
    RETURNED = 'returned'
    NOT_RETURNED = 'not-returned'


def _line(value: str) -> str:
    return check.printable(value)[: check.MAX_TEXT]


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One decision about one server.

    ``text`` is for its tenant too; ``host`` and ``detail``, Nova's own words
    for instance, are the operator's.
    """

    at_unix_s: float
    worker: str
    server_id: str
    what: What
    text: str
    host: str = ''
    detail: str = ''

    def __post_init__(self) -> None:
        for name in ('text', 'host', 'detail'):
            # Frozen, and what Nova says may be long.
            object.__setattr__(self, name, _line(getattr(self, name)))

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return {**dataclasses.asdict(self), 'what': self.what.value}

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'Entry':
        """Check and take a message; raise BadMessage naming the field."""
        known = {what.value: what for what in What}
        what = check.text(fields, 'what')
        if what not in known:
            raise check.bad('what', what, f'must be one of {", ".join(known)}')
        return cls(
            at_unix_s=check.number(fields, 'at_unix_s'),
            worker=check.text(fields, 'worker'),
            server_id=check.server_id(fields, 'server_id'),
            what=known[what],
            text=check.text(fields, 'text'),
            host=check.text_or_empty(fields, 'host'),
            detail=check.text_or_empty(fields, 'detail'),
        )
