# SPDX-License-Identifier: Apache-2.0
"""What the schedule leaves for guests, and until when."""

from nova_desktop import model
from nova_desktop.policy import turns, week
from nova_desktop.policy.week import (
    EVERYTHING,
    HOLIDAY,
    SUNDAY,
    Limit,
    Schedule,
    Window,
)

__all__ = ['HOLIDAY', 'SUNDAY', 'Limit', 'Schedule', 'Window']

SOURCE = 'schedule'


def open_windows(schedule: Schedule, unix_s: float) -> tuple[Window, ...]:
    """Give the windows that are open, in the order of the schedule."""
    return week.open_at(schedule, week.wall(schedule, unix_s))


def next_change_unix_s(schedule: Schedule, unix_s: float) -> float | None:
    """Say when another window opens or closes; None for not within days."""
    now = open_windows(schedule, unix_s)
    for at_s, then in turns.ahead(schedule, unix_s):
        if then != now:
            return at_s
    return None


def bounds(
    schedule: Schedule, unix_s: float, now_s: float
) -> tuple[model.Bound, ...]:
    """Give a bound for each open window, or for being outside of all.

    ``now_s`` is the monotonic clock at ``unix_s``. A window that leaves a
    part of the memory only asks the guests above it to leave.
    """
    found = open_windows(schedule, unix_s)
    if found:
        return tuple(
            _bound(
                f'window {each.name} ({each.text})',
                each.limit,
                _monotonic(_closes(schedule, each, unix_s), unix_s, now_s),
            )
            for each in found
        )
    if schedule.outside == EVERYTHING:
        return ()
    end_s = _monotonic(next_change_unix_s(schedule, unix_s), unix_s, now_s)
    return (_bound('outside of every window', schedule.outside, end_s),)


def recheck_s(schedule: Schedule, unix_s: float, now_s: float) -> float | None:
    """Say at which monotonic moment the bounds must be asked for again.

    That is when another window opens or closes, or where no more can be
    seen from here; None without any window.
    """
    if not schedule.windows:
        return None
    at_s = next_change_unix_s(schedule, unix_s)
    if at_s is None:
        at_s = turns.horizon_unix_s(unix_s)
    return _monotonic(at_s, unix_s, now_s)


def _bound(where: str, limit: Limit, end_s: float | None) -> model.Bound:
    parts = [
        f'{part * 100:g} % of the {what}'
        for part, what in ((limit.cpu, 'CPUs'), (limit.memory, 'memory'))
        if part < 1.0
    ]
    said = [f'lends at most {" and ".join(parts)}'] if parts else []
    if not limit.admit:
        said.append('takes no new guests')
    return model.Bound(
        source=SOURCE,
        reason=f'the schedule {", and ".join(said)}: {where}',
        cpu=limit.cpu,
        memory=limit.memory,
        admit=limit.admit,
        # A guest can be held to less CPU where it is, but not to less memory.
        reclaim=limit.memory < 1.0,
        end_s=end_s,
    )


def _monotonic(
    at_unix_s: float | None, unix_s: float, now_s: float
) -> float | None:
    return None if at_unix_s is None else now_s + at_unix_s - unix_s


def _closes(schedule: Schedule, window: Window, unix_s: float) -> float | None:
    for at_s, then in turns.ahead(schedule, unix_s):
        if window not in then:
            return at_s
    return None
