# SPDX-License-Identifier: Apache-2.0

import math
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop.reclaim import grace
from tests.unit.reclaim import fakes

SECONDS = st.floats(0, 20000)


class EarlyTest(unittest.TestCase):
    """A notice given ahead never gets shorter than the flavor's."""

    def setUp(self):
        self.settings = fakes.settings(grace_min_s=5)

    def test_known_values(self):
        for expected, told, before, deadline in (
            (900, 0, None, 900),
            (300, 0, None, 600),
            (300, 200, None, 800),
            (300, 0, 700, 700),
            (900, 0, 700, 900),
        ):
            self.assertEqual(
                deadline, grace.early_unix_s(expected, told, 600, before)
            )

    @given(st.integers(0, 3600), st.lists(SECONDS, min_size=1, max_size=5))
    def test_it_only_grows(self, full_s, expectations):
        told, before = 100.0, None
        for expected in expectations:
            deadline = grace.early_unix_s(expected, told, full_s, before)
            self.assertGreaterEqual(deadline, told + full_s)
            self.assertGreaterEqual(deadline, before or 0.0)
            self.assertGreaterEqual(deadline, expected)
            before = deadline

    @given(st.integers(0, 3600), SECONDS, SECONDS)
    def test_the_owner_comes_whenever(self, notice_s, expected_s, comes_s):
        a = fakes.server(extra_specs=fakes.specs(notice=notice_s))
        full_s = grace.full_notice_s(a.tolerance, self.settings)
        told, now = fakes.START, fakes.START + comes_s
        early = grace.early_unix_s(told + expected_s, told, full_s)
        deadline = grace.deadline_unix_s(a, now, self.settings, early)
        # Of these are the promises; float sums may differ in the last digit.
        self.assertGreaterEqual(deadline, told + full_s - 1e-3)
        self.assertGreaterEqual(deadline, now + 5 - 1e-3)
        # Told in whole seconds, and kept as it was told.
        self.assertEqual(deadline, round(deadline))
        self.assertLess(deadline, now + full_s + 1)
        if now + 5 < early < now + full_s:
            self.assertEqual(math.ceil(early), deadline)

    @given(SECONDS)
    def test_none_was_given(self, comes_s):
        now = fakes.START + comes_s
        a = fakes.server()
        self.assertEqual(
            math.ceil(now + 60), grace.deadline_unix_s(a, now, self.settings)
        )


class AgreedTest(unittest.TestCase):
    def test_only_the_notice_in_force(self):
        self.assertTrue(grace.agreed('1001', 1000.4))
        for text in ('', '1000', '1000.4', 'yes', '01001'):
            self.assertFalse(grace.agreed(text, 1000.4), text)
