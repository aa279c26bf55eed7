# SPDX-License-Identifier: Apache-2.0
"""A workstation sleeps and wakes, with its guest behind the fence."""

import contextlib
import os
import signal
import subprocess

from nova_desktop import model
from sandbox import hosts, layout, observe, supervise
from tests.sandbox import base

PROGRAMS = ('compute', 'agent', 'libvirtd')


class DepartingCase(base.SandboxTest):
    """What the host's logind announces."""

    def announce(self, what: str, begins: bool) -> None:
        """Have it say that something begins, or that it is over."""
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
            what,
            'b',
            '1',
            'b',
            str(begins).lower(),
        )
        subprocess.run(command, check=True, timeout=30)


class SleepTest(DepartingCase):
    """Its owner closes the lid, and opens it again."""

    def promises(self) -> set[str]:
        """Give what the host promises in Placement."""
        found = self.placement.traits(self.host.name)
        return found & set(model.PROMISES)

    def freeze(self, number: int) -> None:
        """Stop what would stand still on a sleeping host, or go on."""
        for program in PROGRAMS:
            pid = supervise.pid(f'{self.host.name}-{program}')
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def test_sleep_and_wake(self) -> None:
        """The guest stands still from the word on, and goes on after it."""
        self.announce('PrepareForSleep', begins=True)
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
        self.announce('PrepareForSleep', begins=False)
        self.wait_for_work()
        self.assertEqual(set(), self.promises())

    def is_up(self) -> bool:
        """Say whether Nova takes the host for up."""
        found = self.compute.services(
            binary='nova-compute', host=self.host.name
        )
        return all(service.state == 'up' for service in found)


class ShutdownTest(DepartingCase):
    """Its owner shuts it down."""

    WITHIN_S = 90.0
    """What [desktop] shutdown_within_s gives guests by default."""

    def test_moved_in_time(self) -> None:
        """A notice of ten minutes gives way; the guest goes on elsewhere."""
        source = self.host.name
        begin = observe.now()
        self.announce('PrepareForShutdown', begins=True)
        self.addCleanup(self.announce, 'PrepareForShutdown', begins=False)
        told = self.console.wait_for(source, b'NOTICE action=', 30)
        self.assertIsNotNone(told, 'no notice on the console')
        base.wait_until(
            lambda: source not in self.placement.allocated_on(self.server.id),
            f'the guest left {source}',
            self.WITHIN_S,
        )
        self.assertLess(observe.now() - begin, self.WITHIN_S)
        server = self.wait_status(self.server.id, 'ACTIVE')
        self.assertNotEqual(source, server.compute_host)
        there = observe.Slice(layout.host(server.compute_host))
        base.wait_until(
            lambda: there.use_over(1) > 0.5, 'the guest working elsewhere'
        )
