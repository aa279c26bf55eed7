# SPDX-License-Identifier: Apache-2.0
"""A guest for each action, an owner who comes back, and who leaves again."""

from typing import Any

from sandbox import cloud, layout
from tests.sandbox import base


class ActionCase(base.SandboxTest):
    """A guest whose flavor says how it leaves."""

    ACTIONS = ''
    NOTICE_S = 4

    @classmethod
    def setUpClass(cls) -> None:
        """Make the flavor."""
        cls.FLAVOR = f'desk.{cls.ACTIONS.replace(",", "-")}'
        super().setUpClass()
        specs = cloud.desk_specs(
            on_reclaim=cls.ACTIONS, notice=str(cls.NOTICE_S)
        )
        made = cloud.make_flavor(cls.compute, cls.FLAVOR, specs)
        cls.addClassCleanup(cls.compute.delete_flavor, made)

    @property
    def other(self) -> str:
        """Give the workstation on which the guest is not."""
        return next(
            host.name
            for host in layout.WORKSTATIONS
            if host.name != self.host.name
        )

    def evicted(self, action: str) -> None:
        """Have the owner come back; the guest has its notice."""
        self.owner_returns()
        text = f'NOTICE action={action}'.encode()
        told = self.console.wait_for(self.host.name, text, 30)
        self.assertIsNotNone(told, 'no notice on the console')

    def wait_rest(self, status: str) -> None:
        """Wait until it is at rest on its host, and holds no memory there."""
        server = self.wait_status(self.server.id, status)
        self.assertEqual(self.host.name, server.compute_host)
        self.assertEqual(
            {self.host.name}, self.placement.allocated_on(self.server.id)
        )
        base.wait_until(lambda: not self.qemu_pids(), 'no guest left')

    def wait_moved(self) -> Any:
        """Wait until it runs on the other workstation, and is counted so."""

        def moved() -> Any:
            server = self.compute.get_server(self.server.id)
            there = server.compute_host == self.other
            idle = server.task_state is None
            return there and idle and server.status == 'ACTIVE'

        base.wait_until(moved, f'the guest on {self.other}', 180)
        base.wait_until(
            lambda: (
                self.placement.allocated_on(self.server.id) == {self.other}
            ),
            'the allocation released',
        )

    def booted(self, host: str) -> None:
        """Wait until it has booted on a host."""
        found = self.console.wait_for(host, b'BOOT-OK', 90)
        self.assertIsNotNone(found, f'no boot on {host}')

    def back(self, status: str = 'ACTIVE') -> Any:
        """Have the owner leave; the guest comes back by itself."""
        self.owner(self.host.name, 'away')
        return self.wait_status(self.server.id, status)


class LiveMigrateTest(ActionCase):
    """Moved while it runs."""

    ACTIONS = 'live-migrate'

    def test_moved(self) -> None:
        """It goes on with its work on the other workstation."""
        self.evicted('live-migrate')
        self.wait_moved()
        self.server = self.compute.get_server(self.server.id)
        self.wait_for_work()


class ColdMigrateTest(ActionCase):
    """Moved while it is shut down."""

    ACTIONS = 'cold-migrate'

    def test_moved(self) -> None:
        """It is moved, confirmed, and boots on the other workstation."""
        self.evicted('cold-migrate')
        self.wait_moved()
        self.booted(self.other)
        made = self.compute.migrations(
            instance_uuid=self.server.id, migration_type='migration'
        )
        self.assertEqual(['confirmed'], [each.status for each in made])
        base.wait_until(lambda: not self.qemu_pids(), 'no guest left')


class SuspendTest(ActionCase):
    """Its memory is saved on its host."""

    ACTIONS = 'suspend'

    def test_suspended_and_resumed(self) -> None:
        """It goes on where it was, with what it had in memory."""
        source = self.host.name
        self.evicted('suspend')
        done = self.console.work_done(source) or 0
        self.wait_rest('SUSPENDED')
        server = self.back()
        self.assertEqual(source, server.compute_host)
        base.wait_until(
            lambda: (self.console.work_done(source) or 0) > done,
            'the guest going on with its work',
        )
        self.assertLessEqual(self.console.read(source).count(b'BOOT-OK'), 1)


class ShelveTest(ActionCase):
    """Its disk is kept in Glance."""

    ACTIONS = 'shelve'

    def test_shelved_and_unshelved(self) -> None:
        """It boots again once its owner has left."""
        self.evicted('shelve')
        self.wait_status(self.server.id, 'SHELVED_OFFLOADED')
        self.assertEqual(set(), self.placement.allocated_on(self.server.id))
        self.booted(self.back().compute_host)

    def test_paused_by_its_tenant_before(self) -> None:
        """It is paused again after it was unshelved."""
        self.compute.pause_server(self.server.id)
        self.wait_status(self.server.id, 'PAUSED')
        self.owner_returns()
        self.wait_status(self.server.id, 'SHELVED_OFFLOADED')
        self.back('PAUSED')


class StopTest(ActionCase):
    """It is shut down and stays on its host."""

    ACTIONS = 'stop'

    def test_stopped_and_started(self) -> None:
        """It boots again on its host once the owner has left."""
        source = self.host.name
        self.evicted('stop')
        self.wait_rest('SHUTOFF')
        server = self.back()
        self.assertEqual(source, server.compute_host)
        self.booted(source)


class RebuildTest(ActionCase):
    """It is booted anew elsewhere."""

    ACTIONS = 'rebuild'

    def test_booted_elsewhere(self) -> None:
        """It boots on the other workstation, at once."""
        self.evicted('rebuild')
        self.wait_moved()
        self.booted(self.other)
        base.wait_until(lambda: not self.qemu_pids(), 'no guest left')


class DeleteTest(ActionCase):
    """It is deleted."""

    ACTIONS = 'delete'
    MAY_END = True

    def test_deleted(self) -> None:
        """Nothing is left of it."""
        self.evicted('delete')
        self.compute.wait_for_delete(self.server, wait=120)
        self.assertEqual(set(), self.placement.allocated_on(self.server.id))
