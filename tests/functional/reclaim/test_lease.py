# SPDX-License-Identifier: Apache-2.0
"""Leases, with Nova's own API; the service's clock runs ahead."""

import json

from nova_desktop.messages import What
from nova_desktop.reclaim import grace
from tests.functional.reclaim import base

LEASE_S = 3600


class LeaseTest(base.NovaTest):
    def setUp(self):
        super().setUp()
        self.made = self.service(lease_warning_s=300)

    def leased(self, **specs):
        lease = {'desktop:lease': '1h', **specs}
        return self.boot('live-migrate', **lease)['id']

    def at(self, since_start_s):
        """Let it be so long after the servers' start, and look."""
        self.made.clock.ahead_s = since_start_s
        self.made.leases.look()

    def until(self, check):
        def look():
            self.made.leases.look()
            return check()

        self.eventually(look)

    def metadata(self, server_id):
        return self.cloud.server(server_id).metadata

    def state(self, server_id):
        found = self.cloud.server(server_id)
        return found and found.vm_state

    def acts(self, server_id):
        """Give what became of a server since its creation, oldest first."""
        done = [each.action for each in self.cloud.actions(server_id)]
        return list(reversed(done))[1:]

    def unshelve(self, server_id):
        """Have its tenant bring a server back."""
        # A user of the service's own name would be the service.
        api = self.api_fixture.api
        api.auth_user = base.TENANT
        api.project_id = self.admin_api.project_id
        api.post_server_action(server_id, {'unshelve': None})
        self._wait_for_state_change({'id': server_id}, 'ACTIVE')

    def test_told_and_shelved(self):
        a = self.leased()
        self.at(LEASE_S - 400)
        self.assertNotIn(grace.KEY, self.metadata(a))
        self.at(LEASE_S - 320)
        told = json.loads(self.metadata(a)[grace.KEY])
        self.assertEqual('shelve', told['action'])
        created = self.cloud.server(a).created_unix_s
        self.assertEqual(created + LEASE_S, told['deadline'])
        self.assertEqual('shelve', self.made.table.get(a).action)
        self.at(LEASE_S - 30)
        self.assertEqual('active', self.state(a))
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) == 'shelved_offloaded')
        self.until(lambda: self.made.table.get(a) is None)
        self.assertEqual(frozenset(), self.cloud.held_on(a))
        self.assertEqual(['shelve'], self.acts(a))
        self.assertEqual([], self.made.returning.scan())
        self.assertEqual(base.USER, self.cloud.actions(a)[0].user_id)

    def test_extended_by_its_tenant(self):
        a = self.leased()
        self.at(LEASE_S - 320)
        self.cloud.set_metadata(a, 'desktop_lease', '2h')
        self.at(LEASE_S + 10)
        self.until(lambda: grace.KEY not in self.metadata(a))
        self.assertEqual('active', self.state(a))
        self.assertIsNone(self.made.table.get(a))
        self.at(2 * LEASE_S - 300)
        self.assertIn(grace.KEY, self.metadata(a))
        self.at(2 * LEASE_S + 10)
        self.until(lambda: self.state(a) == 'shelved_offloaded')

    def test_deleted(self):
        a = self.leased(**{'desktop:lease_end': 'delete'})
        self.at(LEASE_S - 300)
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) is None)
        self.assertEqual(frozenset(), self.cloud.held_on(a))

    def test_shelved_and_deleted_at_its_end(self):
        a = self.leased(**{'desktop:lease_end': 'delete'})
        self.admin_api.post_server_action(a, {'shelve': None})
        self._wait_for_state_change({'id': a}, 'SHELVED_OFFLOADED')
        self.at(LEASE_S - 300)
        self.assertEqual('shelved_offloaded', self.state(a))
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) is None)

    def test_locked_by_its_tenant(self):
        a = self.leased(**{'desktop:lease_end': 'delete'})
        self.api_fixture.api.post_server_action(a, {'lock': {}})
        self.at(LEASE_S - 300)
        told = json.loads(self.metadata(a)[grace.KEY])
        self.assertEqual('shelve', told['action'])
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) == 'shelved_offloaded')

    def test_stopped(self):
        a = self.leased()
        self.admin_api.post_server_action(a, {'os-stop': None})
        self._wait_for_state_change({'id': a}, 'SHUTOFF')
        self.at(LEASE_S - 300)
        self.assertIn(grace.KEY, self.metadata(a))
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) == 'shelved_offloaded')

    def test_its_tenants_own_on_any_flavor_of_workstations(self):
        a = self.boot('live-migrate')['id']
        self.cloud.set_metadata(a, 'desktop_lease', '1h')
        self.cloud.set_metadata(a, 'desktop_lease_end', 'delete')
        self.at(LEASE_S - 300)
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) is None)

    def test_absurd(self):
        a = self.leased()
        self.cloud.set_metadata(a, 'desktop_lease', 'for ever')
        self.at(0)
        [noted] = [
            each.text
            for each in self.made.journal.of(a)
            if each.what is What.IGNORED
        ]
        self.assertIn("desktop_lease = 'for ever' is ignored", noted)

    def test_two_workers(self):
        other = self.service(lease_warning_s=300)
        both = self.made, other
        ids = [self.leased() for _ in range(3)]
        for since_s in (LEASE_S - 300, LEASE_S + 10):
            for each in both:
                each.clock.ahead_s = since_s
                each.leases.look()

        def over():
            for each in both:
                each.leases.look()
            states = {self.state(a) for a in ids}
            return states == {'shelved_offloaded'}

        self.eventually(over)
        for a in ids:
            self.assertEqual(['shelve'], self.acts(a))
        self.eventually(lambda: len(self.made.events) == 3)
        self.assertEqual([], other.events)

    def test_unshelved_by_its_tenant_it_begins_anew(self):
        a = self.leased()
        self.at(LEASE_S - 300)
        self.at(LEASE_S + 10)
        self.until(lambda: self.state(a) == 'shelved_offloaded')
        self.unshelve(a)
        again = self.cloud.actions(a)[0]
        self.assertEqual('unshelve', again.action)
        self.assertNotEqual(base.USER, again.user_id)
        # Another worker, whose clock has not run ahead yet.
        self.made = self.service(lease_warning_s=300)
        self.at(LEASE_S - 400)
        self.assertNotIn(grace.KEY, self.metadata(a))
        self.assertEqual('active', self.state(a))
        agreed = self.made.leases.shown(a)
        self.assertEqual(again.start_unix_s, agreed.start_unix_s)
