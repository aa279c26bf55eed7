# SPDX-License-Identifier: Apache-2.0
"""Options of group schedule: what is lent by weekday and time."""

from collections.abc import Callable
from typing import Any

from oslo_config import cfg, types

from nova_desktop.conf import dates, windows


class Written(types.ConfigType):  # type: ignore[misc]
    """An option's value that a function of this file reads."""

    def __init__(self, read: Callable[[str], Any], type_name: str) -> None:
        super().__init__(type_name=type_name)
        self._read = read

    def __call__(self, value: Any) -> Any:
        """Read a text; what was read already stays."""
        return self._read(value) if isinstance(value, str) else value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self._read is other._read

    def __hash__(self) -> int:
        return hash(self._read)

    def __repr__(self) -> str:
        return str(self.type_name)

    def _formatter(self, value: Any) -> str:
        return str(getattr(value, 'text', value))


def refused(schedule: cfg.ConfigOpts.GroupAttr) -> tuple[str, str] | None:
    """Name what no single value shows: two windows of one name, no zone."""
    names = [line.name for line in schedule.window]
    for name in names:
        if names.count(name) > 1:
            return 'window', f'name {name!r} must be that of one window only'
    try:
        dates.zone(schedule.timezone)
    except ValueError as problem:
        return 'timezone', str(problem)
    return None


OPTS = [
    cfg.MultiOpt(
        'window',
        item_type=Written(windows.window, 'window'),
        default=[],
        sample_default=['office: mon-fri 09:00-18:00 cpus=50%'],
        help="""
A time of the week at which less is lent, one in a line, this option as often
as there are windows: NAME: DAYS HH:MM-HH:MM and at least one of cpus=50%,
memory=50% and admit=no. For example: office: mon-fri 09:00-18:00 cpus=50%.
Days are mon to sun, ranges such as mon-fri, workdays, weekend, daily and
holidays, or several of them with commas. A window that ends before it begins
ends on the next day. Where several are open, the strictest counts. A window
narrows what the owner's presence allows, and never lends more. Where it leaves
less than all of the memory, guests above that have to leave.
""",
    ),
    cfg.Opt(
        'outside',
        type=Written(windows.limits, 'limits'),
        default=windows.Limits(),
        sample_default='cpus=100%',
        help="""
What is lent at most while no window is open, as in a window: cpus=50%
memory=50% admit=no. The default leaves everything to presence.
""",
    ),
    cfg.Opt(
        'timezone',
        type=Written(dates.timezone, 'time zone'),
        default='',
        sample_default='',
        help="""
Name of the time zone of the windows, such as Europe/Berlin. Empty: the zone of
the host at the start of the agent. The clock of that zone counts, in summer
and in winter.
""",
    ),
    cfg.Opt(
        'holidays',
        type=types.List(Written(dates.holiday, 'date')),
        default=[],
        help="""
Dates that are no ordinary day, with commas: 2026-12-25, or 12-25 for that day
of each year. Related: ``holidays_as``, and the days ``holidays`` of a window.
""",
    ),
    cfg.StrOpt(
        'holidays_as',
        default='sun',
        choices=list(dates.HOLIDAYS_AS),
        help="""
The weekday that a holiday counts as, so that the windows of that day are open
on it and those of its own are not; ``itself`` leaves it its own.
""",
    ),
]
