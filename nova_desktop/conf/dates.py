# SPDX-License-Identifier: Apache-2.0
"""Time zones and holidays, as the schedule's options have them."""

import datetime
import re
import zoneinfo
from pathlib import Path

from nova_desktop.conf.windows import WEEKDAYS

LOCALTIME = Path('/etc/localtime')
_ITSELF = 'itself'
HOLIDAYS_AS = (*WEEKDAYS, _ITSELF)


def timezone(text: str) -> str:
    """Check the name of a time zone; empty is the host's own."""
    if text:
        zone(text)
    return text


def zone(name: str, localtime: Path = LOCALTIME) -> datetime.tzinfo:
    """Load a time zone, the host's own for an empty name.

    A host without one is in UTC, as for its other programs. Raises
    ValueError for a zone that is not known.
    """
    try:
        if name:
            return zoneinfo.ZoneInfo(name)
        with localtime.open('rb') as file:
            return zoneinfo.ZoneInfo.from_file(file, key='localtime')
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError) as problem:
        if not name and isinstance(problem, FileNotFoundError):
            return datetime.UTC
        raise ValueError(
            f'time zone {name or str(localtime)!r} must be one that '
            '"timedatectl list-timezones" lists, such as Europe/Berlin'
        ) from problem


def holiday(text: str) -> str:
    """Check a date, which stays a text: 2026-12-25, or 12-25 for each year."""
    # A leap year has every day that a year may have.
    yearly = re.fullmatch(r'\d\d-\d\d', text)
    try:
        datetime.date.fromisoformat(f'2000-{text}' if yearly else text)
    except ValueError:
        raise ValueError(
            f'holiday {text!r} must be a date such as 2026-12-25, or 12-25 '
            'for that of each year'
        ) from None
    return text


def dates(
    texts: list[str],
) -> tuple[frozenset[datetime.date], frozenset[tuple[int, int]]]:
    """Part holidays into dates and the (month, day) of every year."""
    single = {
        datetime.date.fromisoformat(each) for each in texts if len(each) > 5
    }
    every = {
        (int(each[:2]), int(each[3:])) for each in texts if len(each) == 5
    }
    return frozenset(single), frozenset(every)


def weekday(holidays_as: str) -> int | None:
    """Give the number of the weekday that holidays count as."""
    if holidays_as == _ITSELF:
        return None
    return WEEKDAYS.index(holidays_as)
