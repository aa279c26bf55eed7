# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop.virt import evictions


class EvictionsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now_s = 0.0
        self.evictions = evictions.Evictions(lambda: self.now_s)

    def told(self) -> str | None:
        return self.evictions.stats().get('desktop_evicted')

    def test_nobody_was_evicted(self) -> None:
        self.assertEqual({}, self.evictions.stats())

    def test_steps_of_one_departure_count_once(self) -> None:
        self.evictions.note('a')
        self.now_s += evictions.SAME_S
        self.evictions.note('a')
        self.assertEqual('a:1', self.told())

    def test_counted_by_server(self) -> None:
        for server_id in ('a', 'b', 'a'):
            self.evictions.note(server_id)
            self.now_s += evictions.SAME_S
        self.assertEqual('b:1,a:2', self.told())

    def test_forgotten_after_a_day(self) -> None:
        self.evictions.note('a')
        self.now_s = evictions.KEEP_S
        self.assertIsNone(self.told())

    def test_bounded(self) -> None:
        for number in range(evictions.KEEP + 1):
            self.evictions.note(str(number))
        told = self.told().split(',')
        self.assertEqual(evictions.KEEP, len(told))
        self.assertEqual('1:1', told[0])
