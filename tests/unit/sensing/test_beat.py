# SPDX-License-Identifier: Apache-2.0
"""Looks of different sources fall on the same moments."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop.sensing import beat

PERIODS_S = st.sampled_from([0.02, 1.0, 5.0, 10.0])


class BeatTest(unittest.TestCase):
    @given(PERIODS_S, st.floats(0.0, 1e6))
    def test_is_between_half_a_period_and_one_and_a_half(
        self, period_s: float, now_s: float
    ) -> None:
        wait_s = beat.wait_s(period_s, now_s)
        self.assertGreater(wait_s, period_s * 0.49)
        self.assertLess(wait_s, period_s * 1.51)

    def test_who_came_at_different_times_meets_and_stays_together(
        self,
    ) -> None:
        for started_s in (1000.1, 1001.7, 1002.4):
            at_s = started_s + beat.wait_s(5.0, started_s)
            self.assertAlmostEqual(1005.0, at_s)
            late_s = at_s + 0.003
            self.assertAlmostEqual(1010.0, late_s + beat.wait_s(5.0, late_s))
        self.assertAlmostEqual(1.0, beat.wait_s(1.0, 1005.0))
        self.assertAlmostEqual(10.0, beat.wait_s(10.0, 1000.0))
