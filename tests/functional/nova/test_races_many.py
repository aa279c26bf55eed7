# SPDX-License-Identifier: Apache-2.0
"""Fifty servers at once, of which none may pay for an owner's return."""

import collections

from nova_desktop import model
from tests.functional.nova import base, fake_agent

COUNT = 50
# Placement counts each CPU four times over: two hosts hold all.
LENT = model.Cap(cpus=12.0, memory_mib=8192, admit=True)
MIDWAY = 15


class ManyServersTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(instances=-1, cores=-1, ram=-1, group='quota')
        self.left: list[str] = []
        self.started: collections.Counter[str] = collections.Counter()
        self.start_workstation(
            'desk1', 'desk2', 'desk3', first=fake_agent.status(LENT)
        )

    def leave(self, name: str) -> None:
        """Have the first host leave at once and the next one midway."""
        self.started[name] += 1
        at = MIDWAY if self.left else 1
        if len(self.left) < 2 and self.started[name] == at:
            self.left.append(name)
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
        self.assertEqual(COUNT, sum(hosts.values()))
        first, second = self.left
        self.assertNotIn(first, hosts)
        self.assertLess(hosts[second], MIDWAY)
        for name in self.computes:
            self.assert_used(name, 64 * hosts[name])
        self.assertGreater(len(called), COUNT)
