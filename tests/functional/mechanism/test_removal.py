# SPDX-License-Identifier: Apache-2.0
"""Nothing of the guests' groups is left behind."""

import os
import pathlib
import signal
import unittest

from nova_desktop import exception, model
from nova_desktop.mechanism import cores, disk, removal
from tests.functional.mechanism import guests


@unittest.skipUnless(guests.usable('cpuset', 'blkio'), 'needs cgroup v1, root')
class RemovalTest(guests.GuestsTest):
    def left(self) -> list[pathlib.Path]:
        return list(guests.ROOT.glob(f'*/{self.name}'))

    def test_guests_first(self) -> None:
        cpu = min(os.sched_getaffinity(0))
        pid = self.run_in(guests.BURN, self.group('cpuset', 'qemu-1/vcpu0'))
        rungs = (
            cores.GuestCores(self.tree, self.name),
            disk.GuestDisks(self.tree, self.name),
        )
        rungs[0].apply(model.CoreTarget((cpu,)))
        with self.assertRaises(exception.MechanismFailed):
            removal.remove(self.tree, self.name, rungs)
        self.assertEqual({cpu}, os.sched_getaffinity(pid))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        removal.remove(self.tree, self.name, rungs)
        self.assertEqual([], self.left())
