# SPDX-License-Identifier: Apache-2.0
"""Trees of files that look like cgroups, laid out in a temporary folder."""

import pathlib
import tempfile
import unittest

NAME = 'novadesktop.partition'


class TreeCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path: str, text: str = '') -> pathlib.Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def read(self, path: str) -> str:
        """Read as the kernel would show it: what was written last."""
        return (self.root / path).read_text().partition('\n')[0]

    def v1(self, *controllers: str) -> None:
        for name in controllers:
            self.write(f'{name}/cgroup.procs')
        self.write('cpuset/cpuset.cpus', '0-1\n')
        self.write('cpuset/cpuset.mems', '0\n')

    def v1_group(self, quota: str = '-1', period: str = '100000') -> None:
        self.write(f'cpu/{NAME}/cpu.cfs_quota_us', f'{quota}\n')
        self.write(f'cpu/{NAME}/cpu.cfs_period_us', f'{period}\n')
        self.write(f'cpu/{NAME}/cpu.idle', '0\n')

    def v2_group(self, limit: str = 'max 100000') -> None:
        self.write('cgroup.controllers', 'cpu cpuset\n')
        self.write(f'{NAME}/cpu.max', f'{limit}\n')
        self.write(f'{NAME}/cpu.idle', '0\n')
