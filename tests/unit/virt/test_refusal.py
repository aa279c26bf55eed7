# SPDX-License-Identifier: Apache-2.0
import types
import unittest

from nova import exception as nova_exception

from nova_desktop import model
from nova_desktop.virt import inventory, refusal
from tests.unit.virt import statuses

OPEN = statuses.FakeLink(statuses.status())
CLOSED = statuses.FakeLink(
    statuses.status(
        model.NOTHING, model.Presence.ACTIVE, reason='keys were pressed'
    )
)
SILENT = statuses.FakeLink(None)
STATS = inventory.stats(statuses.status())


def instance(
    task_state: str | None = None,
    host: str = 'other',
    vcpus: int = 1,
    memory_mb: int = 512,
) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        task_state=task_state,
        host=host,
        uuid='x',
        flavor=types.SimpleNamespace(vcpus=vcpus, memory_mb=memory_mb),
    )


def check_start(agent, guest, used_mib: int = 512) -> None:
    refusal.check_start(agent, guest, lambda: used_mib, 'here')


class StartTest(unittest.TestCase):
    def test_open_host_takes_all(self) -> None:
        for task_state in ('spawning', 'rebuild_spawning'):
            check_start(OPEN, instance(task_state))

    def test_late_build_is_refused_by_policy(self) -> None:
        with self.assertRaisesRegex(
            nova_exception.GroupAffinityViolation, 'owner needs'
        ) as caught:
            check_start(CLOSED, instance('spawning'))
        # Tenants read it: when keys were pressed is the owner's own affair.
        self.assertNotIn('keys', str(caught.exception))

    def test_silent_agent_refuses(self) -> None:
        with self.assertRaisesRegex(refusal.OwnerNeedsHost, 'silent'):
            check_start(SILENT, instance('spawning'))

    def test_evacuation_is_rolled_back(self) -> None:
        with self.assertRaises(nova_exception.ComputeResourcesUnavailable):
            check_start(CLOSED, instance('rebuild_spawning'))

    def test_rebuild_is_never_refused(self) -> None:
        check_start(CLOSED, instance('rebuild_spawning', 'here'))
        large = instance('rebuild_spawning', 'here', memory_mb=4096)
        check_start(OPEN, large)

    def test_what_belongs_here_is_never_refused(self) -> None:
        for task_state in ('reboot_started_hard', 'resuming', 'rescuing'):
            check_start(CLOSED, instance(task_state, 'here'))
        check_start(CLOSED, instance('resize_finish'))

    def test_build_that_the_shrunken_cap_does_not_hold(self) -> None:
        with self.assertRaisesRegex(refusal.OwnerNeedsHost, '3 vCPUs'):
            check_start(OPEN, instance('spawning', vcpus=3))
        with self.assertRaisesRegex(refusal.OwnerNeedsHost, 'hold 513'):
            check_start(OPEN, instance('spawning'), used_mib=513)

    def test_evacuation_that_the_shrunken_cap_does_not_hold(self) -> None:
        guest = instance('rebuild_spawning', memory_mb=1025)
        with self.assertRaisesRegex(
            nova_exception.ComputeResourcesUnavailable, '1025 MiB'
        ):
            check_start(OPEN, guest, used_mib=0)


class LiveMigrationTest(unittest.TestCase):
    def check(self, agent, source, guest=None, used_mib: int = 0) -> None:
        refusal.check_live_migration(
            agent, guest or instance(), lambda: used_mib, source
        )

    def assert_refused(self, agent, source, text, **more) -> None:
        with self.assertRaisesRegex(
            nova_exception.MigrationPreCheckError, text
        ) as caught:
            self.check(agent, source, **more)
        # Over RPC a subclass would come back as something else.
        self.assertIs(
            nova_exception.MigrationPreCheckError, type(caught.exception)
        )

    def test_from_workstation(self) -> None:
        self.check(OPEN, {'stats': STATS})

    def test_closed_and_silent(self) -> None:
        self.assert_refused(CLOSED, {'stats': STATS}, 'owner needs')
        self.assert_refused(SILENT, {'stats': STATS}, 'silent')

    def test_too_large_for_what_is_left(self) -> None:
        source = {'stats': STATS}
        self.assert_refused(OPEN, source, 'MiB', used_mib=600)
        self.assert_refused(OPEN, source, 'vCPUs', guest=instance(vcpus=4))

    def test_arrival_after_a_wait(self) -> None:
        refusal.check_arrival(OPEN, instance(), lambda: 0)
        for agent, memory_mb in ((CLOSED, 1), (SILENT, 1), (OPEN, 4096)):
            guest = instance(memory_mb=memory_mb)
            with self.assertRaises(nova_exception.MigrationPreCheckError):
                refusal.check_arrival(agent, guest, lambda: 0)

    def test_from_elsewhere(self) -> None:
        for source in ({'stats': {}}, {'stats': None}, {}, None):
            self.assert_refused(OPEN, source, 'no workstation')
