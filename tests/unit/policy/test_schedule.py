# SPDX-License-Identifier: Apache-2.0
"""Windows of the week, on the days on which clocks are put on and back."""

import datetime
import unittest
import zoneinfo
from collections.abc import Iterable

import hypothesis
from hypothesis import strategies as st

from nova_desktop.policy import schedule

HALF = schedule.Limit(cpu=0.5)
WORKDAYS = frozenset(range(5))
DAILY = frozenset(range(7))
BERLIN = zoneinfo.ZoneInfo('Europe/Berlin')

# The clock is put on and back in the first, by half an hour in the second;
# the third does it at midnight, the fourth skipped a whole day.
TURNS = (
    ('Europe/Berlin', '2026-03-29', '2026-10-25'),
    ('Australia/Lord_Howe', '2026-04-05', '2026-10-04'),
    ('America/Santiago', '2026-04-05', '2026-09-06'),
    ('Pacific/Apia', '2011-12-30', '2011-09-24'),
    ('America/St_Johns', '2006-04-02', '2006-10-29'),
    ('America/New_York', '2026-03-08', '2026-11-01'),
    ('Asia/Kathmandu', '2026-01-01', '2026-06-01'),
)


def window(
    name: str = 'office',
    days: Iterable[int] = WORKDAYS,
    start: str = '09:00',
    end: str = '18:00',
    limit: schedule.Limit = HALF,
) -> schedule.Window:
    """Make a window from the times that a clock shows."""
    return schedule.Window(
        name, f'{start}-{end}', frozenset(days), _min(start), _min(end), limit
    )


def _min(text: str) -> int:
    hour, minute = text.split(':')
    return int(hour) * 60 + int(minute)


def unix(text: str, zone: datetime.tzinfo = BERLIN, fold: int = 0) -> float:
    """Give the moment at which the clock on the wall shows a time."""
    local = datetime.datetime.fromisoformat(text)
    return local.replace(tzinfo=zone, fold=fold).timestamp()


def naive(plan: schedule.Schedule, unix_s: float) -> list[str]:
    """Say what is open as a person would, from a clock and a calendar."""
    text = datetime.datetime.fromtimestamp(unix_s, plan.zone).isoformat()
    today = datetime.date.fromisoformat(text[:10])
    minute = _min(text[11:16])
    found = []
    for each in plan.windows:
        for begun in (today, today - datetime.timedelta(days=1)):
            end_min = each.end_min
            if end_min <= each.start_min:
                end_min += 1440
            since_min = minute + (1440 if begun != today else 0)
            if begun.weekday() in each.days and (
                each.start_min <= since_min < end_min
            ):
                found.append(each.name)
    return found


def names(plan: schedule.Schedule, unix_s: float) -> list[str]:
    return [each.name for each in schedule.open_windows(plan, unix_s)]


@st.composite
def plans(draw: st.DrawFn) -> tuple[schedule.Schedule, float]:
    """Draw a schedule, and a moment close to a turn of its clock."""
    name, *turns = draw(st.sampled_from(TURNS))
    zone = zoneinfo.ZoneInfo(name)
    # Around the hours in which clocks are turned, and anywhere else.
    minutes = st.integers(0, 240) | st.integers(0, 1440)
    windows = []
    for number in range(draw(st.integers(1, 3))):
        start, end = draw(minutes), draw(minutes)
        hypothesis.assume(start != end and start != 1440)
        days = draw(st.frozensets(st.integers(0, 6), min_size=1))
        windows.append(
            schedule.Window(f'w{number}', '', days, start, end, HALF)
        )
    turn = datetime.datetime.fromisoformat(draw(st.sampled_from(turns)))
    moment = turn.replace(tzinfo=zone).timestamp()
    shift = draw(st.integers(-1500, 1500)) * 60
    return schedule.Schedule(zone, tuple(windows)), moment + shift


