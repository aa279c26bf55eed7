# SPDX-License-Identifier: Apache-2.0
"""The fence: who is behind it, also for the next agent and the next boot."""

import json
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop import exception
from nova_desktop.mechanism import durable, fence

WHY = 'the host prepares for sleep'
NOWHERE: frozenset[fence.Key] = frozenset()


class FenceCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / 'state' / 'fence.json'
        self.boot_id = pathlib.Path(folder.name) / 'boot_id'
        self.boot_id.write_text('first\n')
        self.known: set[str] = set()
        self.now_s = 1000.0
        self.fence = self.construct()

    def construct(self) -> fence.Fence:
        return fence.Fence(self.path, lambda: self.now_s, self.boot_id)

    def look(self, *ours: fence.Key, stays_closed: bool = False) -> None:
        self.fence.look(ours, {*ours}, self.known.__contains__, stays_closed)

    def fill(self, *ours: fence.Key) -> None:
        self.fence.close(WHY)
        self.look(*ours)

    def after_boot(self) -> None:
        self.boot_id.write_text('second\n')
        self.fence = self.construct()

    def news(self) -> list[tuple[str, str]]:
        found = [(each.uuid, each.after) for each in self.fence.news]
        self.fence.news.clear()
        return found


class WhoTest(FenceCase):
    def test_open_from_the_start(self) -> None:
        self.look(('a', 1))
        self.assertEqual({}, self.fence.members)
        self.assertFalse(self.path.exists())

    def test_all_that_are_found_while_it_closes(self) -> None:
        self.fence.close(WHY)
        self.look(('a', 1), stays_closed=True)
        self.now_s += 5
        self.look(('a', 1), ('b', 2), stays_closed=True)
        self.assertEqual(WHY, self.fence.closed)
        self.look(('a', 1), ('b', 2), ('late', 3))
        self.assertEqual('', self.fence.closed)
        self.look(('a', 1), ('b', 2), ('late', 3), ('new', 4))
        since = {
            uuid: each.since_unix_s
            for uuid, each in self.fence.members.items()
        }
        self.assertEqual({'a': 1000, 'b': 1005, 'late': 1005}, since)

    def test_out_one_by_one_and_nothing_is_left(self) -> None:
        self.fill(('a', 1), ('b', 2))
        self.assertTrue(self.fence.lift('a', 'it does'))
        self.assertFalse(self.fence.lift('a', 'it does'))
        self.assertEqual({'b'}, set(self.fence.members))
        self.assertEqual({'b'}, set(self.construct().members))
        self.assertTrue(self.fence.lift('b', 'it does'))
        self.assertFalse(self.path.exists())

    def test_who_ended_is_out_and_who_started_again_is_not_in(self) -> None:
        self.known |= {'a', 'b'}
        self.fill(('a', 1), ('b', 2))
        self.look(('b', 2))
        self.look(('b', 2), ('a', 3))
        self.assertEqual({'b'}, set(self.fence.members))

    def test_news(self) -> None:
        self.fill(('a', 1), ('b', 2))
        self.assertEqual([('a', 'fenced'), ('b', 'fenced')], self.news())
        self.look(('a', 1))
        self.fence.lift('a', 'it does')
        self.assertEqual([('b', 'gone'), ('a', 'free')], self.news())

    def test_removed(self) -> None:
        self.fill(('a', 1))
        self.fence.remove()
        self.assertFalse(self.path.exists())
        self.assertEqual({}, self.construct().members)


class LaterTest(FenceCase):
    """Another agent, or another boot."""

    def test_killed_agent(self) -> None:
        self.fill(('a', 1))
        members = self.fence.members
        self.fence = self.construct()
        self.assertEqual(members, self.fence.members)

    def test_killed_before_it_found_anybody(self) -> None:
        self.fence.close(WHY)
        self.fence = self.construct()
        self.assertEqual(WHY, self.fence.closed)
        self.look(('a', 1))
        self.assertEqual({'a'}, set(self.construct().members))

    def test_boot_keeps_who_may_start_again(self) -> None:
        self.fill(('a', 1), ('gone', 2))
        self.known.add('a')
        self.after_boot()
        self.look()
        self.assertEqual({'a'}, set(self.fence.members))
        self.look(('a', 1))
        self.assertEqual(1000.0, self.fence.members['a'].since_unix_s)
        self.look()
        self.assertEqual({}, self.fence.members)

    def test_unreadable_record_is_everybody(self) -> None:
        self.path.parent.mkdir()
        for text in ('', '{', '[]', '{"boot_id": 1}', '{"guests": [{}]}'):
            with self.subTest(text=text):
                self.path.write_text(text)
                self.fence = self.construct()
                with self.assertLogs('nova_desktop', 'ERROR') as logged:
                    self.look(('a', 1))
                self.assertIn(str(self.path), logged.output[0])
                self.assertEqual({'a'}, set(self.fence.members))
                found = json.loads(self.path.read_text())
                self.assertEqual('a', found['guests'][0]['uuid'])


class FullDiskTest(FenceCase):
    def setUp(self) -> None:
        super().setUp()
        full = mock.patch.object(
            durable, 'replace', side_effect=OSError(28, 'No space left')
        )
        self.full = full
        full.start()
        self.addCleanup(full.stop)

    def test_holds_and_is_written_later(self) -> None:
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.fence.close(WHY)
        self.assertIn(str(self.path), str(caught.exception))
        with self.assertRaises(exception.MechanismFailed):
            self.look(('a', 1))
        self.assertEqual({'a'}, set(self.fence.members))
        self.full.stop()
        self.look(('a', 1))
        self.assertEqual({'a'}, set(self.construct().members))

    def test_who_belongs_here_is_out_all_the_same(self) -> None:
        self.full.stop()
        self.fill(('a', 1), ('b', 2))
        self.full.start()
        with self.assertLogs('nova_desktop', 'WARNING'):
            self.assertTrue(self.fence.lift('a', 'it does'))
        self.assertEqual({'b'}, set(self.fence.members))
