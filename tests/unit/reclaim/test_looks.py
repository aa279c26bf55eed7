# SPDX-License-Identifier: Apache-2.0
import threading
import unittest

from nova_desktop.reclaim import looks, nouns
from tests.unit.reclaim import fakes


class LooksTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = fakes.Clock()
        self.stop = threading.Event()
        self.seen: list[tuple[str, float]] = []
        self.error: Exception | None = None

    def look(self, name: str) -> None:
        self.seen.append((name, self.clock.steady()))
        if name == 'a' and self.error:
            raise self.error

    def run_for(self, seconds: float) -> None:
        self.clock.at(seconds, self.stop.set)
        looks.Looks(
            {'a': lambda: self.look('a')},
            {'b': lambda: self.look('b')},
            60.0,
            self.clock,
            self.stop,
        ).run()

    def test_first_at_once_then_all(self) -> None:
        self.run_for(130)
        self.assertEqual(
            [('a', 0), ('a', 60), ('b', 60), ('a', 120), ('b', 120)],
            self.seen,
        )

    def test_one_that_fails_stops_no_other(self) -> None:
        for error in (nouns.CloudUnreachable('down'), RuntimeError('x')):
            self.setUp()
            self.error = error
            with self.assertLogs('nova_desktop.reclaim.looks', 'WARNING'):
                self.run_for(70)
            self.assertEqual(['a', 'a', 'b'], [name for name, _ in self.seen])
