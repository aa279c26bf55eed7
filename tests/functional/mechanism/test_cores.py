# SPDX-License-Identifier: Apache-2.0
"""Where processes run when cores are taken from them."""

import os
import pathlib
import unittest

from nova_desktop import exception
from nova_desktop.mechanism import cores, notes
from nova_desktop.model import CoreTarget
from tests.functional.mechanism import guests

EVERY = frozenset(os.sched_getaffinity(0))


def last_cpu(pid: int) -> int:
    """Give the CPU on which a process ran last."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2]
    return int(fields.split()[36])


@unittest.skipUnless(
    guests.usable('cpuset') and len(EVERY) > 1,
    'needs cgroup v1, root and two CPUs',
)
class CoresTest(guests.GuestsTest):
    def setUp(self) -> None:
        super().setUp()
        self.rung = cores.GuestCores(self.tree, self.name)
        self.first, self.second = sorted(EVERY)[:2]

    def runs_on(self, pid: int, *cpus: int) -> None:
        self.assertEqual(set(cpus), os.sched_getaffinity(pid))
        self.wait_for(lambda: last_cpu(pid) in cpus)

    def test_running_guests_move(self) -> None:
        pids = [
            self.run_in(guests.BURN, self.group('cpuset', guest))
            for guest in ('qemu-1/vcpu0', 'qemu-2/vcpu0')
        ]
        for cpu in (self.first, self.second, self.first):
            self.rung.apply(CoreTarget((cpu,)))
            self.assertEqual(CoreTarget((cpu,)), self.rung.current())
            for pid in pids:
                self.runs_on(pid, cpu)
        self.rung.release()
        for pid in pids:
            self.runs_on(pid, *EVERY)

    def test_guest_that_comes_later_is_inside(self) -> None:
        self.rung.apply(CoreTarget((self.second,)))
        pid = self.run_in(guests.BURN, self.group('cpuset', 'late'))
        self.runs_on(pid, self.second)
        self.assertEqual(CoreTarget((self.second,)), self.rung.current())
        self.rung.apply(CoreTarget())
        self.runs_on(pid, *EVERY)

    def test_pinned_guest_after_an_agent_was_killed(self) -> None:
        group = self.group('cpuset', 'pinned')
        (group / 'cpuset.cpus').write_text(str(self.first))
        pid = self.run_in(guests.BURN, group)
        self.rung.apply(CoreTarget((self.second,)))
        self.runs_on(pid, self.second)
        self.rung = cores.GuestCores(self.tree, self.name)
        self.assertEqual(CoreTarget((self.second,)), self.rung.current())
        self.rung.apply(CoreTarget())
        self.runs_on(pid, self.first)
        self.assertIsNone(notes.recall(group, 'cpus'))

    def test_what_somebody_else_wrote_is_seen_and_set_again(self) -> None:
        self.rung.apply(CoreTarget((self.second,)))
        every = ','.join(map(str, EVERY))
        (self.group('cpuset') / 'cpuset.cpus').write_text(every)
        self.assertNotEqual(CoreTarget((self.second,)), self.rung.current())
        self.rung.apply(CoreTarget((self.second,)))
        self.assertEqual(CoreTarget((self.second,)), self.rung.current())

    def test_no_cpu_is_refused(self) -> None:
        with self.assertRaises(exception.MechanismFailed):
            self.rung.apply(CoreTarget(()))
