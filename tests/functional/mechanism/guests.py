# SPDX-License-Identifier: Apache-2.0
"""Groups for one test in the machine's own cgroups, and work to put there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, removal

ROOT = pathlib.Path('/sys/fs/cgroup')
WAIT_S = 10.0

_JOIN = """
import mmap, os, sys
for group in sys.argv[2:]:
    with open(group + '/cgroup.procs', 'w') as file:
        file.write(str(os.getpid()))
print('in', flush=True)
"""
BURN = 'while True: pass\n'
WRITE = """
SIZE = 64 * 1024
flags = os.O_WRONLY | os.O_CREAT | os.O_DIRECT
file, block, at = os.open(sys.argv[1], flags), mmap.mmap(-1, SIZE), 0
while True:
    os.pwrite(file, block, at)
    at = (at + SIZE) % (16 * SIZE)
"""


def usable(*controllers: str) -> bool:
    """Say whether this is cgroup version 1 in which groups can be made."""
    return os.geteuid() == 0 and all(
        (ROOT / name / 'cgroup.procs').exists() for name in controllers
    )


class GuestsTest(unittest.TestCase):
    """A guests' group in every hierarchy that goes when the test ends."""

    def setUp(self) -> None:
        super().setUp()
        self.tree = cgroup.find(ROOT)
        self.name = f'ndtest-{os.getpid()}'
        self.addCleanup(self.remove)
        cgroup.create(self.tree, self.name)
        # Neither in memory, where there is no direct I/O, nor shared.
        folder = tempfile.TemporaryDirectory(dir='/var/tmp')
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def remove(self) -> None:
        """Remove the groups; a process that just ended may linger there."""
        limit_s = time.monotonic() + WAIT_S
        while True:
            try:
                return removal.remove(self.tree, self.name, ())
            except exception.MechanismFailed:
                if time.monotonic() > limit_s:
                    raise
            time.sleep(0.05)

    def group(self, controller: str, guest: str = '') -> pathlib.Path:
        """Give the group of a guest; make it as libvirt does."""
        path = self.tree.group(self.name, controller)
        for part in pathlib.PurePath(guest).parts:
            path /= part
            path.mkdir(exist_ok=True)
            if controller == 'cpuset':
                for file in ('cpuset.cpus', 'cpuset.mems'):
                    text = (path.parent / file).read_text()
                    (path / file).write_text(text)
        return path

    def run_in(self, code: str, *groups: pathlib.Path) -> int:
        """Run work inside groups until the test ends; give the process."""
        file = self.dir / f'work-{len(list(self.dir.iterdir()))}'
        file.touch()
        command = [sys.executable, '-c', _JOIN + code, str(file)]
        process = subprocess.Popen(
            [*command, *map(str, groups)], stdout=subprocess.PIPE
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(b'in\n', process.stdout.readline())
        return process.pid

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait for what has no event: what the scheduler did."""
        limit_s = time.monotonic() + WAIT_S
        while not condition():
            self.assertLess(time.monotonic(), limit_s)
            time.sleep(0.01)