class ClockTest(unittest.TestCase):
    def test_every_minute_around_each_turn_is_what_the_clock_shows(
        self,
    ) -> None:
        windows = (
            window('night', DAILY, '22:00', '06:00'),
            window('turn', DAILY, '02:30', '03:30'),
            window('early', (6,), '00:10', '02:00'),
            window('all', (0, 6), '00:00', '24:00'),
            window('last', (5,), '23:30', '00:00'),
        )
        for name, *turns in TURNS:
            zone = zoneinfo.ZoneInfo(name)
            plan = schedule.Schedule(zone, windows)
            for turn in turns:
                start_s = int(unix(f'{turn}T00:00', zone)) - 86400
                for at_s in range(start_s, start_s + 3 * 86400, 60):
                    self.assertCountEqual(
                        naive(plan, at_s), names(plan, at_s), (name, at_s)
                    )

    @hypothesis.settings(deadline=None)
    @hypothesis.given(plans())
    def test_next_change_is_the_next_instant_of_change(
        self, drawn: tuple[schedule.Schedule, float]
    ) -> None:
        plan, now_s = drawn
        now = names(plan, now_s)
        self.assertCountEqual(naive(plan, now_s), now)
        next_s = schedule.next_change_unix_s(plan, now_s)
        until_s = next_s if next_s is not None else now_s + 8 * 86400
        for at_s in range(int(now_s), int(until_s), 60):
            self.assertCountEqual(now, naive(plan, at_s))
        if next_s is not None:
            self.assertCountEqual(now, naive(plan, next_s - 1))
            self.assertNotEqual(now, naive(plan, next_s))

    @hypothesis.settings(deadline=None)
    @hypothesis.given(plans())
    def test_a_window_ends_when_its_bound_says(
        self, drawn: tuple[schedule.Schedule, float]
    ) -> None:
        plan, now_s = drawn
        bounds = schedule.bounds(plan, now_s, 50.0)
        for name, bound in zip(names(plan, now_s), bounds, strict=True):
            if bound.end_s is None:
                continue
            end_s = now_s + bound.end_s - 50.0
            self.assertIn(name, names(plan, end_s - 1))
            self.assertNotIn(name, names(plan, end_s))

    def test_hour_that_is_skipped(self) -> None:
        plan = schedule.Schedule(
            BERLIN, (window('gap', DAILY, '02:15', '02:45'),)
        )
        before = unix('2026-03-29T01:30')
        self.assertEqual(
            unix('2026-03-30T02:15'),
            schedule.next_change_unix_s(plan, before),
        )
        plan = schedule.Schedule(
            BERLIN, (window('into', DAILY, '01:30', '02:45'),)
        )
        # 3 o'clock follows 2 o'clock at once, and is past the end.
        self.assertEqual(
            unix('2026-03-29T03:00'),
            schedule.next_change_unix_s(plan, before),
        )

    def test_hour_that_comes_twice(self) -> None:
        plan = schedule.Schedule(
            BERLIN, (window('fold', DAILY, '02:15', '02:45'),)
        )
        at_s = unix('2026-10-25T02:00')
        for hour, minute in ((2, 15), (2, 45), (2, 75), (2, 105)):
            found = schedule.next_change_unix_s(plan, at_s)
            start = unix('2026-10-25T00:00')
            self.assertEqual(start + (hour * 60 + minute) * 60, found)
            at_s = found or 0

    def test_nothing_ever_changes(self) -> None:
        for windows in ((), (window('all', DAILY, '00:00', '24:00'),)):
            plan = schedule.Schedule(BERLIN, windows)
            at_s = unix('2026-10-24T12:00')
            self.assertIsNone(schedule.next_change_unix_s(plan, at_s))
        self.assertIsNone(
            schedule.recheck_s(schedule.Schedule(BERLIN), at_s, 7.0)
        )

    def test_holiday_that_is_far_away_is_not_missed(self) -> None:
        plan = schedule.Schedule(
            BERLIN,
            (window('feast', (schedule.HOLIDAY,)),),
            yearly=frozenset({(12, 25)}),
        )
        at_s = unix('2026-10-09T12:00')
        for _ in range(12):
            self.assertEqual((), schedule.bounds(plan, at_s, at_s))
            if schedule.next_change_unix_s(plan, at_s) is not None:
                break
            found = schedule.recheck_s(plan, at_s, at_s)
            assert found is not None
            self.assertGreater(found, at_s)
            at_s = found
        self.assertEqual(
            unix('2026-12-25T09:00'),
            schedule.next_change_unix_s(plan, at_s),
        )


