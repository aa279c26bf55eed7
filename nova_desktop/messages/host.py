# SPDX-License-Identifier: Apache-2.0
"""What a workstation's nova-compute answers when it is asked."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from nova_desktop import model
from nova_desktop.messages import fields as check


def _presence(fields: Mapping[str, Any]) -> model.Presence:
    value = fields.get('presence')
    for presence in model.Presence:
        if value == presence.value:
            return presence
    allowed = ', '.join(model.Presence)
    raise check.bad('presence', value, f'must be one of {allowed}')


def _forecast(value: Any) -> dict[int, float]:
    known = {str(horizon): horizon for horizon in model.HORIZONS_MIN}
    fields = check.mapping(value, 'forecast')
    if not fields.keys() <= known.keys():
        allowed = f'must have no other key than {", ".join(known)}'
        raise check.bad('forecast', value, allowed)
    return {known[key]: check.number(fields, key, 1) for key in fields}


def _booted(fields: Mapping[str, Any]) -> float | None:
    # Hosts of the first release do not tell.
    if fields.get('booted_unix_s') is None:
        return None
    return check.number(fields, 'booted_unix_s')


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What a host told the cloud from some moment on.

    ``reason`` is in the words that tenants may read.
    """

    at_unix_s: float
    presence: model.Presence
    admit: bool
    cpus: float
    memory_mib: int
    reason: str

    def to_wire(self) -> dict[str, Any]:
        """Give the answer's fields."""
        return {**dataclasses.asdict(self), 'presence': self.presence.value}

    @classmethod
    def from_wire(cls, answer: Any) -> 'Told':
        """Check and take an answer; raise BadMessage naming the field."""
        fields = check.mapping(answer, 'told')
        return cls(
            at_unix_s=check.number(fields, 'at_unix_s'),
            presence=_presence(fields),
            admit=check.flag(fields, 'admit'),
            cpus=check.number(fields, 'cpus'),
            memory_mib=int(check.number(fields, 'memory_mib')),
            reason=check.text(fields, 'reason'),
        )


def told_of(answer: Any, limit: int) -> tuple[Told, ...]:
    """Check and take a host's history; raise BadMessage."""
    if not isinstance(answer, list) or len(answer) > limit:
        raise check.bad('history', answer, f'must be at most {limit} entries')
    return tuple(Told.from_wire(entry) for entry in answer)


@dataclasses.dataclass(frozen=True, slots=True)
class HostStatus:
    """What a host says of itself now.

    ``heard`` says whether its agent answers; ``forecast`` maps a horizon in
    minutes to the probability that the owner stays away that long;
    ``booted_unix_s`` is when it was switched on, ``None`` if not told.
    """

    heard: bool
    now: Told
    demand: bool
    reclaim_due: bool
    forecast: Mapping[int, float]
    booted_unix_s: float | None = None

    def to_wire(self) -> dict[str, Any]:
        """Give the answer's fields."""
        forecast = {str(key): value for key, value in self.forecast.items()}
        return {
            'heard': self.heard,
            'now': self.now.to_wire(),
            'demand': self.demand,
            'reclaim_due': self.reclaim_due,
            'forecast': forecast,
            'booted_unix_s': self.booted_unix_s,
        }

    @classmethod
    def from_wire(cls, answer: Any) -> 'HostStatus':
        """Check and take an answer; raise BadMessage naming the field."""
        fields = check.mapping(answer, 'status')
        return cls(
            heard=check.flag(fields, 'heard'),
            now=Told.from_wire(fields.get('now')),
            demand=check.flag(fields, 'demand'),
            reclaim_due=check.flag(fields, 'reclaim_due'),
            forecast=_forecast(fields.get('forecast')),
            booted_unix_s=_booted(fields),
        )
