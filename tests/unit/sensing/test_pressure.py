# SPDX-License-Identifier: Apache-2.0
"""The pressure of the owner's groups, on a fake tree."""

import asyncio
import errno
import os
import pathlib
import shutil
import socket
import tempfile
import unittest
from unittest import mock

from nova_desktop.sensing import pressure, psi

LINE = 'some avg10=0.00 avg60=0.00 avg300=0.00 total={}\n'


def open_files() -> int:
    return sum(1 for _ in pathlib.Path('/proc/self/fd').iterdir())


class TreeCase(unittest.TestCase):
    def setUp(self) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.waiting = pressure.OwnersPressure(
            self.root,
            {'guests.slice', 'agent'},
            dict.fromkeys(pressure.KINDS, 0.1),
        )
        self.addCleanup(self.waiting.close)

    def group(self, name: str, total_us: int = 0) -> None:
        directory = self.root / name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / 'cpu.pressure').write_text(LINE.format(total_us))


class GroupsTest(TreeCase):
    def names(self) -> set[str]:
        return {name for _kind, name in self.waiting.read()}

    def test_all_but_the_guests_and_the_agent(self) -> None:
        for name in ('user.slice', 'machine.slice', 'guests.slice', 'agent'):
            self.group(name)
            self.group(f'{name}/inner')
        # That of the parent counts the guests' waiting too.
        self.group('.')
        self.assertEqual({'user.slice', 'machine.slice'}, self.names())

    def test_groups_come_and_go(self) -> None:
        self.assertEqual(set(), self.names())
        self.group('user.slice')
        self.assertEqual({'user.slice'}, self.names())
        before = open_files()
        shutil.rmtree(self.root / 'user.slice')
        self.assertEqual(set(), self.names())
        self.assertEqual(before - 1, open_files())

    def test_group_that_was_made_again_is_opened_again(self) -> None:
        self.group('user.slice', 7000000)
        self.waiting.read()
        self.group('user.slice', 1000000)
        gone = OSError(errno.ENODEV, 'No such device')
        with mock.patch.object(psi.Gauge, 'stalled_s', side_effect=gone):
            self.assertEqual({}, self.waiting.read())
        self.assertEqual(
            {('cpu', 'user.slice'): 1.0}, dict(self.waiting.read())
        )

    def test_kernel_without_it_has_no_say(self) -> None:
        self.group('user.slice')
        off = OSError(errno.EOPNOTSUPP, 'Operation not supported')
        with mock.patch.object(psi.Gauge, 'stalled_s', side_effect=off):
            self.assertEqual({}, self.waiting.read())

    def test_what_cannot_be_read_is_an_error(self) -> None:
        self.group('user.slice')
        for error in (OSError(errno.EIO, 'I/O error'), ValueError()):
            with (
                mock.patch.object(psi.Gauge, 'stalled_s', side_effect=error),
                self.assertRaises(type(error)),
            ):
                self.waiting.read()
        shutil.rmtree(self.root / 'user.slice')
        self.root.rename(self.root.with_suffix('.gone'))
        self.addCleanup(self.root.mkdir)
        self.addCleanup(shutil.rmtree, self.root.with_suffix('.gone'))
        with self.assertRaises(FileNotFoundError):
            self.waiting.read()


class WorstTest(unittest.TestCase):
    def test_share_of_time(self) -> None:
        key, other = ('cpu', 'a'), ('cpu', 'b')
        for old, new, expected in (
            ({}, {}, None),
            ({key: 1.0}, {('io', 'a'): 2.0}, None),
            ({key: 1.0, other: 1.0}, {key: 2.0, other: 3.0}, 0.2),
            # New, and made again: all that it waited was since.
            ({key: 1.0}, {key: 1.0, other: 3.0}, 0.3),
            ({key: 9.0}, {key: 4.0}, 0.4),
            ({key: 0.0}, {key: 99.0}, 1.0),
        ):
            self.assertEqual(
                expected, pressure.worst('cpu', old, new, 10.0), new
            )


