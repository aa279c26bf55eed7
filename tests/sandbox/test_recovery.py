# SPDX-License-Identifier: Apache-2.0
"""What dies comes back by itself, the owner protected throughout."""

import re

from sandbox import observe, supervise
from tests.sandbox import base, test_actions


class RecoveryTest(base.SandboxTest):
    """Each process on which a guest or its owner depends, killed with -9."""

    def test_agent(self) -> None:
        """A killed agent leaves its limit in force and takes over again."""
        guard = self.guard()
        self.owner_returns()
        guard.ceiling = base.SHARE_CPUS
        killed = self.kill(f'{self.host.name}-agent')
        self.wait_offered(self.host.name, False)
        self.wait_restarted(f'{self.host.name}-agent', killed)
        begin = observe.now()
        base.wait_until(
            lambda: observe.now() > begin + 3, 'three more seconds'
        )
        guard.ceiling = None
        self.owner_leaves()

    def test_nova_compute(self) -> None:
        """Without nova-compute the owner is protected all the same."""
        self.guard()
        killed = self.kill(f'{self.host.name}-compute')
        self.owner_returns()
        self.wait_restarted(f'{self.host.name}-compute', killed)
        self.wait_compute_fresh()
        self.wait_offered(self.host.name, False)
        self.owner_leaves()

    def test_libvirtd(self) -> None:
        """Without libvirtd guests run on and are held back all the same."""
        self.guard()
        guests = self.qemu_pids()
        killed = self.kill(f'{self.host.name}-libvirtd')
        self.owner_returns()
        self.wait_restarted(f'{self.host.name}-libvirtd', killed)
        self.assertEqual(guests, self.qemu_pids())
        self.owner_leaves()
        self.compute.pause_server(self.server.id)
        self.wait_status(self.server.id, 'PAUSED')
        self.compute.unpause_server(self.server.id)
        self.wait_status(self.server.id, 'ACTIVE')
        self.wait_for_work()

    def test_rabbitmq(self) -> None:
        """Without the message bus the owner is protected all the same."""
        self.guard()
        killed = self.kill('rabbitmq')
        self.owner_returns()
        self.wait_restarted('rabbitmq', killed)
        self.wait_compute_fresh()
        self.owner_leaves()
        other = self.boot(base.PATIENT_FLAVOR)
        self.addCleanup(self.compute.delete_server, other.id)
        self.assertEqual('RUNNING', supervise.states()['reclaim']['statename'])


class EvictionTest(test_actions.ActionCase):
    """What an eviction needs is killed while it goes on."""

    ACTIONS = 'shelve'
    # It is not over before both are back.
    NOTICE_S = 60

    def test_service_and_bus(self) -> None:
        """It is told once, shelved once, in its time, and brought back."""
        source = self.host.name
        self.evicted('shelve')
        for program in ('reclaim', 'rabbitmq'):
            self.wait_restarted(program, self.kill(program))
        base.wait_until(self.acts, 'shelving has begun', 120)
        console = self.console.read(source).decode(errors='replace')
        deadlines = re.findall(r'NOTICE action=shelve deadline=(\d+)', console)
        self.assertEqual(1, len(set(deadlines)), deadlines)
        self.wait_restarted('reclaim', self.kill('reclaim'))
        self.wait_status(self.server.id, 'SHELVED_OFFLOADED')
        made = self.compute.server_actions(self.server)
        begun = [each for each in made if each.action == 'shelve']
        self.assertEqual(1, len(begun))
        self.assertEqual(set(), self.placement.allocated_on(self.server.id))
        self.booted(self.back().compute_host)

    def acts(self) -> bool:
        """Say whether Nova is doing something with the guest."""
        server = self.compute.get_server(self.server.id)
        return server.task_state is not None or server.status != 'ACTIVE'
