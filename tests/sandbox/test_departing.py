# SPDX-License-Identifier: Apache-2.0
"""A workstation sleeps and wakes, with its guest behind the fence."""

import contextlib
import os
import signal
import subprocess

from nova_desktop import model
from sandbox import hosts, supervise
from tests.sandbox import base

_PROGRAMS = ('compute', 'agent', 'libvirtd')


class SleepTest(base.SandboxTest):
    """Its owner closes the lid, and opens it again."""

    def announce(self, sleeps: bool) -> None:
        """Have the logind of the host say that it goes to sleep, or woke."""
        word = 'true' if sleeps else 'false'
        command = hosts.in_host(
            self.host,
            'busctl',
            '--system',
            'call',
            'org.freedesktop.login1',
            '/org/freedesktop/login1',
            'org.freedesktop.DBus.Mock',
            'EmitSignal',
            'sssav',
            'org.freedesktop.login1.Manager',
            'PrepareForSleep',
            'b',
            '1',
            'b',
            word,
        )
        subprocess.run(command, check=True, timeout=30)

    def promises(self) -> set[str]:
        """Give what the host promises in Placement."""
        found = self.placement.traits(self.host.name)
        return found & set(model.PROMISES)

    def freeze(self, number: int) -> None:
        """Stop what would stand still on a sleeping host, or go on."""
        for program in _PROGRAMS:
            pid = supervise.pid(f'{self.host.name}-{program}')
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def test_sleep_and_wake(self) -> None:
        """The guest stands still from the word on, and goes on after it."""
        self.announce(sleeps=True)
        base.wait_until(
            lambda: self.promises() == {model.ASLEEP}, 'asleep in Placement'
        )
        before = self.console.work_done(self.host.name)
        self.freeze(signal.SIGSTOP)
        self.addCleanup(self.freeze, signal.SIGCONT)
        base.wait_until(
            lambda: not self.is_up(), 'Nova taking the host for down', 120
        )
        self.assertEqual(before, self.console.work_done(self.host.name))
        self.freeze(signal.SIGCONT)
        self.announce(sleeps=False)
        self.wait_for_work()
        self.assertEqual(set(), self.promises())

    def is_up(self) -> bool:
        """Say whether Nova takes the host for up."""
        found = self.compute.services(
            binary='nova-compute', host=self.host.name
        )
        return all(service.state == 'up' for service in found)
