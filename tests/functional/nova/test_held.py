# SPDX-License-Identifier: Apache-2.0
"""A guest that the agent holds paused, and what Nova then does with it."""

from unittest import mock

import fixtures
from nova.tests.fixtures import libvirt as fakelibvirt

from tests.functional.nova import base, cold, live

_RUNS, _STANDS = fakelibvirt.VIR_DOMAIN_RUNNING, fakelibvirt.VIR_DOMAIN_PAUSED


class Holding(base.DesktopTestBase):
    """An agent that holds a guest, and lets it run when it is to leave."""

    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()
        self.held: set[str] = set()
        self.seen: list[int] = []
        for method in ('shutdown', 'managedSave'):
            self.look_before(method)

    def look_before(self, method: str) -> None:
        """Note in what state libvirt finds a guest."""
        stock = getattr(fakelibvirt.Domain, method)

        def looked(domain, *args):
            self.seen.append(domain._state)
            return stock(domain, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'nova.tests.fixtures.libvirt.Domain.{method}', looked
            )
        )

    def hold(self) -> None:
        """Have the owner come back, and the agent pause the guest."""
        watcher = self.watcher('desk1')
        self.seen, watcher.left, watcher.done = [], [], []
        domain = self.domain(self.server)
        domain.suspend()
        self.held.add(self.server['id'])
        self.close('desk1')

        def resume(server_id: str) -> None:
            # An agent resumes what it paused itself, and nothing else.
            if server_id in self.held:
                self.held.remove(server_id)
                domain.resume()

        self.watcher('desk1').resume = resume

    def assert_let_go(self, *seen: int) -> None:
        """Check that the guest ran for what Nova did, with its share."""
        self.assertEqual(list(seen), self.seen)
        self.assertEqual(set(), self.held)
        watcher = self.watcher('desk1')
        self.assertEqual([self.server['id']], watcher.left)
        self._wait_for_assert(
            lambda: self.assertEqual(watcher.left, watcher.done)
        )


class HeldTest(Holding, cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.hold()

    def test_stop_soft_reboot_and_suspend(self) -> None:
        self._stop_server(self.server)
        self.assert_let_go(_RUNS)
        self._start_server(self.server)
        self.hold()
        self._reboot_server(self.server)
        self.assert_let_go(_RUNS)
        self.hold()
        self._suspend_server(self.server)
        self.assert_let_go(_RUNS)

    def test_shelve(self) -> None:
        self._shelve_server(self.server)
        self.assertEqual([_RUNS], self.seen)
        # For the shut-down, for the snapshot, and twice when it is offloaded.
        watcher = self.watcher('desk1')
        self.assertEqual([self.server['id']] * 4, watcher.left)
        self.assertEqual(watcher.left, watcher.done)

    def test_delete(self) -> None:
        self.look_before('destroy')
        self._delete_server(self.server)
        self.assert_let_go(_RUNS)

    def test_snapshot(self) -> None:
        driver = self.driver('desk1')
        domain = self.domain(self.server)
        with mock.patch.object(
            driver,
            '_live_snapshot',
            lambda *args: self.seen.append(domain._state),
        ):
            self._snapshot_server(self.server, 'kept')
            self.notifier.wait_for_versioned_notifications(
                'instance.snapshot.end'
            )
        self.assert_let_go(_RUNS)

    def test_cold_migration(self) -> None:
        self.start_workstation('desk2')
        self._migrate_server(self.server)
        # Moving a guest stops it, inside of the same share.
        self.assert_let_go(_RUNS)

    def test_tenants_own_pause_stays(self) -> None:
        self.api.post_server_action(self.server['id'], {'pause': {}})
        self._wait_for_state_change(self.server, 'PAUSED')
        self.assert_let_go()
        self.assertEqual(_STANDS, self.domain(self.server)._state)
        # The agent has nothing to do with it any more.
        self.api.post_server_action(self.server['id'], {'unpause': None})
        self._wait_for_state_change(self.server, 'ACTIVE')
        self.assertEqual(_RUNS, self.domain(self.server)._state)


class HeldLiveTest(Holding, live.LiveMigrationBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk2')
        self.while_moving = lambda domain: self.seen.append(domain._state)

    def test_live_migration(self) -> None:
        self.hold()
        self.assertEqual('desk2', self.move(self.server))
        self.assert_let_go(_RUNS)

    def test_live_migration_of_what_the_tenant_paused(self) -> None:
        self.api.post_server_action(self.server['id'], {'pause': {}})
        self._wait_for_state_change(self.server, 'PAUSED')
        self.watcher('desk1').resume = self.held.remove
        self.held.add(self.server['id'])
        self.ask_to_move(self.server)
        self._wait_for_server_parameter(
            self.server,
            {'OS-EXT-SRV-ATTR:host': 'desk2', 'status': 'PAUSED'},
        )
        self.assert_let_go(_STANDS)


class SilentAgentTest(base.DesktopTestBase):
    def test_silent_agent_blocks_nothing(self) -> None:
        self.start_workstation('desk1')
        server = self.boot()
        with mock.patch.object(
            self.watcher('desk1'), 'leave', return_value=False
        ) as leave:
            self._suspend_server(server)
            self._resume_server(server)
            self._stop_server(server)
        self.assertEqual(2, leave.call_count)
