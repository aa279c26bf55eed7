# SPDX-License-Identifier: Apache-2.0
import math
import statistics
import unittest

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import figures

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


class PercentileTest(unittest.TestCase):
    def test_one_value(self) -> None:
        self.assertEqual(3.5, figures.percentile([3.5], 99))

    def test_known(self) -> None:
        values = [float(each) for each in range(101)]
        self.assertEqual(50.0, figures.percentile(values, 50))
        self.assertEqual(99.0, figures.percentile(values, 99))
        self.assertEqual(1.5, figures.percentile([2.0, 1.0], 50))

    @given(VALUES)
    def test_is_within_what_was_measured(self, values: list[float]) -> None:
        for percent in (1, 50, 99):
            found = figures.percentile(values, percent)
            slack = 1e-9 * max(values)
            self.assertGreaterEqual(found, min(values) - slack)
            self.assertLessEqual(found, max(values) + slack)

    @given(VALUES)
    def test_half_is_the_median(self, values: list[float]) -> None:
        found = figures.percentile(values, 50)
        median = statistics.median(values)
        self.assertTrue(math.isclose(median, found, abs_tol=1e-9))


def steps(*rates: int) -> list[figures.Point]:
    """Give points 10 ms apart with these progresses between them."""
    points = [(0.0, 0)]
    for each in rates:
        points.append((points[-1][0] + 0.01, points[-1][1] + each))
    return points


class HeldTest(unittest.TestCase):
    def test_from_the_first_slow_window(self) -> None:
        points = steps(100, 100, 100, 0, 0, 0)
        held = figures.held_at(points, 0.02, 1000)
        self.assertAlmostEqual(0.03, held or 0)

    def test_a_burst_after_it_does_not_count(self) -> None:
        points = steps(100, 0, 0, 100, 100)
        self.assertAlmostEqual(0.01, figures.held_at(points, 0.02, 1000) or 0)

    def test_at_the_share_is_held(self) -> None:
        self.assertEqual(0.0, figures.held_at(steps(20, 20), 0.02, 2000.001))

    def test_never(self) -> None:
        self.assertIsNone(figures.held_at(steps(100, 100), 0.02, 1000))

    def test_too_short_to_say(self) -> None:
        self.assertIsNone(figures.held_at(steps(0), 0.02, 1000))


class ShareTest(unittest.TestCase):
    def test_of_the_full_rate(self) -> None:
        points = steps(100, 100, 20, 20, 100)
        share = figures.share_of(points, points[2][0], 0.0199, 10_000)
        self.assertAlmostEqual(0.2, share)

    def test_is_widened_over_a_gap(self) -> None:
        points = [(0.0, 0), (0.2, 100)]
        self.assertEqual(0.5, figures.share_of(points, 0.05, 0.1, 1000))

    def test_longest_gap(self) -> None:
        points = [(0.0, 0), (0.1, 1), (0.4, 2), (0.5, 3)]
        self.assertAlmostEqual(0.3, figures.longest_gap(points))
        self.assertEqual(0.0, figures.longest_gap(points[:1]))


class PollerTest(unittest.TestCase):
    def test_known(self) -> None:
        self.assertEqual(7.0, figures.next_tick(3.0, 7.0, 5.0))
        self.assertEqual(12.0, figures.next_tick(7.5, 7.0, 5.0))
        self.assertEqual(7.0, figures.next_tick(7.0, 7.0, 5.0))

    @given(st.floats(0, 1e4), st.floats(0, 1e4), st.sampled_from((1.0, 5.0)))
    def test_next(self, now_s: float, first_s: float, period_s: float) -> None:
        tick_s = figures.next_tick(now_s, first_s, period_s)
        self.assertGreaterEqual(tick_s, first_s)
        self.assertGreaterEqual(tick_s, now_s - 1e-6)
        self.assertLess(tick_s - max(now_s, first_s), period_s + 1e-6)


class PartsTest(unittest.TestCase):
    @given(st.integers(0, 1000), st.integers(1, 20))
    def test_parts(self, total: int, count: int) -> None:
        parts = figures.parts(total, count)
        self.assertEqual(count, len(parts))
        self.assertEqual(total, sum(parts))
        self.assertLessEqual(max(parts) - min(parts), 1)
