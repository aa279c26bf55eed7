# SPDX-License-Identifier: Apache-2.0
import random
import unittest

from benchmarks import methods

NAMES = ['alone', 'ours', 'unthrottled', 'nice19', 'boinc', 'htcondor']


class OrderTest(unittest.TestCase):
    def setUp(self) -> None:
        rng = random.Random(7)
        self.orders = [methods.order(NAMES, rng) for _ in range(200)]

    def test_each_is_measured_once(self) -> None:
        for order in self.orders:
            self.assertEqual(sorted(NAMES), sorted(order))

    def test_ours_is_beside_alone_in_either_order(self) -> None:
        gaps = {
            order.index('ours') - order.index('alone') for order in self.orders
        }
        self.assertEqual({-1, 1}, gaps)

    def test_any_can_be_first(self) -> None:
        self.assertEqual(set(NAMES), {order[0] for order in self.orders})


class LeastTest(unittest.TestCase):
    def test_boinc_is_watched_for_a_whole_cycle(self) -> None:
        self.assertEqual(10, methods.cycle(0.1))
        self.assertEqual(1, methods.cycle(1.0))
        self.assertEqual(10.0, methods.least_s('boinc', 0.1))

    def test_htcondor_is_watched_until_after_its_poll(self) -> None:
        self.assertEqual(10.0, methods.least_s('htcondor', 0.1))

    def test_others_have_no_cycle(self) -> None:
        for name in ('alone', 'ours', 'unthrottled', 'nice19'):
            self.assertEqual(0.0, methods.least_s(name, 0.1))
