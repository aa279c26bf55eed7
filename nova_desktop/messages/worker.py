# SPDX-License-Identifier: Apache-2.0
"""What a worker of the reclaim service asks the others, and is told."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from nova_desktop.messages import fields as check

MAX_ROWS = 500
LISTS = ('checks', 'needs', 'victims', 'resting', 'waiting')
"""How it is with what it reaches, what hosts want back, the servers on their
way out, those left alone for a while, and those that wait to come back."""

_NAME = re.compile('[a-z_]{1,32}')
_MAX_CELLS = 16

Row = Mapping[str, str | float | bool | None]


@dataclasses.dataclass(frozen=True, slots=True)
class WorkersAsked:
    """A worker asks all others what they have under way."""

    worker: str
    question: str

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'WorkersAsked':
        """Check and take a message; raise BadMessage naming the field."""
        return cls(
            check.text(fields, 'worker'), check.text(fields, 'question')
        )


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerTold:
    """What a worker has under way; ``omitted`` counts rows too many."""

    worker: str
    question: str
    since: str
    lists: Mapping[str, tuple[Row, ...]]
    omitted: int = 0

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        wire = {name: list(rows) for name, rows in self.lists.items()}
        return {**dataclasses.asdict(self), 'lists': wire}

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'WorkerTold':
        """Check and take a message; raise BadMessage naming the field."""
        lists = check.mapping(fields.get('lists'), 'lists')
        return cls(
            worker=check.text(fields, 'worker'),
            question=check.text(fields, 'question'),
            since=check.text(fields, 'since'),
            lists={name: _rows(lists.get(name), name) for name in LISTS},
            omitted=int(check.number(fields, 'omitted')),
        )


def _rows(value: Any, name: str) -> tuple[Row, ...]:
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise check.bad(name, value, f'must be at most {MAX_ROWS} rows')
    return tuple(_row(check.mapping(each, name), name) for each in value)


def _row(given: Mapping[str, Any], name: str) -> Row:
    if len(given) > _MAX_CELLS:
        raise check.bad(name, given, f'must have at most {_MAX_CELLS} cells')
    return {key: _cell(given, key) for key in given}


def _cell(given: Mapping[str, Any], key: str) -> str | float | bool | None:
    if not isinstance(key, str) or not _NAME.fullmatch(key):
        raise check.bad('cell', key, f'must be named {_NAME.pattern}')
    value = given[key]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return check.text_or_empty(given, key)
    return check.number(given, key)
