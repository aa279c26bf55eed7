# SPDX-License-Identifier: Apache-2.0
"""A second ``up`` works after a crash or a reboot; ``down`` is clean."""

import contextlib
import os
import signal
import subprocess
import unittest
from pathlib import Path

from sandbox import bring_up, hosts, layout, supervise

NAMES = [supervise.CONTROL_GROUP, *(host.name for host in layout.HOSTS)]


def all_running() -> list[str]:
    """Give the programs that do not run."""
    return [
        name
        for name, info in supervise.states().items()
        if info['statename'] != 'RUNNING'
    ]


class CrashTest(unittest.TestCase):
    """What an operator meets after power or patience ran out."""

    def test_supervisor_killed(self) -> None:
        """Services that lost their supervisor are replaced by new ones."""
        pid = int((layout.RUN / 'supervisord.pid').read_text())
        os.kill(pid, signal.SIGKILL)
        bring_up.up()
        self.assertEqual([], all_running())

    def test_rebooted(self) -> None:
        """Nothing of the kernel's is left, all of the files are."""
        for pid in hosts.processes(NAMES):
            # Some end by themselves when another one has ended.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        hosts.end_processes(NAMES)
        for host in layout.HOSTS:
            hosts.remove_namespaces(host)
        hosts.remove_cgroups()
        bring_up.up()
        self.assertEqual([], all_running())

    def test_zz_down(self) -> None:
        """Nothing runs, nothing is mounted, no group is left."""
        bring_up.down(wipe=False)
        self.assertEqual(set(), hosts.processes(NAMES))
        mounts = Path('/proc/self/mountinfo').read_text()
        self.assertNotIn(str(layout.ROOT), mounts)
        for controller in layout.CONTROLLERS:
            top = layout.CGROUP_ROOT / controller / layout.CGROUP_TOP
            self.assertFalse(top.exists(), top)
        listening = subprocess.run(
            ['ss', '-Hltn'], capture_output=True, text=True, check=True
        ).stdout
        for port in layout.PORTS.values():
            self.assertNotIn(f':{port} ', listening)
