# SPDX-License-Identifier: Apache-2.0
"""Each action to its end, each fall-through, and each coming back."""

from unittest import mock

from nova import exception as nova_exception
from nova.virt import fake

from nova_desktop import messages
from tests.functional.reclaim import base

DRIVER = fake.FakeLiveMigrateDriver
W = messages.What


class Case(base.NovaTest):
    def evict(self, service, within_s=3600.0):
        """Let the host ask for everything; wait until it is settled."""
        self.lend('desk1', 0)
        service.worker.reclaim(self.request(within_s=within_s))
        self.gone_from(service)

    def now(self, server):
        return self.cloud.server(server['id'])

    def tried(self, service, server):
        """Give what was tried, as the journal tells."""
        return [
            entry.text.removeprefix('by ')
            for entry in service.journal.of(server['id'])
            if entry.what == W.TRIES
        ]

    def fails(self, method, error=None):
        """Let the driver fail at something for the rest of the test."""
        error = error or nova_exception.NovaException('the test says no')
        patch = mock.patch.object(DRIVER, method, side_effect=error)
        self.addCleanup(patch.stop)
        return patch.start()

    def act(self, server, action, status):
        """Do something to a server as its tenant."""
        api = self.api_fixture.api
        api.project_id = self.admin_api.project_id
        api.post_server_action(server['id'], {action: None})
        self._wait_for_state_change(server, status)

    def shelve(self, server):
        """Shelve a server as the service does."""
        self.admin_api.post_server_action(server['id'], {'shelve': None})
        self._wait_for_state_change(server, 'SHELVED_OFFLOADED')


class SuspendTest(Case):
    def test_suspended_in_place_and_resumed(self):
        server = self.boot('suspend')
        desk1 = self.cloud.provider('desk1').uuid
        service = self.service()

        self.evict(service)

        now = self.now(server)
        self.assertEqual(('desk1', 'suspended'), (now.host, now.vm_state))
        self.assertEqual(frozenset({desk1}), self.cloud.held_on(server['id']))
        service.hosts.returned('desk1', 'away')
        self.assertEqual([], service.returning.scan(), 'there is no room')
        self.lend('desk1', 1024)
        self.assertEqual([server['id']], service.returning.scan())
        now = self.now(server)
        self.assertEqual(('desk1', 'active'), (now.host, now.vm_state))

    def test_one_that_its_tenant_suspended_stays(self):
        server = self.boot('suspend')
        self.act(server, 'suspend', 'SUSPENDED')
        self.assertEqual([], self.service().returning.scan())
        self.assertEqual('suspended', self.now(server).vm_state)


class RebuildTest(Case):
    def settle(self, service, server):
        self.eventually(
            lambda: (
                service.journal.of(server['id'])[-1].what
                in (W.RETURNED, W.NOT_RETURNED)
            )
        )

    def test_booted_elsewhere_at_once(self):
        self._start_compute('desk2')
        server = self.boot('rebuild')
        desk2 = self.cloud.provider('desk2').uuid
        service = self.service()

        self.evict(service)
        self.settle(service, server)

        now = self.now(server)
        self.assertEqual(('desk2', 'active'), (now.host, now.vm_state))
        self.assertEqual(frozenset({desk2}), self.cloud.held_on(server['id']))
        self.assertEqual(0, self.cloud.provider('desk1').used_mib)

    def test_where_no_host_takes_it_it_waits(self):
        server = self.boot('rebuild')
        service = self.service()

        self.evict(service)
        self.settle(service, server)

        self.assertEqual('shelved_offloaded', self.now(server).vm_state)
        self.assertEqual(frozenset(), self.cloud.held_on(server['id']))
        self.lend('desk1', 1024)
        service.hosts.returned('desk1', 'away')
        service.returning.capacity_returned()
        self.assertEqual([server['id']], service.returning.scan())
        self.assertEqual('active', self.now(server).vm_state)


