# SPDX-License-Identifier: Apache-2.0
"""Physical cores of fake machines."""

import pathlib
import tempfile
import unittest

from nova_desktop.sensing import topology


class TopologyTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{text}\n')

    def machine(self, online: str, *cores: str) -> None:
        self.write('online', online)
        for core in cores:
            for cpu in core.replace('-', ',').split(','):
                self.write(f'cpu{cpu}/topology/core_cpus_list', core)

    def cores(self) -> tuple[tuple[int, ...], ...]:
        return topology.cores(self.root)

    def test_highest_number_first(self) -> None:
        self.machine('0-2', '0', '1', '2')
        self.assertEqual(((2,), (1,), (0,)), self.cores())

    def test_siblings_stay_together(self) -> None:
        self.machine('0-3', '0,2', '1,3')
        self.assertEqual(((1, 3), (0, 2)), self.cores())

    def test_offline_cpu_is_left_out(self) -> None:
        self.machine('0,2-3', '0-1', '2-3')
        self.assertEqual(((2, 3), (0,)), self.cores())

    def test_slow_cores_first(self) -> None:
        for file in ('cpu_capacity', 'cpufreq/cpuinfo_max_freq'):
            with self.subTest(file):
                self.setUp()
                self.machine('0-4', '0-1', '2', '3', '4')
                for cpu, speed in enumerate((1024, 1024, 400, 400, 1024)):
                    self.write(f'cpu{cpu}/{file}', str(speed))
                self.assertEqual(((3,), (2,), (4,), (0, 1)), self.cores())

    def test_name_on_old_kernels(self) -> None:
        self.write('online', '0-1')
        for cpu in (0, 1):
            self.write(f'cpu{cpu}/topology/thread_siblings_list', '0-1')
        self.assertEqual(((0, 1),), self.cores())

    def test_unknown_is_nothing(self) -> None:
        self.assertEqual((), self.cores())
        self.machine('0-2', '0', '1')
        self.assertEqual((), self.cores())
        self.write('cpu2/topology/core_cpus_list', 'none')
        self.assertEqual((), self.cores())
        self.write('cpu2/topology/core_cpus_list', '1-2')
        self.assertEqual((), self.cores())