class AlarmTest(unittest.IsolatedAsyncioTestCase):
    """The loop's side; sockets have urgent data in the place of a trigger."""

    def setUp(self) -> None:
        self.here, self.there = socket.socketpair()
        self.addCleanup(self.here.close)
        self.addCleanup(self.there.close)
        self.gauge = mock.Mock(spec=psi.Gauge)
        self.gauge.arm.return_value = self.here.fileno()

    async def test_hears_of_urgent_data_alone(self) -> None:
        rings = asyncio.Event()

        def ring() -> None:
            self.here.recv(1, socket.MSG_OOB)
            rings.set()

        alarm = psi.Alarm(asyncio.get_running_loop(), ring)
        self.addCleanup(alarm.close)
        alarm.add(self.gauge, 0.1)
        self.there.send(b'common')
        await asyncio.sleep(0.02)
        self.assertFalse(rings.is_set())
        self.there.send(b'!', socket.MSG_OOB)
        await asyncio.wait_for(rings.wait(), 2)

    async def test_group_that_is_gone_rings_once(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        self.gauge.arm.return_value = writer
        rings = asyncio.Semaphore(0)
        alarm = psi.Alarm(asyncio.get_running_loop(), rings.release)
        self.addCleanup(alarm.close)
        alarm.add(self.gauge, 0.1)
        os.close(reader)
        await asyncio.wait_for(rings.acquire(), 2)
        await asyncio.sleep(0.02)
        self.assertTrue(rings.locked())


class ListenTest(TreeCase, unittest.IsolatedAsyncioTestCase):
    async def test_refused_trigger_is_told_once_and_read_all_the_same(
        self,
    ) -> None:
        self.group('user.slice', 1000000)
        self.group('system.slice')
        self.waiting.listen(asyncio.get_running_loop(), lambda: None)
        refused = OSError(errno.EACCES, 'Permission denied')
        with (
            mock.patch.object(psi.Gauge, 'arm', side_effect=refused) as arm,
            self.assertLogs(pressure.LOG.logger, 'WARNING') as said,
        ):
            found = self.waiting.read()
            self.waiting.read()
        self.assertEqual(1.0, found['cpu', 'user.slice'])
        self.assertEqual(2, arm.call_count)
        self.assertEqual(1, len(said.output))
        self.assertIn('Permission denied', said.output[0])


class GaugeTest(TreeCase):
    def test_window_that_is_refused_is_followed_by_the_long_one(self) -> None:
        self.group('a')
        gauge = psi.Gauge(self.root / 'a/cpu.pressure')
        self.addCleanup(gauge.close)
        invalid = OSError(errno.EINVAL, 'Invalid argument')
        with mock.patch.object(
            psi.os, 'write', side_effect=[invalid, 24]
        ) as write:
            gauge.arm(0.1)
        self.assertEqual(
            [b'some 50000 500000\0', b'some 200000 2000000\0'],
            [call.args[1] for call in write.call_args_list],
        )
        with (
            mock.patch.object(psi.os, 'write', side_effect=invalid),
            self.assertRaises(OSError),
        ):
            gauge.arm(0.1)

    def test_file_that_may_only_be_read_takes_no_trigger(self) -> None:
        self.group('a', 3000000)
        real = os.open

        def read_only(path: str, flags: int) -> int:
            if flags & os.O_RDWR:
                raise PermissionError(errno.EACCES, 'Permission denied')
            return real(path, flags)

        with mock.patch.object(psi.os, 'open', side_effect=read_only):
            gauge = psi.Gauge(self.root / 'a/cpu.pressure')
        self.addCleanup(gauge.close)
        self.assertEqual(3.0, gauge.stalled_s())
        with self.assertRaises(PermissionError):
            gauge.arm(0.1)

    def test_file_of_another_shape_is_refused(self) -> None:
        self.group('a')
        path = self.root / 'a/cpu.pressure'
        path.write_text('hello\n')
        gauge = psi.Gauge(path)
        self.addCleanup(gauge.close)
        with self.assertRaises(ValueError):
            gauge.stalled_s()
