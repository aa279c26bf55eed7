# SPDX-License-Identifier: Apache-2.0
"""What holds beside presence, joined."""

import datetime
import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.agent import rules
from nova_desktop.policy import schedule, surroundings

# 2026-11-23 is a Monday; 08:00 UTC.
_MONDAY_UNIX_S = datetime.datetime(
    2026, 11, 23, 8, tzinfo=datetime.UTC
).timestamp()
_OFFICE = schedule.Window(
    'office',
    'mon-fri 09:00-18:00',
    frozenset(range(5)),
    9 * 60,
    18 * 60,
    schedule.Limit(cpu=0.5),
)
_PLAN = schedule.Schedule(datetime.UTC, (_OFFICE,))


class Clocks:
    """A wall clock and a monotonic one, which runs from 1000."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.set_by_s = 0.0

    def wall(self) -> float:
        """Give unix seconds."""
        return _MONDAY_UNIX_S + self.now_s - 1000.0 + self.set_by_s

    def facts(self) -> model.Facts:
        """Give facts of now."""
        return model.Facts(
            now_s=self.now_s,
            started_s=0.0,
            power=model.PowerFacts(has_battery=True, on_battery=True),
        )


class RulesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clocks = Clocks()
        self.said = model.Rules()
        self.rules = rules.Rules(
            lambda now_s: self.said,
            _PLAN,
            surroundings.SurroundingsLimits(),
            self.clocks.wall,
        )

    def sources(self) -> list[str]:
        """Name who narrows now."""
        found = self.rules(self.clocks.facts())
        return sorted(bound.source for bound in found.bounds)

    def test_window_opens_at_its_time(self) -> None:
        self.assertEqual(['power'], self.sources())
        found = self.rules(self.clocks.facts())
        self.assertEqual(1000.0 + 3600.0, found.recheck_s)
        self.clocks.now_s = 1000.0 + 3599.0
        self.assertEqual(['power'], self.sources())
        self.clocks.now_s = 1000.0 + 3600.0
        self.assertEqual(['power', 'schedule'], self.sources())

    def test_clock_that_is_set_is_followed_at_once(self) -> None:
        self.sources()
        self.clocks.set_by_s = 2 * 3600.0
        self.assertEqual(['power', 'schedule'], self.sources())
        self.clocks.set_by_s = 0.0
        self.assertEqual(['power'], self.sources())

    def test_owners_lending_overrules_the_schedule_only(self) -> None:
        self.clocks.set_by_s = 2 * 3600.0
        self.said = model.Rules(lend='the owner lends it', recheck_s=1060.0)
        self.assertEqual(['power'], self.sources())
        found = self.rules(self.clocks.facts())
        self.assertEqual('the owner lends it', found.lend)
        self.assertEqual(1060.0, found.recheck_s)

    def test_owners_bound_stands_beside_the_others(self) -> None:
        bound = model.Bound('say', 'the owner caps it', cpu=0.3, end_s=1001.0)
        self.said = model.Rules((bound,))
        self.assertEqual(['power', 'say'], self.sources())
        self.assertEqual(1001.0, self.rules(self.clocks.facts()).recheck_s)

    def test_schedule_is_not_worked_out_at_each_event(self) -> None:
        self.sources()
        with mock.patch.object(schedule, 'bounds') as worked_out:
            self.clocks.now_s += 60.0
            self.sources()
        worked_out.assert_not_called()
