# SPDX-License-Identifier: Apache-2.0
import contextlib
import unittest

from nova_desktop import messages

LOGGER = 'nova_desktop.messages.refusals'


class RefusalsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.refusals = messages.Refusals('bus', lambda: self.now)
        self.lines: list[str] = []

    def note(self, sender='desk1', kind='Kind', times=1) -> int:
        """Give how many lines so many refusals cost."""
        logs = self.assertLogs(LOGGER)
        self.lines = []
        with (
            contextlib.suppress(AssertionError),
            logs as caught,
        ):
            for _ in range(times):
                self.refusals.note(sender, kind, 'why not')
            self.lines = caught.output
        return len(self.lines)

    def test_the_first_is_told_and_the_rest_counted(self) -> None:
        self.assertEqual(1, self.note(times=500))
        self.assertIn("Kind in the name of 'desk1'", self.lines[0])
        self.assertIn('why not', self.lines[0])
        self.now += 59
        self.assertEqual(0, self.note())
        self.now += 2
        self.assertEqual(1, self.note())
        self.assertIn('501 of these', self.lines[0])
        self.assertEqual(502, self.refusals.total)

    def test_less_and_less_often(self) -> None:
        told = 0
        for _ in range(24 * 60):
            self.now += 60
            told += self.note(times=2)
        self.assertLess(told, 35)
        self.assertGreater(told, 24)

    def test_others_are_told_apart(self) -> None:
        self.note()
        self.assertEqual(1, self.note('desk2'))
        self.assertEqual(1, self.note(kind='Kind2'))

    def test_invented_names_do_not_fill_log_or_memory(self) -> None:
        told = sum(self.note(f'x{n}') for n in range(5000))
        self.assertEqual(257, told)
        self.assertEqual(257, len(self.refusals._entries))
        self.now += 4000
        self.assertEqual(1, self.note('desk9'))
        self.assertEqual(1, len(self.refusals._entries))

    def test_names_of_any_kind(self) -> None:
        for sender in (None, [], {}, 7, 'x\n' * 10**6):
            self.note(sender)
        self.assertLess(len(self.lines[0]), 400)
        self.assertNotIn('\n', self.lines[0])
