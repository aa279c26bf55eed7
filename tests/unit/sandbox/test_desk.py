# SPDX-License-Identifier: Apache-2.0
import itertools
import json
import os
import pathlib
import sys
import time
import unittest
from typing import Any

from sandbox import desk, desk_devices
from tests.unit.sandbox import bus


class DeskCase(bus.BusTest):
    """A desk in a process of its own, told what to do over its socket."""

    def setUp(self) -> None:
        super().setUp()
        self.log = self.dir / 'desk.log'
        self.group = self.dir / 'cgroup' / 'owner'
        self.process = self.spawn(
            *(sys.executable, '-m', 'sandbox.desk'),
            *('--input-dir', str(self.dir / 'input')),
            *('--socket', str(self.dir / 'socket')),
            *('--log', str(self.log), '--work-group', str(self.group)),
        )
        self.wait_for(lambda: self.events('start'))
        self.readers = [
            os.open(self.dir / 'input' / name, os.O_RDONLY | os.O_NONBLOCK)
            for name in ('event0', 'event1')
        ]
        for reader in self.readers:
            self.addCleanup(os.close, reader)

    def send(self, command: str) -> dict[str, Any]:
        return desk.send(self.dir / 'socket', command)

    def do(self, command: str) -> dict[str, Any]:
        told = self.send(command)
        self.assertTrue(told['ok'], told)
        return told

    def events(self, name: str) -> list[dict[str, Any]]:
        text = self.log.read_text() if self.log.exists() else ''
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if line['event'] == name]

    def read(self, reader: int) -> list[tuple[int, ...]]:
        try:
            data = os.read(reader, 65536)
        except BlockingIOError:
            return []
        return list(desk_devices.EVENT.iter_unpack(data))


class DeskTest(DeskCase):
    """What needs no logind."""

    def test_a_bump_is_one_movement_and_its_time_is_logged(self) -> None:
        before = time.monotonic_ns()
        told = self.do('bump')
        after = time.monotonic_ns()
        self.assertEqual(
            [(2, 0, 1), (2, 1, 0), (0, 0, 0)],
            [event[2:] for event in self.read(self.readers[1])],
        )
        (line,) = self.events('bump')
        self.assertEqual(told['t_mono'], line['t_mono'])
        self.assertTrue(before < line['t_mono'] < after)

    def test_strokes_have_a_typist_s_rhythm(self) -> None:
        self.do('type 4')
        times = [line['t_mono'] for line in self.events('key')]
        self.assertEqual(4, len(times))
        gaps = [(b - a) / 1e9 for a, b in itertools.pairwise(times)]
        self.assertGreater(min(gaps), 0.079)

    def test_a_flood_keeps_its_rate(self) -> None:
        told = self.do('mouse 500 0.4')
        self.assertEqual(200, told['moved'])
        (began,), (ended,) = self.events('mouse'), self.events('mouse-end')
        took_s = (ended['t_mono'] - began['t_mono']) / 1e9
        self.assertGreater(took_s, 0.35)

    def test_work_joins_its_group_and_tells_latencies(self) -> None:
        self.do('work 1')
        self.assertFalse(self.send('work 1')['ok'])
        self.assertEqual(1, self.do('state')['working_cores'])
        self.assertTrue((self.group / 'cgroup.procs').exists())
        time.sleep(0.3)
        told = self.do('rest')
        self.assertGreater(told['jobs'], 5)
        self.assertLessEqual(told['p50_ms'], told['p99_ms'])
        self.assertLessEqual(told['p99_ms'], told['max_ms'])
        (line,) = self.events('rest')
        self.assertEqual(told['p99_ms'], line['p99_ms'])
        self.assertEqual(0, self.do('state')['working_cores'])

    def test_work_for_a_time_rests_by_itself(self) -> None:
        self.do('work 1 0.2')
        self.wait_for(lambda: self.events('rest'))
        self.assertEqual(0, self.do('state')['working_cores'])

    def test_bad_commands_are_named(self) -> None:
        for command, word in (
            ('dance', "'dance' is not one of back, away"),
            ('', "'' is not one of"),
            ('type', 'strokes'),
            ('type x', "'x'"),
            ('type nan', '0 or more'),
            ('mouse 0 1', 'above 0'),
            ('work 1 1 11', 'at most 10'),
            ('away 1', 'none'),
        ):
            with self.subTest(command):
                told = self.send(command)
                self.assertFalse(told['ok'])
                self.assertIn(word, told['error'])

    def test_a_desk_that_is_told_to_go_leaves_the_devices(self) -> None:
        self.process.terminate()
        self.assertEqual(0, self.process.wait(bus.WAIT_S))
        self.assertTrue((self.dir / 'input' / 'event0').is_fifo())

    def test_without_logind_back_still_types(self) -> None:
        told = self.send('back')
        self.assertFalse(told['ok'])
        self.assertIn('login1', told['error'])
        self.wait_for(lambda: len(self.events('key')) >= 3)


@unittest.skipUnless(bus.has_double(), 'python3-dbusmock is not installed')
class OwnerTest(DeskCase):
    """What needs one."""

    def setUp(self) -> None:
        super().setUp()
        self.start_logind()

    def test_back_and_away_type_and_lock(self) -> None:
        self.do('lock')
        self.assertEqual('true', self.property('Session', 'LockedHint'))
        told = self.do('back')
        self.assertEqual('false', self.property('Session', 'LockedHint'))
        self.assertGreater(told['t_mono'], 0)
        self.wait_for(lambda: len(self.events('key')) >= 3)
        self.assertEqual(
            {'ok': True, 'typing': True, 'locked': False, 'working_cores': 0},
            self.do('state'),
        )
        self.do('away')
        self.assertEqual('true', self.property('Session', 'LockedHint'))
        strokes = len(self.events('key'))
        time.sleep(0.3)
        self.assertEqual(strokes, len(self.events('key')))


class CommandLineTest(unittest.TestCase):
    def test_a_desk_needs_its_places(self) -> None:
        with self.assertRaises(SystemExit):
            desk.parse(['--socket', 'x'])
        options = desk.parse(['--socket', 'x', '--send', 'bump'])
        self.assertEqual(pathlib.Path('x'), options.socket)


if __name__ == '__main__':
    unittest.main()
