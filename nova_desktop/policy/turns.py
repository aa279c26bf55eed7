# SPDX-License-Identifier: Apache-2.0
"""When windows of the week open and close, by the world's clock."""

import datetime
import functools
from collections.abc import Iterator

from nova_desktop.policy import week
from nova_desktop.policy.week import Schedule, Window

_DAY_S = 86400
# A week holds a change of every window that has one, but for a beginning on a
# holiday, which comes into sight early enough.
_HORIZON_DAYS = 9


def horizon_unix_s(unix_s: float) -> float:
    """Say how far ahead changes are seen."""
    return (unix_s // _DAY_S + _HORIZON_DAYS) * _DAY_S


def ahead(
    schedule: Schedule, unix_s: float
) -> Iterator[tuple[float, tuple[Window, ...]]]:
    """Give what is open from when on, for the moments after ``unix_s``."""
    first = int(unix_s // _DAY_S)
    days = _HORIZON_DAYS if schedule.windows else 0
    for number in range(first, first + days):
        for at_s, then in _day(schedule, number):
            if at_s > unix_s:
                yield at_s, then


@functools.lru_cache(maxsize=4 * _HORIZON_DAYS)
def _day(
    schedule: Schedule, number: int
) -> tuple[tuple[float, tuple[Window, ...]], ...]:
    """Lay out a day of UTC: each moment that may change what is open."""
    points = []
    for from_s, until_s in _steady(schedule, number):
        # Within, the wall's clock and ours run side by side.
        shift = datetime.timedelta(seconds=from_s)
        wall = week.wall(schedule, from_s)
        moments_s = {
            from_s + round((at - wall).total_seconds())
            for at in _edges(schedule, wall)
        }
        inside = {at for at in moments_s if from_s < at < until_s}
        for at_s in sorted({from_s} | inside):
            then = wall + datetime.timedelta(seconds=at_s) - shift
            points.append((float(at_s), week.open_at(schedule, then)))
    return tuple(points)


def _steady(schedule: Schedule, number: int) -> list[tuple[int, int]]:
    """Cut a day of UTC where the wall's clock is put on or back."""
    from_s, until_s = number * _DAY_S, (number + 1) * _DAY_S
    if _offset(schedule, from_s) == _offset(schedule, until_s - 1):
        return [(from_s, until_s)]
    before_s, after_s = from_s, until_s - 1
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if _offset(schedule, middle_s) == _offset(schedule, from_s):
            before_s = middle_s
        else:
            after_s = middle_s
    return [(from_s, after_s), (after_s, until_s)]


def _offset(schedule: Schedule, unix_s: float) -> datetime.timedelta | None:
    return datetime.datetime.fromtimestamp(unix_s, schedule.zone).utcoffset()


def _edges(
    schedule: Schedule, wall: datetime.datetime
) -> list[datetime.datetime]:
    """Give every wall time around a day at which a window may change."""
    midnight = datetime.datetime.combine(wall.date(), datetime.time())
    minutes = {0}
    for window in schedule.windows:
        minutes |= {window.start_min, window.end_min}
    return [
        midnight + datetime.timedelta(days=days, minutes=minute)
        for days in (-1, 0, 1, 2)
        for minute in minutes
    ]
