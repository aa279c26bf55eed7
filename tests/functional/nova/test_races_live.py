# SPDX-License-Identifier: Apache-2.0
"""The owner of a live migration's destination comes back."""

from tests.functional.nova import live


class DestinationTest(live.LiveMigrationBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()
        self.start_workstation('desk2')

    def assert_still_on_the_source(self) -> None:
        server = self.api.get_server(self.server['id'])
        self.assertEqual('ACTIVE', server['status'])
        self.assertEqual('desk1', self.host_of(self.server))
        self.assertEqual([], self.sent)
        self.assert_used('desk2', 0)

    def test_before_the_check(self) -> None:
        self.before('check_can_live_migrate_destination', self.owner_back)
        self.move(self.server, 'error')
        self.assert_still_on_the_source()
        # Also when the closed host is asked for by name, and when both are.
        self.move(self.server, 'error', host='desk2')
        self.close('desk1')
        self.move(self.server, 'error')
        self.assert_still_on_the_source()

    def test_while_the_migration_waits_for_its_turn(self) -> None:
        self.before('pre_live_migration', self.owner_back)
        self.move(self.server, 'failed')
        self.assert_still_on_the_source()
        # Nova tries no other host by itself, but may be asked again.
        self.start_workstation('desk3')
        self.assertEqual('desk3', self.move(self.server))

    def test_while_it_runs(self) -> None:
        self.while_moving = lambda domain: self.close('desk2')
        # Too late to refuse: the guest arrives, and is to leave again.
        self.assertEqual('desk2', self.move(self.server))
        self.assert_used('desk2', 1024)
        self.assertEqual(1024, self.driver('desk2').desktop.used_mib())

    def test_after_it(self) -> None:
        self.assertEqual('desk2', self.move(self.server))
        self.close('desk2')
        self.assertEqual('desk1', self.move(self.server))
        self.assert_used('desk2', 0)

    def test_next_candidate_is_taken(self) -> None:
        self.start_workstation('desk3')
        called = self.before(
            'check_can_live_migrate_destination', self.owner_back
        )
        host = self.move(self.server)
        self.assertEqual({'desk2', 'desk3'}, set(called))
        self.assertEqual(called[1], host)
        self.assert_used(called[0], 0)


class QueueTest(live.LiveMigrationBase):
    def test_owner_is_back_while_another_guest_moves(self) -> None:
        self.flags(max_concurrent_live_migrations=1)
        self.start_workstation('desk1')
        first, second = self.boot(), self.boot()
        self.start_workstation('desk2')
        end = self.begin_to_move(first)
        self.ask_to_move(second)
        self._wait_for_migration_status(second, ['queued'])
        self.close('desk2')
        end.set()
        # One is on its way, the other has not begun and stays.
        self.wait_moved(first)
        self.wait_moved(second, 'failed')
        self.assertEqual('desk2', self.host_of(first))
        self.assertEqual('desk1', self.host_of(second))
        self.assert_used('desk2', 1024)
