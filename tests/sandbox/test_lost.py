# SPDX-License-Identifier: Apache-2.0
"""A workstation that is cut off, and one whose plug is pulled.

Nova has to be sure of both for minutes: with NOVA_DESKTOP_SLOW=1 only.
"""

import contextlib
import os
import signal
import unittest

from nova_desktop import model
from sandbox import cloud, layout, observe, supervise
from tests.sandbox import base, options

_FENCE_AFTER_S = 30
_FLAVOR = 'desk.stateless'
# [reclaim] evacuate_after_s, with a look and a boot.
_EVACUATED_WITHIN_S = 600


@unittest.skipUnless(os.environ.get('NOVA_DESKTOP_SLOW'), 'takes ten minutes')
class LostTest(base.SandboxTest):
    """A stateless guest that asks to be started elsewhere."""

    FLAVOR = _FLAVOR

    @classmethod
    def setUpClass(cls) -> None:
        """Make the flavor, and have the workstations fence by themselves."""
        super().setUpClass()
        specs = cloud.desk_specs(notice='5', on_lost='evacuate')
        cloud.make_flavor(cls.compute, _FLAVOR, specs)
        cls.addClassCleanup(cls.restart_computes)
        options.change_computes(
            cls.addClassCleanup, 'desktop', fence_after_s=_FENCE_AFTER_S
        )
        cls.restart_computes()

    @classmethod
    def restart_computes(cls) -> None:
        """Have both take their options anew."""
        names = [f'{host.name}-compute' for host in layout.WORKSTATIONS]
        supervise.restart(*names)

    def setUp(self) -> None:
        """Wait until both hosts have promised to fence."""
        super().setUp()
        for host in layout.WORKSTATIONS:
            base.wait_until(
                lambda name=host.name: self.promises(name) == {model.FENCE},
                f'{host.name} promising to fence',
            )

    def promises(self, host: str) -> set[str]:
        """Give what a host promises in Placement."""
        return self.placement.traits(host) & set(model.PROMISES)

    def signal(self, number: int, *programs: str) -> None:
        """Send a signal to programs of the host, and what they have run."""
        for program in programs:
            pid = supervise.pid(f'{self.host.name}-{program}')
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

    def works_on(self, host: str) -> bool:
        """Say whether the guest gets on with its work on a host."""
        return self.console.work_rate(host, 3) > 0

    def test_cut_off(self) -> None:
        """With nova-compute gone the guest stands still, then goes on."""
        host = self.host.name
        self.signal(signal.SIGSTOP, 'compute')
        self.addCleanup(self.signal, signal.SIGCONT, 'compute')
        begin = observe.now()
        base.wait_until(
            lambda: not self.works_on(host),
            'the guest standing still',
            2 * _FENCE_AFTER_S,
        )
        self.assertLess(observe.now() - begin, _FENCE_AFTER_S + 10)
        self.signal(signal.SIGCONT, 'compute')
        base.wait_until(lambda: self.works_on(host), 'the guest going on', 120)
        server = self.compute.get_server(self.server.id)
        self.assertEqual(host, server.compute_host)

    def test_plug_pulled(self) -> None:
        """It is started elsewhere, and its host lets go of it."""
        host = self.host.name
        self.signal(signal.SIGSTOP, 'compute', 'agent', 'libvirtd')
        self.addCleanup(
            self.signal, signal.SIGCONT, 'compute', 'agent', 'libvirtd'
        )
        for pid in self.qemu_pids():
            os.kill(pid, signal.SIGKILL)
        begin = observe.now()
        server = base.wait_until(
            self.runs_elsewhere, 'the guest elsewhere', _EVACUATED_WITHIN_S
        )
        self.assertGreater(observe.now() - begin, 420 - 10)
        there = server.compute_host
        base.wait_until(
            lambda: self.works_on(there), f'the guest working on {there}', 120
        )
        # The power is back: nothing of before has been kept in memory.
        self.signal(signal.SIGKILL, 'compute', 'agent', 'libvirtd')
        base.wait_until(
            lambda: self.placement.allocated_on(self.server.id) == {there},
            f'{host} letting go of the guest',
            180,
        )
        self.assertEqual(set(), self.qemu_pids())
        self.assertTrue(self.works_on(there))

    def runs_elsewhere(self) -> object:
        """Give the server once it is active on another host."""
        server = self.compute.get_server(self.server.id)
        there = server.compute_host != self.host.name
        return server if there and server.status == 'ACTIVE' else None
