# SPDX-License-Identifier: Apache-2.0
"""How a window of the schedule is written."""

import re
from typing import Any, NamedTuple

WEEKDAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
_HOLIDAY = 7
_GROUPS = {
    'workdays': frozenset(range(5)),
    'weekend': frozenset({5, 6}),
    # A holiday counts as some weekday already, or as its own.
    'daily': frozenset(range(7)),
    'holidays': frozenset({_HOLIDAY}),
}
_ALLOWED_DAYS = (
    f'{", ".join(WEEKDAYS)}, a range such as mon-fri, '
    f'{", ".join(_GROUPS)}, or several of them with commas'
)
_LINE = re.compile(
    r'(?P<name>[\w-]+)\s*:\s*(?P<days>[\w,-]+)\s+'
    r'(?P<start>[\d:]+)-(?P<end>[\d:]+)(?P<limits>(\s+\S+)*)\s*'
)
_SHAPE = 'must be NAME: DAYS HH:MM-HH:MM cpus=50% memory=50% admit=no'


class Limits(NamedTuple):
    """What a window leaves: parts (0 to 1) of the host, and admission."""

    cpu: float = 1.0
    memory: float = 1.0
    admit: bool = True


class Line(NamedTuple):
    """A window as it is written, and what it means; see policy.schedule."""

    text: str
    name: str
    when: str
    days: frozenset[int]
    start_min: int
    end_min: int
    limits: Limits


def window(text: str) -> Line:
    """Read a window; raise ValueError that says what is allowed."""
    try:
        return _window(text)
    except ValueError as problem:
        # The option is there many times: say which of its values it is.
        raise ValueError(f'{text!r}: {problem}') from None


def _window(text: str) -> Line:
    found = _LINE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'it {_SHAPE}')
    start_min, end_min = _minute(found['start']), _minute(found['end'])
    if start_min in (end_min, 1440):
        raise ValueError(
            f'{found["start"]}-{found["end"]} must begin before it ends, on '
            'the next day at the latest; a whole day is 00:00-24:00'
        )
    if not found['limits'].strip():
        raise ValueError(f'it must limit something: {_LIMITS_SHAPE}')
    return Line(
        text=text.strip(),
        name=found['name'],
        when=f'{found["days"]} {found["start"]}-{found["end"]}',
        days=days(found['days']),
        start_min=start_min,
        end_min=end_min,
        limits=limits(found['limits']),
    )


def days(text: str) -> frozenset[int]:
    """Read days: 0 (Monday) to 6, and 7 for holidays."""
    found: frozenset[int] = frozenset()
    for part in text.lower().split(','):
        first, dash, last = part.partition('-')
        last = last if dash else first
        if part in _GROUPS:
            found |= _GROUPS[part]
        elif first in WEEKDAYS and last in WEEKDAYS:
            found |= _range(first, last)
        else:
            raise ValueError(f'days {text!r} must be {_ALLOWED_DAYS}')
    return found


_LIMITS_SHAPE = 'cpus=0% to 100%, memory=0% to 100%, admit=yes or no'


def limits(text: str) -> Limits:
    """Read limits. No CPU means no memory, and neither admits a guest."""
    found: dict[str, Any] = {}
    for part in text.split():
        key, _, value = part.partition('=')
        if key in found or key not in ('cpus', 'memory', 'admit'):
            raise ValueError(f'{part!r} must be one of {_LIMITS_SHAPE}, once')
        found[key] = _admit(part, value) if key == 'admit' else _share(part)
    cpu = found.get('cpus', 1.0)
    memory = found.get('memory', 1.0 if cpu else 0.0)
    lends = cpu > 0 and memory > 0
    return Limits(cpu, memory, found.get('admit', True) and lends)


def _range(first: str, last: str) -> frozenset[int]:
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    count = (end - start) % 7 + 1
    return frozenset((start + step) % 7 for step in range(count))


def _minute(text: str) -> int:
    found = re.fullmatch(r'(\d\d?):(\d\d)', text)
    if found is not None:
        hour, minute = int(found[1]), int(found[2])
        if (hour < 24 and minute < 60) or (hour, minute) == (24, 0):
            return hour * 60 + minute
    raise ValueError(f'time {text!r} must be HH:MM from 00:00 to 24:00')


def _share(part: str) -> float:
    found = re.fullmatch(r'\w+=(\d{1,3})%', part)
    if found is None or int(found[1]) > 100:
        raise ValueError(f'{part!r} must be a whole number from 0% to 100%')
    return int(found[1]) / 100


def _admit(part: str, value: str) -> bool:
    if value not in ('yes', 'no'):
        raise ValueError(f'{part!r} must be admit=yes or admit=no')
    return value == 'yes'
