# SPDX-License-Identifier: Apache-2.0
"""Checks of what the kernel offers, on fake trees."""

import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop.doctor import kernel
from nova_desktop.doctor.result import Result, State
from nova_desktop.mechanism import cgroup


class TreeCase(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)

    def write(self, name: str, text: str = '') -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class ControllersTest(TreeCase):
    def test_version_1(self) -> None:
        for name in kernel.NEEDED[1]:
            self.write(f'{name}/cgroup.procs')
        self.assertEqual(State.OK, kernel.controllers(self.root).state)
        (self.root / 'freezer/cgroup.procs').unlink()
        result = kernel.controllers(self.root)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('freezer', result.found)

    def test_version_2(self) -> None:
        self.write('cgroup.controllers', 'cpuset cpu io memory pids\n')
        self.assertEqual(State.OK, kernel.controllers(self.root).state)
        self.write('cgroup.controllers', 'cpuset cpu pids\n')
        result = kernel.controllers(self.root)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('memory, io', result.found)

    def test_none(self) -> None:
        self.assertEqual(State.PROBLEM, kernel.controllers(self.root).state)


class SliceTest(TreeCase):
    def check(self) -> Result:
        return kernel.guests_slice(cgroup.find(self.root), 'x.partition')

    def setUp(self) -> None:
        super().setUp()
        for name in ('cpu', 'memory'):
            self.write(f'{name}/cgroup.procs')
            self.write(f'{name}/x.partition/cgroup.procs')
        self.write('cpu/x.partition/cpu.idle', '1\n')

    def test_idle(self) -> None:
        self.assertEqual(State.OK, self.check().state)

    def test_missing_in_one_controller(self) -> None:
        (self.root / 'memory/x.partition/cgroup.procs').unlink()
        (self.root / 'memory/x.partition').rmdir()
        result = self.check()
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn(f'missing in {self.root}/memory', result.found)
        self.assertIn('--prepare', result.remedy)

    def test_not_idle(self) -> None:
        self.write('cpu/x.partition/cpu.idle', '0\n')
        self.assertEqual(State.PROBLEM, self.check().state)

    def test_kernel_without_idle_class(self) -> None:
        (self.root / 'cpu/x.partition/cpu.idle').unlink()
        result = self.check()
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('5.15', result.remedy)


class InputTest(TreeCase):
    def test_readable(self) -> None:
        self.write('event0')
        self.write('mice')
        result = kernel.input_readable(self.root)
        self.assertEqual(State.OK, result.state)
        self.assertIn('1 in', result.found)

    def test_directory_missing(self) -> None:
        result = kernel.input_readable(self.root / 'input')
        self.assertEqual(State.PROBLEM, result.state)

    def test_device_shut(self) -> None:
        self.write('event0')
        with mock.patch.object(kernel.os, 'access') as access:
            access.side_effect = lambda path, mode: path == self.root
            result = kernel.input_readable(self.root)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('event0', result.found)
