# SPDX-License-Identifier: Apache-2.0
"""Fifty servers at once, of which none may pay for an owner's return."""

import collections

from nova_desktop import model
from tests.functional.nova import base, fake_agent

COUNT = 50
MIDWAY = 8


def lent(cpus: float, free: float) -> model.Status:
    """Give what an agent says; Placement counts each CPU four times."""
    cap = model.Cap(cpus=cpus, memory_mib=8192, admit=True)
    return fake_agent.status(cap, forecast={5: free, 15: free})


class ManyServersTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(instances=-1, cores=-1, ram=-1, group='quota')
        self.started: collections.Counter[str] = collections.Counter()
        # The scheduler prefers them in this order, and has room to spare
        # when the first has left and the second takes no more.
        self.start_workstation('desk1', first=lent(4.0, 0.9))
        self.start_workstation('desk2', first=lent(4.0, 0.8))
        self.start_workstation('desk3', first=lent(12.0, 0.7))

    def leave(self, name: str) -> None:
        """Have one owner come back at once, and one midway."""
        self.started[name] += 1
        if self.started[name] == {'desk1': 1, 'desk2': MIDWAY}.get(name):
            self.owner_back(name)

    def test_one_leaves_at_the_first_build_and_one_midway(self) -> None:
        called = self.before('prepare_for_spawn', self.leave, times=3 * COUNT)
        body = self._build_server(
            flavor_id=self.flavor(memory_mb=64), networks='none'
        )
        body['min_count'] = body['max_count'] = COUNT
        self.api.post_server({'server': body})
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
        # All that had been sent to the first were refused, and some of the
        # second's.
        self.assertGreaterEqual(len(called), COUNT + 16)
        self.assertGreaterEqual(self.started['desk2'], MIDWAY)
