# SPDX-License-Identifier: Apache-2.0
"""Journal, record of changes and history of absences."""

import pathlib
import tempfile
import unittest

from nova_desktop.agent import journal, record
from nova_desktop.forecasting import survival
from nova_desktop.model import Change, Presence
from tests.unit.agent import crank


class JournalTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / 'journal'

    def again(self, keep: int = 3) -> journal.Journal:
        entries = journal.Journal(self.path, keep)
        entries.load()
        return entries

    async def test_survives_and_stays_bounded(self) -> None:
        entries = self.again()
        for number in range(20):
            entries.add([number])
            await entries.flush()
            self.assertLessEqual(len(self.path.read_text().split()), 6)
        self.assertEqual([[17], [18], [19]], list(self.again()))
        self.assertEqual(0o600, self.path.stat().st_mode & 0o777)

    async def test_more_at_once_than_are_kept(self) -> None:
        entries = self.again()
        entries.add([0])
        await entries.flush()
        for number in range(1, 8):
            entries.add([number])
        entries.close()
        self.assertEqual([[5], [6], [7]], list(self.again()))

    def test_broken_lines_are_left_out(self) -> None:
        self.path.write_bytes(b'[1]\n[2\n\xff\xfe\n{}\n[3]\n')
        self.assertEqual([[1], [3]], list(self.again()))

    def test_unwritable_is_told_once_and_kept_in_memory(self) -> None:
        self.path.touch()  # a file where the directory should be
        entries = journal.Journal(self.path / 'journal', 3)
        with self.assertLogs('nova_desktop.agent.journal') as logged:
            for number in range(3):
                entries.add([number])
                entries.close()
        self.assertEqual(1, len(logged.output))
        self.assertEqual([[0], [1], [2]], list(entries))


class RecordTest(unittest.TestCase):
    def test_last(self) -> None:
        kept = record.Record(crank.Journal([['spoilt'], [1, 2, 3, 4, 5]]))
        changes = [Change(float(n), 'what', 'a', 'b', 'c') for n in range(5)]
        for change in changes:
            kept.add(change)
        self.assertEqual(changes[-2:], kept.last(2))
        self.assertEqual(changes, kept.last(100))
        self.assertEqual([], kept.last(0))


class AbsencesTest(unittest.TestCase):
    def setUp(self) -> None:
        self.entries = crank.Journal()
        self.absences = record.Absences(self.entries)

    def test_seen_from_begin_to_end(self) -> None:
        self.absences.follow(Presence.IDLE, Presence.AWAY, 1000)
        self.absences.follow(Presence.AWAY, Presence.ACTIVE, 5000)
        self.assertEqual([[1000, 5000]], self.entries)

    def test_begin_not_seen(self) -> None:
        self.absences.follow(Presence.UNKNOWN, Presence.AWAY, 1000)
        self.absences.follow(Presence.AWAY, Presence.ACTIVE, 5000)
        self.assertEqual([], self.entries)

    def test_end_not_seen(self) -> None:
        self.absences.follow(Presence.IDLE, Presence.AWAY, 1000)
        self.absences.follow(Presence.AWAY, Presence.UNKNOWN, 5000)
        self.absences.follow(Presence.UNKNOWN, Presence.ACTIVE, 5001)
        self.assertEqual([], self.entries)

    def test_idle_between_is_one_absence(self) -> None:
        self.absences.follow(Presence.ACTIVE, Presence.AWAY, 1000)
        self.absences.follow(Presence.AWAY, Presence.IDLE, 2000)
        self.assertEqual(0.0, self.absences.forecast(2001)[5])
        self.absences.follow(Presence.IDLE, Presence.AWAY, 3000)
        self.absences.follow(Presence.AWAY, Presence.ACTIVE, 5000)
        self.assertEqual([[1000, 5000]], self.entries)

    def test_forecast(self) -> None:
        self.assertEqual(
            dict.fromkeys((5, 15, 60, 240), 0.0), self.absences.forecast(0)
        )
        self.entries.extend([0, 7200] for _ in range(survival.ENOUGH))
        self.entries.append(['spoilt'])
        self.absences.follow(Presence.IDLE, Presence.AWAY, 10000)
        odds = self.absences.forecast(10060)
        self.assertGreater(odds[60], 0.7)
        self.assertLess(odds[240], 0.3)
