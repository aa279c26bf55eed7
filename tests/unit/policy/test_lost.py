# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop import model
from nova_desktop.policy import lost

PLAIN = frozenset({model.TRAIT})


class JudgeTest(unittest.TestCase):
    def test_without_a_fence_never(self) -> None:
        judged = lost.judge(PLAIN, 10**9, 600)
        self.assertEqual((False, True), (judged.may, judged.final))

    def test_with_a_fence_after_its_time(self) -> None:
        for promise in model.PROMISES:
            early = lost.judge(PLAIN | {promise}, 599, 600)
            self.assertEqual((False, False), (early.may, early.final))
            self.assertTrue(lost.judge(PLAIN | {promise}, 600, 600).may)


class OutageTest(unittest.TestCase):
    def test_more_than_a_part(self) -> None:
        self.assertFalse(lost.is_outage(20, 100, 20))
        self.assertTrue(lost.is_outage(21, 100, 20))

    def test_one_is_none(self) -> None:
        self.assertFalse(lost.is_outage(1, 1, 0))
        self.assertTrue(lost.is_outage(2, 2, 20))
