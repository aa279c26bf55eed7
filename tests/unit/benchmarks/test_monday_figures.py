# SPDX-License-Identifier: Apache-2.0
import unittest
from collections import Counter

from benchmarks import monday_figures
from benchmarks.monday_phase import Tally, Told

TALLY: Tally = Counter(
    {
        ('push', 'GET', 200): 40,
        ('push', 'PUT', 200): 30,
        ('push', 'PUT', 409): 9,
        ('push', 'PUT', 503): 1,
        ('push', 'GET', 0): 2,
        ('tracker', 'PUT', 409): 1,
        ('scheduler', 'DELETE', 204): 5,
    }
)


class TallyTest(unittest.TestCase):
    def test_conflicts_are_a_part_of_all_writes(self) -> None:
        shares = [
            monday_figures.conflicts_percent(TALLY, who)
            for who in ('push', 'tracker', 'scheduler')
        ]
        self.assertEqual([22.5, 100.0, 0.0], shares)

    def test_no_answer_is_an_error_and_a_conflict_is_none(self) -> None:
        self.assertEqual(3, monday_figures.errors(TALLY, 'push'))
        self.assertEqual(0, monday_figures.errors(TALLY, 'scheduler'))

    def test_requests_of_each(self) -> None:
        self.assertEqual(
            {
                'push_requests_count': 82,
                'scheduler_requests_count': 5,
                'tracker_requests_count': 1,
            },
            monday_figures.requests(TALLY),
        )


class TimesTest(unittest.TestCase):
    def test_no_stock_host_has_no_figure(self) -> None:
        figures = monday_figures.paced(Told(push_ms=[1.0, 3.0]))
        self.assertEqual(2.0, figures['owner_back_p50_ms'])
        self.assertEqual(3.0, figures['owner_back_max_ms'])
        self.assertNotIn('stock_periodic_p50_ms', figures)

    def test_rate_until_the_last(self) -> None:
        self.assertEqual(0.5, monday_figures.rate([12.0, 14.0], 10.0))

    def test_rates_of_whole_windows(self) -> None:
        window_s = monday_figures.WINDOW_S
        ended_s = [100 + part * window_s for part in (0.1, 0.9, 1.5, 2.1)]
        self.assertEqual(
            [2 / window_s, 1 / window_s], monday_figures.rates(ended_s, 100)
        )


class LimitTest(unittest.TestCase):
    def test_names_what_used_most(self) -> None:
        used = {'placement': 9.0, 'database': 70.0, 'clients': 1.0}
        said = monday_figures.limit(used | {'idle': 5.0, 'others': 90.0})
        self.assertIn('database used the most, 70 %', said)
        self.assertIn('5 % of a core was idle', said)
