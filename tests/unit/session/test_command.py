# SPDX-License-Identifier: Apache-2.0
"""The helper's command line, and its lock."""

import contextlib
import io
import pathlib
import tempfile
import unittest

from nova_desktop.cmd import session as command
from nova_desktop.session import login


class OptionsTest(unittest.TestCase):
    def refused(self, *arguments: str) -> str:
        said = io.StringIO()
        with (
            contextlib.redirect_stderr(said),
            self.assertRaises(SystemExit) as ended,
        ):
            command.main(arguments)
        self.assertEqual(2, ended.exception.code)
        return said.getvalue()

    def test_bad_values_are_named(self) -> None:
        self.assertIn("'999' is not 1000", self.refused('--idle-ms', '999'))
        self.assertIn("'x' is not 1000", self.refused('--idle-ms', 'x'))
        self.assertIn("'-1' is not 0 to", self.refused('--notify-every-s=-1'))
        self.assertIn("'telepathy'", self.refused('--backend', 'telepathy'))


class LockTest(unittest.TestCase):
    def test_one_helper_for_each_session(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            with login.only_one(directory, '../c1'):
                with (
                    self.assertRaises(BlockingIOError),
                    login.only_one(directory, '../c1'),
                ):
                    pass
                with login.only_one(directory, 'c2'):
                    pass
            with login.only_one(directory, '../c1'):
                self.assertEqual(2, len(list(directory.iterdir())))

    def test_nowhere_to_lock(self) -> None:
        with login.only_one(None, 'c1'), login.only_one(None, 'c1'):
            pass
