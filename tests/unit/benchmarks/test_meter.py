# SPDX-License-Identifier: Apache-2.0
import os
import time
import unittest

from benchmarks import meter


class PercentsTest(unittest.TestCase):
    def test_of_one_core(self) -> None:
        before = meter.Spent(10.0, {'a': 1.0, 'b': 5.0}, 20.0, 30.0, 1.0)
        after = meter.Spent(14.0, {'a': 4.0, 'b': 6.0}, 26.0, 31.0, 1.2)
        self.assertEqual(
            {
                'a': 75.0,
                'b': 25.0,
                'others': 50.0,
                'idle': 25.0,
                'stolen': 5.0,
            },
            meter.percents(before, after),
        )

    def test_coarse_clock_of_the_machine_takes_nothing_back(self) -> None:
        before = meter.Spent(0.0, {'a': 0.0}, 0.0, 0.0, 0.0)
        after = meter.Spent(1.0, {'a': 0.5}, 0.4, 1.5, 0.0)
        self.assertEqual(0.0, meter.percents(before, after)['others'])


class MeterTest(unittest.TestCase):
    def test_own_use_is_seen(self) -> None:
        read = meter.Meter({'own': [os.getpid()]}).read
        before = read()
        end_s = time.process_time() + 0.05
        while time.process_time() < end_s:
            pass
        spent_s = read().by_name['own'] - before.by_name['own']
        self.assertGreaterEqual(spent_s, 0.049)
