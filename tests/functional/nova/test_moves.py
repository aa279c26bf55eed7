# SPDX-License-Identifier: Apache-2.0
"""All directions between workstations and stock hosts."""

from unittest import mock

from nova.tests.fixtures import libvirt as fakelibvirt

from tests.functional.nova import live


class DirectionsTest(live.LiveMigrationBase):
    def start(self, src: str, dest: str) -> None:
        for name in (src, dest):
            if name.startswith('desk'):
                self.start_workstation(name)
            else:
                self.start_stock(name)
            if name == src:
                self.server = self.boot()

    def move_with_partition(self, expected: str = 'completed') -> str:
        # The fake libvirt forgets what it does not know.
        stock = fakelibvirt.Domain.XMLDesc

        def described(domain, flags=0) -> str:
            xml = stock(domain, flags)
            if not domain._connection.hostname.startswith('desk'):
                return xml
            return xml.replace('</domain>', live.RESOURCE + '</domain>')

        with mock.patch.object(fakelibvirt.Domain, 'XMLDesc', described):
            return self.move(self.server, expected)

    def test_workstation_to_workstation_keeps_the_partition(self) -> None:
        self.start('desk1', 'desk2')
        self.assertEqual('desk2', self.move_with_partition())
        self.assertIn(live.RESOURCE, self.sent[0])
        # The guest has its share for as long as it moves.
        watcher = self.watcher('desk1')
        self.assertEqual([self.server['id']], watcher.left)
        self.assertEqual([self.server['id']], watcher.done)

    def test_workstation_to_stock_leaves_the_partition(self) -> None:
        # The more so when its owner is back on the way.
        self.start('desk1', 'rack1')
        self.while_moving = lambda domain: self.close('desk1')
        self.assertEqual('rack1', self.move_with_partition())
        (sent,) = self.sent
        self.assertNotIn('<resource>', sent)
        self.assert_used('desk1', 0)

    def test_stock_to_workstation_is_refused(self) -> None:
        self.start('rack1', 'desk1')
        self.assertEqual('rack1', self.move_with_partition('error'))
        self.assertEqual([], self.sent)
        server = self.api.get_server(self.server['id'])
        self.assertEqual('ACTIVE', server['status'])
        # And so it is when the owner is back.
        self.close('desk1')
        self.assertEqual('rack1', self.move_with_partition('error'))
        self.assertEqual([], self.sent)

    def test_stock_to_stock_is_not_our_business(self) -> None:
        self.start('rack1', 'rack2')
        self.assertEqual('rack2', self.move_with_partition())
        self.assertEqual(1, len(self.sent))
