# SPDX-License-Identifier: Apache-2.0
"""A host whose owner is back is fuller than it may be: every way to leave."""

from tests.functional.nova import cold, live


class ColdTest(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.start_with_a_guest_that_is_too_much()
        self.larger = self.flavor(memory_mb=2048, vcpu=2)
        self.start_workstation('desk2')

    def assert_on(self, name: str, **used: int) -> None:
        self.assertEqual(name, self.host_of(self.server))
        for host, memory_mib in used.items():
            self.assert_used(host, memory_mib)

    def test_cold_migration_is_confirmed(self) -> None:
        self._migrate_server(self.server)
        self.close('desk2')
        self.assert_on('desk2', desk1=1024, desk2=1024)
        self.assert_allocations_clean()
        self._confirm_resize(self.server)
        self.assert_on('desk2', desk1=0, desk2=1024)
        watcher = self.watcher('desk1')
        self.assertEqual([self.server['id']], watcher.left)
        self.assertEqual(watcher.left, watcher.done)

    def test_cold_migration_is_reverted(self) -> None:
        self._migrate_server(self.server)
        # Back it may come, whatever the owner does: it has not really left.
        self._revert_resize(self.server)
        self.assert_on('desk1', desk1=1024, desk2=0)
        self.assert_too_full('desk1')

    def test_resize_is_confirmed(self) -> None:
        self._resize_server(self.server, self.larger)
        self.assert_on('desk2', desk1=1024, desk2=2048)
        self._confirm_resize(self.server)
        self.assert_on('desk2', desk1=0, desk2=2048)

    def test_resize_is_reverted(self) -> None:
        self._resize_server(self.server, self.larger)
        self._revert_resize(self.server)
        self.assert_on('desk1', desk1=1024, desk2=0)
        self.assert_too_full('desk1')

    def test_stopped_guest_is_migrated(self) -> None:
        self._stop_server(self.server)
        self._migrate_server(self.server)
        self.api.post_server_action(self.server['id'], {'confirmResize': None})
        self._wait_for_state_change(self.server, 'SHUTOFF')
        self.assert_on('desk2', desk1=0, desk2=1024)

    def test_shelved_and_offloaded(self) -> None:
        self._shelve_server(self.server)
        self.assert_used('desk1', 0)
        self._unshelve_server(self.server)
        self.assert_on('desk2', desk1=0, desk2=1024)

    def test_shelved_and_offloaded_later(self) -> None:
        self.flags(shelved_offload_time=-1)
        self._shelve_server(self.server, expected_state='SHELVED')
        # Not yet gone: what is shelved on a host still holds its share.
        self.assert_on('desk1', desk1=1024, desk2=0)
        self._shelve_offload_server(self.server)
        self.assert_used('desk1', 0)

    def test_nowhere_to_go(self) -> None:
        self.close('desk2')
        for action, body in (
            ('migrate', None),
            ('resize', {'flavorRef': self.larger}),
        ):
            self.api.post_server_action(self.server['id'], {action: body})
            self._assert_resize_migrate_action_fail(
                self.server, action, 'NoValidHost'
            )
        self._wait_for_server_parameter(
            self.server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None}
        )
        self.assert_on('desk1', desk1=1024, desk2=0)


class LiveTest(live.LiveMigrationBase):
    def test_live_migration(self) -> None:
        self.start_workstation('desk1', 'desk2')
        server = self.boot(host='desk1')
        self.close('desk1')
        self.update('desk1')
        self.assertEqual('desk2', self.move(server))
        self.assert_used('desk1', 0)

    def test_live_migration_of_a_guest_that_its_tenant_paused(self) -> None:
        self.start_workstation('desk1', 'desk2')
        server = self.boot(host='desk1')
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        self.close('desk1')
        self.ask_to_move(server)
        self._wait_for_server_parameter(
            server, {'OS-EXT-SRV-ATTR:host': 'desk2', 'status': 'PAUSED'}
        )
