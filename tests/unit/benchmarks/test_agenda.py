# SPDX-License-Identifier: Apache-2.0
import unittest
from collections.abc import Callable

from benchmarks import agenda


class AgendaTest(unittest.TestCase):
    """Driven by a clock that goes on a second at each look."""

    def setUp(self) -> None:
        self.now_s = 0.0
        self.done: list[tuple[str, float]] = []
        self.agenda = agenda.Agenda(self.submit, lambda: self.now_s)

    def submit(self, task: Callable[..., object], *arguments: object) -> None:
        task(*arguments)

    def note(self, name: str) -> None:
        self.done.append((name, self.now_s))

    def until(self, end_s: float) -> bool:
        def is_over() -> bool:
            self.now_s += 1
            return self.now_s > end_s

        return self.agenda.run(is_over, 1000.0)

    def test_each_is_done_when_due(self) -> None:
        self.agenda.at(5.0, self.note, 'late')
        self.agenda.at(2.0, self.note, 'early')
        self.assertTrue(self.until(10.0))
        self.assertEqual([('early', 2.0), ('late', 5.0)], self.done)

    def test_a_task_may_add_another(self) -> None:
        def again() -> None:
            self.note('first')
            self.agenda.at(self.now_s + 3, self.note, 'second')

        self.agenda.at(1.0, again)
        self.until(10.0)
        self.assertEqual([('first', 1.0), ('second', 4.0)], self.done)

    def test_what_is_not_due_is_left(self) -> None:
        self.agenda.at(50.0, self.note, 'never')
        self.until(10.0)
        self.assertEqual([], self.done)

    def test_says_that_it_was_too_late(self) -> None:
        self.now_s = 3.0
        self.assertFalse(self.agenda.run(lambda: False, 2.0))
