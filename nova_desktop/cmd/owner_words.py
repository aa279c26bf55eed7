# SPDX-License-Identifier: Apache-2.0
"""Read what the owner writes: how long, until when, how much."""

import argparse
import dataclasses
import datetime
import itertools
import re
from collections.abc import Sequence

from nova_desktop import model

SPELL = 'for 2h, until 18:00, or until-resume (default)'
"""How a spell is written."""

CAPS = 'cpus=50%%, cpus=4, memory=8G, memory=50%%, or none'
"""How a cap is written, for argparse."""

_SPAN = re.compile(r'(?:([0-9]{1,3})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?')
_TIME = re.compile(r'([0-9]{1,2}):([0-9]{2})')
_NUMBER = re.compile(r'[0-9]{1,9}(?:\.[0-9]{1,9})?')
_MIB = {'M': 1, 'G': 1024, 'T': 1024**2}
_MOST_MINUTES = 365 * 1440
_NONE = 'none'


@dataclasses.dataclass(frozen=True, slots=True)
class Caps:
    """What the owner wrote after ``cap``; a name not written is not in."""

    written: dict[str, float | None]

    def over(self, before: model.Say) -> tuple[float | None, float | None]:
        """Give the parts of CPU and memory; what is not written stays."""
        return (
            self.written.get('cpus', before.cpu),
            self.written.get('memory', before.memory),
        )


def until(
    words: Sequence[str], now: datetime.datetime
) -> datetime.datetime | None:
    """Give the end of a spell, None for until resumed.

    ``now`` carries the local time zone. Raise ArgumentTypeError.
    """
    match list(words):
        case [] | ['until-resume']:
            return None
        case ['for', span]:
            # Over midnight or a change of the clocks an hour is an hour.
            return (now.astimezone(datetime.UTC) + _span(span)).astimezone()
        case ['until', moment]:
            return _next(moment, now)
    raise argparse.ArgumentTypeError(f'{" ".join(words)!r} is not {SPELL}')


def caps(words: Sequence[str], capacity: model.Capacity) -> Caps:
    """Give the parts of a cap; raise ArgumentTypeError."""
    if list(words) == [_NONE]:
        return Caps({'cpus': None, 'memory': None})
    written: dict[str, float | None] = {}
    for word in words:
        name, _, value = word.partition('=')
        if name == 'cpus':
            written[name] = _cpus(value, capacity.cpus)
        elif name == 'memory':
            written[name] = _memory(value, capacity.memory_mib)
        else:
            raise argparse.ArgumentTypeError(
                f'{word!r} is not {CAPS.replace("%%", "%")}'
            )
    return Caps(written)


def _span(text: str) -> datetime.timedelta:
    found = _SPAN.fullmatch(text)
    days, hours, minutes = (
        int(each or 0) for each in (found.groups() if found else ('',) * 3)
    )
    total = (days * 24 + hours) * 60 + minutes
    if not 0 < total <= _MOST_MINUTES:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a time such as 90m, 2h, 1h30m or 3d, of a '
            'minute to 365 days'
        )
    return datetime.timedelta(minutes=total)


def _next(text: str, now: datetime.datetime) -> datetime.datetime:
    """Give the next moment at which the local clock shows a time."""
    found = _TIME.fullmatch(text)
    hour, minute = (int(each) for each in found.groups()) if found else (-1, 0)
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise argparse.ArgumentTypeError(
            f'{text!r} is not a time of the day from 00:00 to 23:59'
        )
    # A clock that is set back shows some times twice a day.
    for day, fold in itertools.product(range(3), (0, 1)):
        date = now.date() + datetime.timedelta(days=day)
        wall = datetime.time(hour, minute, fold=fold)
        # Without a zone, so that it is looked up for that very moment.
        unix_s = datetime.datetime.combine(date, wall).timestamp()
        moment = datetime.datetime.fromtimestamp(unix_s).astimezone()
        if moment > now:
            return moment
    raise AssertionError('the clock shows each time within two days')


def _cpus(text: str, of: int) -> float | None:
    allowed = f'0 to {of}, 0% to 100%, or none'
    if _NUMBER.fullmatch(text):
        return _part('cpus', text, float(text) / of, allowed)
    return _percent('cpus', text, allowed)


def _memory(text: str, of_mib: int) -> float | None:
    allowed = f'0M to {of_mib}M, such as 512M or 8G, 0% to 100%, or none'
    unit = _MIB.get(text[-1:].upper())
    if unit and _NUMBER.fullmatch(text[:-1]):
        part = float(text[:-1]) * unit / of_mib
        return _part('memory', text, part, allowed)
    return _percent('memory', text, allowed)


def _percent(name: str, text: str, allowed: str) -> float | None:
    if text == _NONE:
        return None
    number = text.removesuffix('%')
    if number == text or not _NUMBER.fullmatch(number):
        raise argparse.ArgumentTypeError(f'{name}={text!r} is not {allowed}')
    return _part(name, text, float(number) / 100, allowed)


def _part(name: str, text: str, part: float, allowed: str) -> float:
    if not 0 <= part <= 1:
        raise argparse.ArgumentTypeError(f'{name}={text!r} is not {allowed}')
    return part
