# SPDX-License-Identifier: Apache-2.0
"""The kernel's counters, and files that are none."""

import pathlib
import shutil
import tempfile
import unittest

from nova_desktop.sensing import counters

PROC = pathlib.Path('/proc')


class CountersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)

    def file(self, text: str) -> pathlib.Path:
        path = self.dir / 'stat'
        path.write_text(text)
        return path

    def test_real_proc_can_be_read(self) -> None:
        self.assertGreater(counters.busy_s(PROC), 0.0)
        self.assertGreater(counters.available(PROC) or 0.0, 0.0)

    def test_both_versions_of_usage(self) -> None:
        for text in ('2500000000\n', 'usage_usec 2500000\nuser_usec 1\n'):
            self.assertEqual(2.5, counters.usage_s(self.file(text)))

    def test_files_of_another_shape_are_refused(self) -> None:
        for text in ('', 'hello\n', 'cpu 1 2\n'):
            with self.assertRaises(ValueError):
                counters.usage_s(self.file(text))
            with self.assertRaises(ValueError):
                counters.busy_s(self.file(text).parent)

    def test_what_is_missing_is_an_error_but_for_meminfo(self) -> None:
        with self.assertRaises(OSError):
            counters.usage_s(self.dir / 'none')
        with self.assertRaises(OSError):
            counters.busy_s(self.dir)
        self.assertIsNone(counters.available(self.dir))
