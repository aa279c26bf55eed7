# SPDX-License-Identifier: Apache-2.0
"""Leases of real guests: told inside, extended, and brought to their end."""

import datetime
import json
from typing import Any

from sandbox import cloud, observe
from tests.sandbox import base, test_osc

LEASED = 'desk.leased'
LEASE_S = 60
# What reclaim.conf has of the sandbox, with which a notice is in time.
WARNING_S = 30


class LeaseCase(test_osc.OscTest):
    """A guest with a lease, whose owner stays away."""

    MAY_END = True

    def wait_told(self, action: str, patience_s: float) -> int:
        """Wait for the notice in the guest; give its deadline."""
        text = f'NOTICE action={action} '.encode()
        told = self.console.wait_for(self.host.name, text, patience_s)
        self.assertIsNotNone(told, 'no notice on the console')
        line = self.console.line_with(self.host.name, text)
        self.assertIn('reason=its lease ends', line)
        notice = self.notice()
        self.assertEqual(action, notice['action'])
        return int(notice['deadline'])

    def lease_inside(self) -> Any:
        """Give the lease as the guest's metadata service has it."""
        shown = observe.vendor_data(self.server.id, self.server.project_id)
        return shown['desktop'].get('lease')

    def acted_unix_s(self, action: str) -> float:
        """Give when an action on the server began."""
        for each in self.compute.server_actions(self.server.id):
            if each.action == action:
                when = datetime.datetime.fromisoformat(each.start_time)
                return when.replace(tzinfo=datetime.UTC).timestamp()
        raise AssertionError(f'no {action} of {self.server.id}')

    def created_unix_s(self) -> float:
        """Give when the server was created."""
        return datetime.datetime.fromisoformat(
            self.server.created_at
        ).timestamp()


class FlavorsLeaseTest(LeaseCase):
    """A guest whose flavor has a lease."""

    FLAVOR = LEASED

    @classmethod
    def setUpClass(cls) -> None:
        """Make the flavor."""
        super().setUpClass()
        specs = cloud.desk_specs(lease='1m')
        cloud.make_flavor(cls.compute, LEASED, specs)

    def test_extended_once_and_shelved(self) -> None:
        """It is told, extended, told anew, and shelved at its new end."""
        deadline = self.wait_told('shelve', LEASE_S)
        end = self.created_unix_s() + LEASE_S
        self.assertAlmostEqual(end, deadline, delta=1)
        self.assertEqual(
            {'end': deadline, 'then': 'shelve'}, self.lease_inside()
        )
        self.compute.set_server_metadata(self.server, desktop_lease='2m')
        withdrawn = self.console.wait_for(
            self.host.name, b'NOTICE-WITHDRAWN', 30
        )
        self.assertIsNotNone(withdrawn, 'it was not withdrawn')
        server = base.wait_until(
            self.shelved, 'the guest shelved at its new end', 2 * LEASE_S + 60
        )
        shelved = self.acted_unix_s('shelve')
        notice = json.loads(server.metadata['desktop_notice'])
        self.assertAlmostEqual(end + LEASE_S, notice['deadline'], delta=1)
        self.assertGreaterEqual(shelved, notice['deadline'] - 1)
        self.assertLess(shelved, notice['deadline'] + 10)
        self.assertEqual(set(), self.placement.allocated_on(self.server.id))
        shown = base.wait_until(
            self.explained, 'the end of the lease explained', 30
        )
        self.assertIn('its lease is over', shown['why'])
        self.assertIn('does not come back by itself', shown['why'])
        self.assertEqual('True', str(shown['lease']['over']))
        told = [each['what'] for each in shown['events']]
        self.assertEqual(2, told.count('noticed'))
        self.assertEqual(1, told.count('withdrawn'))
        self.assertNotIn('unshelve', told)

    def shelved(self) -> Any:
        """Give the server once it is shelved and offloaded."""
        server = self.compute.get_server(self.server.id)
        return server if server.status == 'SHELVED_OFFLOADED' else None

    def explained(self) -> Any:
        """Give what is explained once the service has noted the end."""
        shown = self.openstack('server', 'explain', self.server.id)
        done = [each['what'] for each in shown['events']]
        return shown if 'left' in done else None


class OwnLeaseTest(LeaseCase):
    """A guest whose tenant gives it a lease himself."""

    FLAVOR = 'desk.small'

    def test_deleted(self) -> None:
        """It is told, and deleted, as its tenant asked."""
        self.compute.set_server_metadata(
            self.server, desktop_lease='1m', desktop_lease_end='delete'
        )
        deadline = self.wait_told('delete', 60)
        set_s = deadline - self.created_unix_s()
        self.assertGreaterEqual(set_s, 59)
        base.wait_until(
            lambda: (
                not self.compute.find_server(self.server.id, all_projects=True)
            ),
            'the guest deleted',
            WARNING_S + 90,
        )
        self.assertGreaterEqual(self.acted_unix_s('delete'), deadline - 1)
        self.assertEqual(set(), self.placement.allocated_on(self.server.id))
