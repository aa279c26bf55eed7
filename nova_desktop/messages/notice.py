# SPDX-License-Identifier: Apache-2.0
"""What a guest is told of its stay, and what its host foresees of it."""

import dataclasses
import enum
import math
from collections.abc import Mapping
from typing import Any

from nova_desktop.messages import fields as check

# A host that is not heard again forgets no guest for longer than this.
_MAX_VALID_S = 3600


class Event(enum.StrEnum):
    """What a notice says: perhaps soon, by its deadline, or not at all."""

    AT_RISK = 'at-risk'
    NOTICE = 'notice'
    WITHDRAWN = 'withdrawn'


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """What a guest is told before it is evicted.

    ``deadline_unix_s`` is when its grace ends; an empty ``action`` withdraws
    the notice. ``odds`` (0 to 1) is how likely it is where that is only
    foreseen: with an action an early notice, without one nothing but a
    warning, whose ``deadline_unix_s`` is when the owner is expected.
    """

    server_id: str
    action: str
    deadline_unix_s: float
    reason: str
    odds: float = 0.0

    @property
    def event(self) -> Event:
        """Give what it says."""
        if self.action:
            return Event.NOTICE
        return Event.AT_RISK if self.odds else Event.WITHDRAWN

    @property
    def deadline(self) -> int:
        """Give it as people and guests are told: never a moment too early."""
        return math.ceil(self.deadline_unix_s)

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    def to_guest(self) -> dict[str, Any]:
        """Give what guests read in their file."""
        return {
            **self.to_wire(),
            'event': self.event.value,
            'deadline': self.deadline,
        }

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'Notice':
        """Check and take a message; raise BadMessage naming the field.

        A service of version 1.0 knows nothing of odds.
        """
        odds = check.number(fields, 'odds', 1) if 'odds' in fields else 0.0
        return cls(
            server_id=check.server_id(fields, 'server_id'),
            action=check.text_or_empty(fields, 'action'),
            deadline_unix_s=check.number(fields, 'deadline_unix_s'),
            reason=check.text(fields, 'reason'),
            odds=odds,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class AtRisk:
    """A host expects its owner back, said again while that holds.

    ``odds`` (0 to 1) is how likely, by ``until_unix_s``; 0 withdraws it.
    ``within_s`` is how soon guests would have to go then. It holds for
    ``valid_s`` unless it is said again. ``heard_unix_s`` is filled in by the
    worker that the host told, for the others.
    """

    host: str
    odds: float
    until_unix_s: float
    within_s: float
    valid_s: float
    reason: str
    heard_unix_s: float = 0.0

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'AtRisk':
        """Check and take a message; raise BadMessage naming the field."""
        return cls(
            host=check.text(fields, 'host'),
            odds=check.number(fields, 'odds', 1),
            until_unix_s=check.number(fields, 'until_unix_s'),
            within_s=check.number(fields, 'within_s'),
            valid_s=check.number(fields, 'valid_s', _MAX_VALID_S),
            reason=check.text(fields, 'reason'),
            heard_unix_s=check.number(fields, 'heard_unix_s'),
        )
