# SPDX-License-Identifier: Apache-2.0
import os
import unittest

from benchmarks import harvest

STAT = 'cpu  100 0 100 700 50 2 3 30 0 0\ncpu0 1\n'


def spent(guests_s: float, idle_s: float) -> harvest.Reading:
    return harvest.Reading(10.0, guests_s, idle_s, 0.0, 0.0)


class StatTest(unittest.TestCase):
    def test_waiting_for_a_disk_is_idle(self) -> None:
        per_s = os.sysconf('SC_CLK_TCK')
        used_s, idle_s, stolen_s = harvest.of_stat(STAT)
        self.assertEqual(205 / per_s, used_s)
        self.assertEqual(750 / per_s, idle_s)
        self.assertEqual(30 / per_s, stolen_s)


class PercentTest(unittest.TestCase):
    def test_is_of_what_was_left(self) -> None:
        self.assertEqual(95.0, harvest.percent(spent(19.0, 1.0)))

    def test_what_others_used_was_not_left(self) -> None:
        # Ten seconds of two cores, of which others had half.
        self.assertEqual(100.0, harvest.percent(spent(10.0, 0.0)))

    def test_several_stretches_count_by_their_length(self) -> None:
        found = harvest.percent(spent(9.0, 1.0), spent(0.0, 10.0))
        self.assertEqual(45.0, found)

    def test_nothing_left(self) -> None:
        self.assertEqual(0.0, harvest.percent(spent(0.0, 0.0)))

    def test_between_two_readings(self) -> None:
        begin = harvest.Reading(1.0, 2.0, 3.0, 4.0, 5.0)
        end = harvest.Reading(11.0, 7.0, 6.0, 4.5, 5.25)
        self.assertEqual(
            harvest.Reading(10.0, 5.0, 3.0, 0.5, 0.25), end.since(begin)
        )
