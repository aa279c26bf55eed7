# SPDX-License-Identifier: Apache-2.0
"""Guests get less beside an owner who waits, and not for waiting themselves.

With real processes in real groups, and the kernel's own word of who waits.
"""

import os
import pathlib
import subprocess
import time
import unittest

from tests.functional.agent import host, test_agent

FLOOR_US = round(0.25 * test_agent.ACTIVE_US)
PRESSURE = pathlib.Path('/proc/pressure/cpu')
MANY = 4 * test_agent.CPUS

CONFIG = """
[presence]
active_hold_s = 600
locked_away_after_s = 600
[comfort]
cpu_pressure = 0.2
step_s = 1
"""


def waited_us(path: pathlib.Path) -> int:
    """Read for how long some task has waited."""
    return int(path.read_text().splitlines()[0].rpartition('total=')[2])


@unittest.skipUnless(
    PRESSURE.exists() and (host.CGROUPS / 'unified').exists(),
    'needs a kernel that tells pressure by group',
)
class ComfortTest(test_agent.AgentCase):
    def setUp(self) -> None:
        super().setUp()
        with self.host.config.open('a') as config:
            config.write(CONFIG)
        self.groups = {
            name: host.CGROUPS / name / self.host.cgroups.parent
            for name in ('cpu', 'unified')
        }
        self.owner = self.group('owner')
        self.host.serve()
        self.host.touch()
        self.host.quota_is(test_agent.ACTIVE_US)

    def group(self, name: str) -> list[pathlib.Path]:
        """Make a group in both hierarchies."""
        found = [top / name for top in self.groups.values()]
        for path in found:
            path.mkdir()
        return found

    def burn(self, groups: list[pathlib.Path], count: int) -> None:
        """Have so many tasks in a group that want a CPU each."""
        for _ in range(count):
            burner = subprocess.Popen(['sh', '-c', 'while :; do :; done'])
            self.addCleanup(burner.wait)
            self.addCleanup(burner.kill)
            for path in groups:
                (path / 'cgroup.procs').write_text(str(burner.pid))

    def why(self) -> str:
        """Give the reason of the last change of the limit."""
        changes = [
            change
            for change in host.call(
                self.host.bus.socket, 'Explain', 'u', 100
            ).body[0]
            if change[1] == 'limit'
        ]
        return changes[-1][4]

    def test_guests_that_starve_are_no_owner_that_waits(self) -> None:
        guests = self.group('novadesktop.partition/guest')
        before_us = waited_us(PRESSURE)
        owners = self.owner[1] / 'cpu.pressure'
        self.burn(guests, MANY)
        end_s = time.monotonic() + 5
        while time.monotonic() < end_s:
            self.assertEqual(
                test_agent.ACTIVE_US, self.host.cgroups.quota(), self.why()
            )
            time.sleep(0.05)
        # The machine as a whole does look like one that suffers.
        self.assertGreater(waited_us(PRESSURE) - before_us, 3_000_000)
        self.assertLess(waited_us(owners), 500_000)

    def test_down_at_once_and_slowly_back(self) -> None:
        self.burn(self.owner, MANY)
        self.host.quota_is(FLOOR_US)
        self.assertIn('the owner has waited for a CPU', self.why())
        for path in self.owner:
            for pid in (path / 'cgroup.procs').read_text().split():
                os.kill(int(pid), 9)
        seen = []
        end_s = time.monotonic() + 20
        while time.monotonic() < end_s:
            quota = self.host.cgroups.quota()
            if quota not in seen:
                seen.append(quota)
            if quota == test_agent.ACTIVE_US:
                break
            time.sleep(0.02)
        self.assertEqual([FLOOR_US * step for step in (1, 2, 3, 4)], seen)
