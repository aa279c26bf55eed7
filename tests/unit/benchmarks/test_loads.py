# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from benchmarks import loads


class SourceTest(unittest.TestCase):
    def test_is_the_same_each_time(self) -> None:
        self.assertEqual(loads.source(3), loads.source(3))

    def test_names_do_not_collide(self) -> None:
        found = [loads.source(number) for number in range(loads.FILES)]
        self.assertEqual(loads.FILES, len(set(found)))


@unittest.skipUnless(shutil.which('gcc'), 'needs gcc')
class CompiledTest(unittest.TestCase):
    def setUp(self) -> None:
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.dir = pathlib.Path(made.name)

    def test_what_is_compiled_is_c(self) -> None:
        file = self.dir / 'file.c'
        file.write_text(loads.source(0))
        subprocess.run(
            ['gcc', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', file],
            check=True,
        )

    def test_the_program_has_no_warning_and_knows_its_words(self) -> None:
        program = self.dir / 'load'
        to = ['-o', str(program), str(loads.SOURCE), '-lm']
        warnings = ['-Wall', '-Wextra', '-Werror']
        subprocess.run(['gcc', '-O2', '-pthread', *warnings, *to], check=True)
        self.assertEqual(2, self.ended(program, 'nothing'))
        self.assertEqual(2, self.ended(program, 'wake', '1'))

    def ended(self, *command: object) -> int:
        return subprocess.run(
            list(map(str, command)), stderr=subprocess.DEVNULL
        ).returncode


class WakeTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which('gcc'), 'needs gcc')
    def test_no_piece_of_work_is_left_out(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            owner = loads.Loads(pathlib.Path(name))
            late_ms = owner.wake(0.2)
            file = pathlib.Path(name, 'owner-file')
            wrote = len(owner.fsync(0.05))
            self.assertEqual(4096 * wrote, file.stat().st_size)
        pieces = 0.2e6 / loads.PERIOD_US * len(os.sched_getaffinity(0))
        self.assertEqual(pieces, len(late_ms))
        self.assertGreater(min(late_ms), 0)
