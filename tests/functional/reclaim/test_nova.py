# SPDX-License-Identifier: Apache-2.0

import json

from nova_desktop import messages
from nova_desktop.reclaim import grace
from tests.functional.reclaim import base


class CloudTest(base.NovaTest):
    """The wrapper says what Nova and Placement say."""

    def test_servers_of_a_host(self):
        self._start_compute('desk10')
        server = self.boot('live-migrate', notice=60)
        self.boot('live-migrate', host='desk10')

        found = self.cloud.servers_of('desk1')

        self.assertEqual([server['id']], [s.id for s in found])
        self.assertEqual(1024, found[0].memory_mib)
        self.assertEqual('active', found[0].vm_state)
        self.assertEqual('desk1', found[0].node)
        self.assertIsNone(found[0].task_state)
        self.assertEqual(11, found[0].disk_gib, 'the ephemeral disk too')
        self.assertFalse(found[0].locked)
        self.assertTrue(found[0].tolerance.preemptible)
        self.assertEqual(60, found[0].tolerance.notice_s)
        self.assertGreater(found[0].since_unix_s, 1e9)

    def test_metadata(self):
        server = self.boot('stop')
        self.cloud.set_metadata(server['id'], 'desktop_notice', 'x')
        self.assertEqual(
            {'desktop_notice': 'x'}, self.cloud.server(server['id']).metadata
        )
        self.cloud.delete_metadata(server['id'], 'desktop_notice')
        self.cloud.delete_metadata(server['id'], 'desktop_notice')
        self.assertEqual({}, self.cloud.server(server['id']).metadata)

    def test_gone(self):
        nobody = '11111111-1111-4111-8111-111111111111'
        self.assertIsNone(self.cloud.server(nobody))
        self.assertEqual(frozenset(), self.cloud.held_on(nobody))
        self.assertIsNone(self.cloud.provider('nowhere'))

    def test_provider(self):
        server = self.boot('stop')
        self.lend('desk1', 1024)
        provider = self.cloud.provider('desk1')
        self.assertEqual(0, provider.free_mib)
        self.assertEqual(1024, provider.used_mib)
        self.assertEqual(
            frozenset({provider.uuid}), self.cloud.held_on(server['id'])
        )

    def test_more_than_a_page(self):
        ids = {self.boot('stop')['id'] for _ in range(3)}
        self.flags(max_limit=2, group='api')
        found = self.cloud.servers_of('desk1')
        self.assertEqual(ids, {server.id for server in found})


