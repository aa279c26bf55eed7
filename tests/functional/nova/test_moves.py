# SPDX-License-Identifier: Apache-2.0
from unittest import mock

from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import base as libvirt_base

from tests.functional.nova import base

_RESOURCE = '<resource><partition>/novadesktop</partition></resource>'


class LiveMigrationTest(
    libvirt_base.LibvirtMigrationMixin, base.DesktopTestBase
):
    """All directions between workstations and stock hosts."""

    # A refusal is raised to whoever casts; calls would give it to the API.
    CAST_AS_CALL = False

    def setUp(self) -> None:
        super().setUp()
        self.flags(allow_in_data_centre=True, group='desktop')
        self.flags(skip_cpu_compare_on_dest=True, group='workarounds')
        self.seen: list[str] = []

    def _migrate_stub(self, domain, destination, params, flags) -> None:
        self.seen.append(params['destination_xml'])
        super()._migrate_stub(domain, destination, params, flags)

    def move(self, expected: str = 'completed') -> None:
        with self.partition_in_xml():
            self._live_migrate(self.server, migration_expected_state=expected)

    def partition_in_xml(self):
        # The fake libvirt forgets what it does not know.
        stock = fakelibvirt.Domain.XMLDesc

        def described(domain, flags=0) -> str:
            xml = stock(domain, flags)
            if 'desk' not in self.host_of(self.server):
                return xml
            return xml.replace('</domain>', _RESOURCE + '</domain>')

        return mock.patch.object(fakelibvirt.Domain, 'XMLDesc', described)

    def start(self, src: str, dest: str) -> None:
        for name in (src, dest):
            if name.startswith('desk'):
                self.start_workstation(name)
            else:
                self.start_stock(name)
            if name == src:
                self.server = self.boot()
        self.src, self.dest = self.computes[src], self.computes[dest]

    def test_workstation_to_workstation_keeps_the_partition(self) -> None:
        self.start('desk1', 'desk2')
        self.move()
        self.assertIn(_RESOURCE, self.seen[0])
        self.assertEqual('desk2', self.host_of(self.server))

    def test_workstation_to_stock_leaves_the_partition(self) -> None:
        self.start('desk1', 'rack1')
        self.move()
        self.assertNotIn('<resource>', self.seen[0])
        self.assertEqual('rack1', self.host_of(self.server))

    def test_stock_to_workstation_is_refused(self) -> None:
        self.start('rack1', 'desk1')
        self.move(expected='error')
        self.assertEqual([], self.seen)
        server = self.api.get_server(self.server['id'])
        self.assertEqual('ACTIVE', server['status'])
        self.assertEqual('rack1', self.host_of(server))

    def test_workstation_that_closes_is_refused(self) -> None:
        self.start('desk1', 'desk2')
        driver = self.driver('desk2')
        stock = driver.check_can_live_migrate_destination

        def check(*args, **kwargs):
            self.watcher('desk2').say(base.AT_WORK)
            return stock(*args, **kwargs)

        driver.check_can_live_migrate_destination = check
        self.move(expected='error')
        self.assertEqual([], self.seen)
        self.assertEqual('desk1', self.host_of(self.server))

    def test_over_full_workstation_is_left(self) -> None:
        self.start('desk1', 'desk2')
        self.watcher('desk1').say(base.AT_WORK)
        self.update('desk1')
        self.move()
        self.assertEqual('desk2', self.host_of(self.server))

    def test_guest_has_its_share_for_as_long_as_it_moves(self) -> None:
        self.start('desk1', 'desk2')
        self.move()
        watcher = self.watcher('desk1')
        self.assertEqual([self.server['id']], watcher.left)
        self.assertEqual([self.server['id']], watcher.done)


class LeavingTest(base.DesktopTestBase):
    def test_stop_and_suspend_have_the_share(self) -> None:
        self.start_workstation('desk1')
        server = self.boot()
        watcher = self.watcher('desk1')
        self._suspend_server(server)
        self._resume_server(server)
        self._stop_server(server)
        self.assertEqual([server['id']] * 2, watcher.left)
        self.assertEqual(watcher.left, watcher.done)

    def test_silent_agent_blocks_nothing(self) -> None:
        self.start_workstation('desk1')
        server = self.boot()
        watcher = self.watcher('desk1')
        with mock.patch.object(watcher, 'leave', return_value=False):
            self._stop_server(server)
