# SPDX-License-Identifier: Apache-2.0
"""The record of what was done to guests outlives the agent."""

import pathlib
import stat
import tempfile
import unittest

from nova_desktop import exception
from nova_desktop.mechanism import guest_record


class RecordTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.path = self.dir / 'state' / 'record.json'
        self.boot_id = self.dir / 'boot_id'
        self.boot_id.write_text('one\n')

    def open(self) -> guest_record.GuestRecord:
        return guest_record.GuestRecord(self.path, self.boot_id)

    def test_outlives_whoever_wrote_it(self) -> None:
        record = self.open()
        record.put({('b', 2): {'x': 1}, ('a', 1): None})
        record.put({('c', 3): 7})
        record.drop([('a', 1), ('unknown', 1)])
        found = self.open()
        self.assertEqual([('b', 2), ('c', 3)], found.keys())
        self.assertEqual({'x': 1}, found.get(('b', 2)))
        self.assertIn(('c', 3), found)
        self.assertNotIn(('c', 4), found)
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))

    def test_keeps_who_is_there(self) -> None:
        self.open().put({('a', 1): None, ('b', 2): None})
        self.open().keep([('b', 2), ('c', 3)])
        self.assertEqual([('b', 2)], self.open().keys())

    def test_unchanged_is_not_written(self) -> None:
        record = self.open()
        record.put({('a', 1): None})
        self.path.unlink()
        record.put({('a', 1): None})
        record.keep([('a', 1)])
        self.assertFalse(self.path.exists())

    def test_another_boot(self) -> None:
        self.open().put({('a', 1): None})
        self.boot_id.write_text('two\n')
        self.assertEqual(0, len(self.open()))

    def test_unreadable_is_put_aside(self) -> None:
        self.path.parent.mkdir()
        for text in ('{', '[]', '{"guests": [{}]}', '{"guests": []}', '\xff'):
            self.path.write_text(text, 'latin-1')
            with self.assertLogs('nova_desktop', 'ERROR'):
                self.assertEqual(0, len(self.open()), text)
            self.assertFalse(self.path.exists())
            aside = self.path.with_suffix('.bad')
            self.assertEqual(text, aside.read_text('latin-1'))

    def test_not_written_is_told_and_remembered(self) -> None:
        (self.dir / 'state').write_text('in the way')
        with self.assertLogs('nova_desktop', 'ERROR'):
            record = self.open()
            len(record)
        with self.assertRaises(exception.MechanismFailed) as caught:
            record.put({('a', 1): None})
        self.assertIn('[agent] state_dir', str(caught.exception))
        self.assertIn(('a', 1), record)