class EvictionTest(base.NovaTest):
    """A host asks, and the right thing becomes of its servers."""

    def evict(self, service, keep=0):
        self.lend('desk1', 0)
        service.worker.reclaim(self.request(keep=keep))
        self.gone_from(service)

    def test_live_migration(self):
        self._start_compute('desk2')
        server = self.boot('live-migrate,shelve')
        desk1 = self.cloud.provider('desk1').uuid
        service = self.service()

        self.evict(service)

        now = self.cloud.server(server['id'])
        self.assertEqual(('desk2', 'active'), (now.host, now.vm_state))
        self.assertNotIn(desk1, self.cloud.held_on(server['id']))
        self.assertEqual(0, self.cloud.provider('desk1').used_mib)
        self.assertNotIn(grace.KEY, now.metadata)
        self.assertIsNone(service.table.get(server['id']))

    def test_no_valid_host_falls_through_to_shelving(self):
        server = self.boot('live-migrate,shelve')
        service = self.service()

        self.evict(service)

        now = self.cloud.server(server['id'])
        self.assertEqual('shelved_offloaded', now.vm_state)
        self.assertEqual(frozenset(), self.cloud.held_on(server['id']))
        tried = {r.action: r for r in self.cloud.actions(server['id'])}
        self.assertIn('live-migration', tried)
        self.assertEqual(base.USER, tried['shelve'].user_id)

    def test_cold_migration_is_confirmed(self):
        self._start_compute('desk2')
        server = self.boot('cold-migrate')
        desk1 = self.cloud.provider('desk1').uuid
        self.evict(self.service())
        now = self.cloud.server(server['id'])
        self.assertEqual(('desk2', 'active'), (now.host, now.vm_state))
        self.assertNotIn(desk1, self.cloud.held_on(server['id']))

    def test_a_resize_that_waits_is_confirmed(self):
        self._start_compute('desk2')
        server = self.boot('stop', host='desk2')
        self._migrate_server(server)
        there = self.cloud.server(server['id'])
        self.assertEqual(('desk1', 'resized'), (there.host, there.vm_state))
        desk2 = self.cloud.provider('desk2').uuid
        self.assertEqual(1024, self.cloud.provider('desk2').used_mib)

        self.evict(self.service())

        now = self.cloud.server(server['id'])
        self.assertEqual(('desk1', 'stopped'), (now.host, now.vm_state))
        self.assertNotIn(desk2, self.cloud.held_on(server['id']))
        self.assertEqual(0, self.cloud.provider('desk2').used_mib)

    def test_a_lock_does_not_spare(self):
        server = self.boot('shelve')
        self.api_fixture.api.post_server_action(server['id'], {'lock': {}})
        self.assertTrue(self.cloud.server(server['id']).locked)
        self.lend('desk1', 0)
        service = self.service()

        made = service.worker.reclaim(self.request())
        self.gone_from(service)

        self.assertIn(f'does not spare: {server["id"]}', made.reason)
        now = self.cloud.server(server['id'])
        self.assertEqual('shelved_offloaded', now.vm_state)

    def test_one_in_rescue_waits(self):
        server = self.boot('delete')
        self.admin_api.post_server_action(server['id'], {'rescue': {}})
        self._wait_for_state_change(server, 'RESCUE')
        self.lend('desk1', 0)
        made = self.service().worker.reclaim(self.request())
        self.assertEqual((), made.victims)
        self.assertEqual(1024, made.unmet)

    def test_stop_and_start_again(self):
        server = self.boot('stop')
        service = self.service()
        self.evict(service)
        self.assertEqual('stopped', self.cloud.server(server['id']).vm_state)
        service.hosts.returned('desk1', 'away')

        self.assertEqual([], service.returning.scan())
        self.lend('desk1', 4096)
        self.assertEqual([server['id']], service.returning.scan())
        self.assertEqual('active', self.cloud.server(server['id']).vm_state)

    def test_delete(self):
        server = self.boot('delete')
        self.evict(self.service())
        # Nova shows it as deleted for the moment before it is gone.
        self.eventually(lambda: self.cloud.server(server['id']) is None)

    def test_enough_and_no_more(self):
        for _ in range(3):
            self.boot('delete')
        self.evict(self.service(), keep=1024)
        left = self.cloud.servers_of('desk1')
        self.assertEqual(
            ['active'], [s.vm_state for s in left if s.vm_state != 'deleted']
        )

    def test_notice_and_withdrawal(self):
        server = self.boot('shelve', notice=600)
        service = self.service()
        self.lend('desk1', 0)
        service.worker.reclaim(self.request())
        self.eventually(
            lambda: grace.KEY in self.cloud.server(server['id']).metadata
        )
        told = json.loads(self.cloud.server(server['id']).metadata[grace.KEY])
        self.assertEqual('shelve', told['action'])
        self.assertEqual('shelve', service.table.get(server['id']).action)
        self.eventually(lambda: service.guests.notices)
        self.eventually(lambda: service.events)

        service.worker.capacity_returned(
            messages.CapacityReturned(host='desk1', reason='away')
        )
        self.gone_from(service)

        now = self.cloud.server(server['id'])
        self.assertEqual('active', now.vm_state)
        self.eventually(lambda: not self.cloud.server(server['id']).metadata)
        self.eventually(lambda: len(service.guests.notices) == 2)
        self.assertEqual('', service.guests.notices[-1][1].action)

    def test_tenant_acknowledges(self):
        server = self.boot('shelve', notice=600)
        service = self.service()
        self.lend('desk1', 0)
        service.worker.reclaim(self.request())
        self.eventually(
            lambda: grace.KEY in self.cloud.server(server['id']).metadata
        )
        self.cloud.set_metadata(server['id'], grace.ACK_KEY, 'yes')
        self.gone_from(service)
        self.assertEqual(
            'shelved_offloaded', self.cloud.server(server['id']).vm_state
        )


class ReturningTest(base.NovaTest):
    """Only what we shelved comes back."""

    def shelve(self, api, server):
        api.post_server_action(server['id'], {'shelve': None})
        self._wait_for_state_change(server, 'SHELVED_OFFLOADED')

    def test_ours_comes_back(self):
        server = self.boot('shelve')
        self.shelve(self.admin_api, server)
        self.assertEqual([server['id']], self.service().returning.scan())
        self.assertEqual('active', self.cloud.server(server['id']).vm_state)

    def test_the_tenants_stays(self):
        server = self.boot('shelve')
        self.api_fixture.api.project_id = self.admin_api.project_id
        self.shelve(self.api_fixture.api, server)
        self.assertEqual([], self.service().returning.scan())
        self.assertEqual(
            'shelved_offloaded', self.cloud.server(server['id']).vm_state
        )

    def test_no_host_takes_it(self):
        server = self.boot('shelve')
        self.shelve(self.admin_api, server)
        self.lend('desk1', 512)
        service = self.service()
        self.assertEqual([], service.returning.scan())
        self.assertIn(server['id'], service.hosts.resting(0))
