# SPDX-License-Identifier: Apache-2.0

import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop.reclaim.pace import Pace

waits = st.lists(st.floats(0, 100), max_size=50)


class PaceTest(unittest.TestCase):
    def test_burst_and_then_the_rate(self):
        pace = Pace(2, 0.5, 0.0)
        for _ in range(2):
            self.assertEqual(0, pace.wait_s(0.0))
            pace.took()
        self.assertEqual(2, pace.wait_s(0.0))
        self.assertEqual(1, pace.wait_s(1.0))
        self.assertEqual(0, pace.wait_s(2.0))

    @given(st.integers(1, 20), st.floats(0.01, 10), waits)
    def test_never_more_than_the_rate(self, burst, per_s, pauses):
        pace, now, took = Pace(burst, per_s, 0.0), 0.0, 0
        for pause in pauses:
            now += pause
            while not pace.wait_s(now):
                pace.took()
                took += 1
            self.assertLessEqual(took, burst + now * per_s + 1e-6)

    @given(st.integers(1, 20), st.floats(0.01, 10))
    def test_waiting_as_long_as_told_is_enough(self, burst, per_s):
        pace, now = Pace(burst, per_s, 0.0), 0.0
        for _ in range(burst + 5):
            now += pace.wait_s(now) + 1e-6
            self.assertEqual(0, pace.wait_s(now))
            pace.took()