class FallThroughTest(Case):
    """Why each of Nova's actions does not work, and what comes then."""

    def test_no_host_for_either_migration(self):
        server = self.boot('live-migrate,cold-migrate,suspend')
        service = self.service()
        self.evict(service)
        self.assertEqual(
            ['live-migrate', 'cold-migrate', 'suspend'],
            self.tried(service, server),
        )
        self.assertEqual('suspended', self.now(server).vm_state)
        why = [
            entry.detail
            for entry in service.journal.of(server['id'])
            if entry.what == W.FELL_THROUGH
        ]
        self.assertIn('conductor_live_migrate_instance: No valid', why[0])

    def test_suspend_fails(self):
        error = nova_exception.NovaException('no space')
        # As our driver has it; else Nova sets ERROR.
        self.fails('suspend', nova_exception.InstanceFaultRollback(error))
        server = self.boot('suspend,shelve')
        service = self.service()
        self.evict(service)
        self.assertEqual(['suspend', 'shelve'], self.tried(service, server))
        self.assertEqual('shelved_offloaded', self.now(server).vm_state)

    def test_shelving_fails(self):
        self.fails('snapshot')
        for action in ('shelve', 'rebuild'):
            server = self.boot(f'{action},stop')
            service = self.service()
            self.evict(service)
            self.assertEqual([action, 'stop'], self.tried(service, server))
            self.assertEqual('stopped', self.now(server).vm_state)
            self.lend('desk1', 4096)

    def test_stopping_fails(self):
        self.fails('power_off')
        server = self.boot('stop,delete')
        service = self.service()
        self.evict(service)
        self.assertEqual(['stop', 'delete'], self.tried(service, server))
        self.eventually(lambda: self.now(server) is None)

    def test_a_host_that_changes_its_mind_is_asked_once_more(self):
        self._start_compute('desk2')
        late = nova_exception.MigrationPreCheckError(reason='too late')
        stock, calls = DRIVER.pre_live_migration, []

        def refuse_once(driver, *args, **kwargs):
            calls.append(args)
            if len(calls) == 1:
                raise late
            return stock(driver, *args, **kwargs)

        patch = mock.patch.object(DRIVER, 'pre_live_migration', refuse_once)
        self.addCleanup(patch.stop)
        patch.start()
        server = self.boot('live-migrate,shelve')
        service = self.service()
        self.evict(service)
        self.assertEqual(2, len(calls))
        self.assertEqual(['live-migrate'] * 2, self.tried(service, server))
        now = self.now(server)
        self.assertEqual(('desk2', 'active'), (now.host, now.vm_state))

    def test_a_host_that_changes_its_mind_twice(self):
        self._start_compute('desk2')
        late = nova_exception.MigrationPreCheckError(reason='too late')
        self.fails('pre_live_migration', late)
        server = self.boot('live-migrate,shelve')
        service = self.service()
        self.evict(service)
        self.assertEqual(
            ['live-migrate', 'live-migrate', 'shelve'],
            self.tried(service, server),
        )
        self.assertEqual('shelved_offloaded', self.now(server).vm_state)

    def test_no_time_to_shelve(self):
        server = self.boot('shelve,suspend')
        service = self.service(link_mib_per_s=1)
        self.evict(service, within_s=300)
        self.assertEqual(['suspend'], self.tried(service, server))
        told = [
            entry.text
            for entry in service.journal.of(server['id'])
            if entry.what == W.PASSED_OVER
        ]
        self.assertEqual(1, len(told))
        self.assertIn('shelve for suspend', told[0])


class AsBeforeTest(Case):
    """The state that its tenant had left it in comes back too."""

    def test_stopped_paused_and_suspended(self):
        for action, status, state in (
            ('os-stop', 'SHUTOFF', 'stopped'),
            ('pause', 'PAUSED', 'paused'),
            ('suspend', 'SUSPENDED', 'suspended'),
        ):
            server = self.boot('shelve')
            self.act(server, action, status)
            self.shelve(server)
            self.assertEqual(
                [server['id']], self.service().returning.scan(), state
            )
            self.assertEqual(state, self.now(server).vm_state)
            # It is not ours now, though we were the last to stop it.
            self.assertEqual([], self.service().returning.scan(), state)
            self.assertEqual(state, self.now(server).vm_state)

    def test_taken_up_by_a_service_that_is_started_again(self):
        server = self.boot('shelve')
        other = self.boot('shelve')
        self.act(server, 'os-stop', 'SHUTOFF')
        for each in (server, other):
            self.shelve(each)
            self.cloud.nudge('unshelve', each['id'])
            self._wait_for_state_change(each, 'ACTIVE')
        self.service().returning._bringing.take_up()
        self.assertEqual('stopped', self.now(server).vm_state)
        self.assertEqual('active', self.now(other).vm_state)

    def test_what_its_tenant_does_next_wins(self):
        server = self.boot('shelve')
        self.act(server, 'os-stop', 'SHUTOFF')
        self.shelve(server)
        self.cloud.nudge('unshelve', server['id'])
        self._wait_for_state_change(server, 'ACTIVE')
        self.api_fixture.api.post_server_action(
            server['id'], {'reboot': {'type': 'HARD'}}
        )
        self._wait_for_server_parameter(
            server, {'status': 'ACTIVE', 'OS-EXT-STS:task_state': None}
        )
        self.service().returning._bringing.take_up()
        self.assertEqual('active', self.now(server).vm_state)

    def test_only_what_changed_lately_is_looked_at(self):
        server = self.boot('shelve')
        [found] = self.cloud.changed_since(1e9)
        self.assertEqual(server['id'], found.id)
        self.assertEqual([], self.cloud.changed_since(4e9))
