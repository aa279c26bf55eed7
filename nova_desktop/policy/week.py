# SPDX-License-Identifier: Apache-2.0
"""Which windows of the week are open.

A window is what the clock on the wall says: it is open whenever that clock
shows a time within it. An hour that the clock skips is skipped, an hour that
it shows twice counts twice.
"""

import dataclasses
import datetime

SUNDAY = 6
HOLIDAY = 7
"""The number of a holiday beside those of the weekdays, Monday first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """What a window leaves: parts (0 to 1) of the host, and admission."""

    cpu: float = 1.0
    memory: float = 1.0
    admit: bool = True


EVERYTHING = Limit()


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """A named time of the week; ``text`` words its days and times.

    ``days`` are those on which it begins: 0 (Monday) to 6, and 7 for
    holidays. ``start_min`` and ``end_min`` are minutes after midnight on the
    wall; an end before the start is one on the next day.
    """

    name: str
    text: str
    days: frozenset[int]
    start_min: int
    end_min: int
    limit: Limit


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """All windows, and what holds outside of them.

    ``holidays`` are the days that begin no window of their weekday but those
    of ``holidays_as`` (0 to 6; ``None`` for their own weekday), and those of
    holidays; ``yearly`` the same as (month, day) of every year.
    """

    zone: datetime.tzinfo
    windows: tuple[Window, ...] = ()
    holidays: frozenset[datetime.date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()
    holidays_as: int | None = SUNDAY
    outside: Limit = EVERYTHING


def wall(schedule: Schedule, unix_s: float) -> datetime.datetime:
    """Give what the clock on the wall shows, without its zone."""
    local = datetime.datetime.fromtimestamp(unix_s, schedule.zone)
    return local.replace(tzinfo=None, fold=0)


def open_at(schedule: Schedule, wall: datetime.datetime) -> tuple[Window, ...]:
    """Give the windows that are open at a time on the wall, in order."""
    minute = wall.hour * 60 + wall.minute
    today = _classes(schedule, wall.date())
    yesterday = _classes(schedule, wall.date() - datetime.timedelta(days=1))
    return tuple(
        window
        for window in schedule.windows
        if _covers(window, minute, today, yesterday)
    )


def _covers(
    window: Window, minute: int, today: set[int], yesterday: set[int]
) -> bool:
    began = not window.days.isdisjoint(today)
    if window.start_min < window.end_min:
        return began and window.start_min <= minute < window.end_min
    if minute >= window.start_min:
        return began
    return minute < window.end_min and not window.days.isdisjoint(yesterday)


def _classes(schedule: Schedule, day: datetime.date) -> set[int]:
    """Give the numbers of the days that a date counts as."""
    yearly = (day.month, day.day) in schedule.yearly
    if day not in schedule.holidays and not yearly:
        return {day.weekday()}
    if schedule.holidays_as is None:
        return {day.weekday(), HOLIDAY}
    return {schedule.holidays_as, HOLIDAY}
