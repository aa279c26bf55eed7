# SPDX-License-Identifier: Apache-2.0
"""Many servers in one request, and owners who come back meanwhile."""

import collections

import fixtures

from nova_desktop import model
from tests.functional.nova import base, fake_agent

COUNT = 50
MIDWAY = 8


class ManyBase(base.DesktopTestBase):
    def start(self, name: str, memory_mib: int, free: float) -> None:
        """Start a host; the scheduler prefers those that are longer free."""
        cap = model.Cap(cpus=16.0, memory_mib=memory_mib, admit=True)
        said = fake_agent.status(cap, forecast={5: free, 15: free})
        self.start_workstation(name, first=said)

    def ask_for(self, count: int, flavor_id: str) -> None:
        body = self._build_server(flavor_id=flavor_id, networks='none')
        body['min_count'] = body['max_count'] = count
        self.api.post_server({'server': body})


class FiftyServersTest(ManyBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(instances=-1, cores=-1, ram=-1, group='quota')
        # At each claim Nova reads what every server of the host holds, in
        # case that a PCI device is among it: half of this test's time.
        self.useFixture(
            fixtures.MockPatch(
                'nova.scheduler.client.report.SchedulerReportClient.'
                'get_allocations_for_provider_tree',
                return_value={},
            )
        )
        self.started: collections.Counter[str] = collections.Counter()
        # Of 64 MiB each, the first takes 32 and the second the others.
        self.start('desk1', 2048, 0.9)
        self.start('desk2', 2048, 0.8)
        self.start('desk3', 3200, 0.7)

    def leave(self, name: str) -> None:
        """Have one owner come back at once, and one midway."""
        self.started[name] += 1
        if self.started[name] == {'desk1': 1, 'desk2': MIDWAY}.get(name):
            self.owner_back(name)

    def test_one_leaves_at_the_first_build_and_one_midway(self) -> None:
        self.before('prepare_for_spawn', self.leave, times=2 * COUNT)
        self.ask_for(COUNT, self.flavor(memory_mb=64))
        self.notifier.wait_for_versioned_notifications(
            'instance.create.end', n_events=COUNT, timeout=120.0
        )
        servers = self.api.get_servers()
        self.assertEqual({'ACTIVE'}, {each['status'] for each in servers})
        hosts = collections.Counter(
            each['OS-EXT-SRV-ATTR:host'] for each in servers
        )
        self.assertEqual(COUNT, hosts.total())
        self.assertNotIn('desk1', hosts)
        self.assertLess(hosts['desk2'], MIDWAY)
        for name in self.computes:
            self.assert_used(name, 64 * hosts[name])
        self.assertEqual(
            (32, 18), (self.started['desk1'], self.started['desk2'])
        )


class NoAlternatesTest(ManyBase):
    def test_hosts_of_siblings_are_no_alternates(self) -> None:
        """Show what Nova cannot do.

        For the servers of one request it names no host as an alternate that
        it has chosen for any of them, however much room is left there.
        """
        self.start('desk1', 2048, 0.9)
        self.start('desk2', 2048, 0.8)
        called = self.before('prepare_for_spawn', self.leave, times=3)
        self.ask_for(3, self.flavor_id)
        servers = self.api.get_servers()
        for each in servers:
            self._wait_for_server_parameter(
                each, {'OS-EXT-STS:task_state': None}
            )
        hosts = collections.Counter(self.host_of(each) for each in servers)
        self.assertEqual({None: 2, 'desk2': 1}, hosts)
        self.assertEqual(['desk1', 'desk1', 'desk2'], sorted(called))
        # There was room for one of them; asked for by itself it has it.
        self.assertEqual('desk2', self.host_of(self.boot()))

    def leave(self, name: str) -> None:
        if name == 'desk1':
            self.owner_back(name)
