# SPDX-License-Identifier: Apache-2.0
import pathlib
import tempfile
import unittest

from nova_desktop.virt import boot


class BootTest(unittest.TestCase):
    def test_read(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        stat = pathlib.Path(folder, 'stat')
        self.assertIsNone(boot.booted_unix_s(stat))
        stat.write_text('cpu 1 2\nbtime 1800000000\nprocesses 3\n')
        self.assertEqual(1800000000.0, boot.booted_unix_s(stat))
        stat.write_text('cpu 1 2\nbtime x\n')
        self.assertIsNone(boot.booted_unix_s(stat))