class DaysTest(unittest.TestCase):
    def test_window_over_midnight_belongs_to_its_first_day(self) -> None:
        plan = schedule.Schedule(
            BERLIN, (window('friday', (4,), '22:00', '06:00'),)
        )
        for text, is_open in (
            ('2026-10-09T21:59', False),  # a Friday
            ('2026-10-09T22:00', True),
            ('2026-10-10T05:59', True),
            ('2026-10-10T06:00', False),
            ('2026-10-10T22:00', False),
            ('2026-10-09T05:59', False),
        ):
            self.assertEqual(is_open, bool(names(plan, unix(text))), text)

    def test_holiday_counts_as_another_day(self) -> None:
        windows = (
            window('work', WORKDAYS),
            window('sunday', (6,)),
            window('feast', (schedule.HOLIDAY,)),
        )
        christmas = datetime.date(2026, 12, 25)  # a Friday
        noon = unix('2026-12-25T12:00')
        for holidays_as, expected in (
            (6, ['sunday', 'feast']),
            (5, ['feast']),
            (None, ['work', 'feast']),
        ):
            for plan in (
                schedule.Schedule(
                    BERLIN,
                    windows,
                    holidays=frozenset({christmas}),
                    holidays_as=holidays_as,
                ),
                schedule.Schedule(
                    BERLIN,
                    windows,
                    yearly=frozenset({(12, 25)}),
                    holidays_as=holidays_as,
                ),
            ):
                self.assertEqual(expected, names(plan, noon))
                self.assertEqual(['work'], names(plan, noon - 86400))
        other_year = unix('2028-12-25T12:00')  # a Monday
        single = schedule.Schedule(
            BERLIN, windows, holidays=frozenset({christmas})
        )
        self.assertEqual(['work'], names(single, other_year))

    def test_night_before_a_holiday_goes_on_into_it(self) -> None:
        plan = schedule.Schedule(
            BERLIN,
            (window('night', WORKDAYS, '22:00', '06:00'),),
            yearly=frozenset({(12, 25)}),
        )
        self.assertEqual(['night'], names(plan, unix('2026-12-25T05:00')))
        self.assertEqual([], names(plan, unix('2026-12-25T23:00')))


class BoundsTest(unittest.TestCase):
    def test_half_in_office_hours_and_everything_else_outside(self) -> None:
        plan = schedule.Schedule(BERLIN, (window(),))
        noon = unix('2026-10-09T12:00')
        [bound] = schedule.bounds(plan, noon, 100.0)
        self.assertEqual(
            (0.5, 1.0, True), (bound.cpu, bound.memory, bound.admit)
        )
        self.assertFalse(bound.reclaim)
        self.assertEqual(100.0 + 6 * 3600, bound.end_s)
        self.assertEqual('schedule', bound.source)
        self.assertEqual(
            'the schedule lends at most 50 % of the CPUs: '
            'window office (09:00-18:00)',
            bound.reason,
        )
        evening = unix('2026-10-09T18:00')  # a Friday, until Monday
        self.assertEqual((), schedule.bounds(plan, evening, 100.0))
        self.assertEqual(
            100.0 + (48 + 15) * 3600,
            schedule.recheck_s(plan, evening, 100.0),
        )

    def test_reason_does_not_change_while_a_window_is_open(self) -> None:
        plan = schedule.Schedule(BERLIN, (window(),))
        start = unix('2026-10-09T09:00')
        reasons = {
            schedule.bounds(plan, start + second, second)[0].reason
            for second in range(0, 9 * 3600, 97)
        }
        self.assertEqual(1, len(reasons))

    def test_outside_has_a_bound_of_its_own(self) -> None:
        nothing = schedule.Limit(0.0, 0.0, False)
        plan = schedule.Schedule(BERLIN, (window(),), outside=nothing)
        [bound] = schedule.bounds(plan, unix('2026-10-09T08:00'), 5.0)
        self.assertEqual(
            (0.0, 0.0, False, True, 3605.0),
            (bound.cpu, bound.memory, bound.admit, bound.reclaim, bound.end_s),
        )
        self.assertIn('outside', bound.reason)
        [bound] = schedule.bounds(plan, unix('2026-10-09T09:00'), 5.0)
        self.assertEqual(0.5, bound.cpu)
        always = schedule.Schedule(BERLIN, outside=nothing)
        [bound] = schedule.bounds(always, 0.0, 5.0)
        self.assertIsNone(bound.end_s)

    def test_only_less_memory_asks_guests_to_leave(self) -> None:
        for limit, reclaim in (
            (schedule.Limit(cpu=0.1), False),
            (schedule.Limit(admit=False), False),
            (schedule.Limit(memory=0.9), True),
            (schedule.Limit(0.0, 0.0, False), True),
        ):
            plan = schedule.Schedule(BERLIN, (window(limit=limit),))
            [bound] = schedule.bounds(plan, unix('2026-10-09T12:00'), 0.0)
            self.assertEqual(reclaim, bound.reclaim, limit)

    def test_every_open_window_has_its_bound(self) -> None:
        quiet = window(
            'quiet', DAILY, '11:00', '13:00', schedule.Limit(admit=False)
        )
        plan = schedule.Schedule(BERLIN, (window(), quiet))
        first, second = schedule.bounds(plan, unix('2026-10-09T12:00'), 0.0)
        self.assertEqual((0.5, True), (first.cpu, first.admit))
        self.assertEqual((1.0, False), (second.cpu, second.admit))
        self.assertEqual(6 * 3600.0, first.end_s)
        self.assertEqual(3600.0, second.end_s)
        self.assertIn('takes no new guests: window quiet', second.reason)
