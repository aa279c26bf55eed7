# SPDX-License-Identifier: Apache-2.0
"""Live migrations away from a closed host that do not simply succeed."""

from nova.tests.fixtures import libvirt as fakelibvirt

from tests.functional.nova import live


def _fail(domain: fakelibvirt.Domain) -> None:
    domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_NONE
    raise live.failure('migration failed')


class EndsTest(live.LiveMigrationBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()
        self.close('desk1')
        self.start_workstation('desk2')

    def assert_still_on_the_source(self) -> None:
        # What is wrong with a migration may come out after its rollback.
        self.assertTrue(self.ended.acquire(timeout=30.0))
        server = self.api.get_server(self.server['id'])
        self.assertEqual('ACTIVE', server['status'])
        self.assertEqual('desk1', self.host_of(self.server))
        self.assert_used('desk1', 1024)
        self.assert_used('desk2', 0)
        watcher = self.watcher('desk1')
        self.assertEqual([self.server['id']], watcher.left)
        self.assertEqual(watcher.left, watcher.done)

    def test_failure_leaves_the_guest_where_it_is(self) -> None:
        self.while_moving = _fail
        self.move(self.server, 'failed')
        self.assert_still_on_the_source()

    def test_it_may_leave_after_a_failure(self) -> None:
        self.while_moving = _fail
        self.move(self.server, 'failed')
        self.while_moving = lambda domain: None
        self.assertEqual('desk2', self.move(self.server))

    def test_abort(self) -> None:
        end = self.begin_to_move(self.server)
        aborted: list[str] = []
        domain = self.domain(self.server)

        def abort() -> None:
            aborted.append(domain.UUIDString())
            domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_CANCELLED
            end.set()

        domain.abortJob = abort
        number = self.migration(self.server)['id']
        self.api.api_delete(
            f'/servers/{self.server["id"]}/migrations/{number}'
        )
        self.wait_moved(self.server, 'cancelled')
        self.assertIn(self.server['id'], aborted)
        self.assert_still_on_the_source()

    def test_force_complete(self) -> None:
        end = self.begin_to_move(self.server)
        domain = self.domain(self.server)
        self.api.force_complete_migration(
            self.server['id'], self.migration(self.server)['id']
        )
        self._wait_for_assert(
            lambda: self.assertEqual(
                fakelibvirt.VIR_DOMAIN_PAUSED, domain._state
            )
        )
        end.set()
        self.wait_moved(self.server)
        self.assertEqual('desk2', self.host_of(self.server))


class StockTest(live.LiveMigrationBase):
    def test_stock_nova_loses_a_server_whose_migration_fails(self) -> None:
        # Once this fails, Nova has mended it, and our driver need not.
        self.start_stock('rack1')
        server = self.boot()
        self.start_stock('rack2')
        self.while_moving = _fail
        self.ask_to_move(server)
        server = self._wait_for_state_change(
            server, 'ERROR', wait_for_fault_key=False
        )
        self.assertEqual('rack1', self.host_of(server))
        self.assertEqual('error', self.migration(server)['status'])
