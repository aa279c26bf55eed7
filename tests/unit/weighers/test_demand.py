# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop.weighers import demand
from tests.unit.weighers import hosts


class RecentDemandWeigherTest(unittest.TestCase):
    def test_needed_hosts_come_after_others(self) -> None:
        told = (None, '0.0', '0.4', '1.0')
        found = [
            hosts.host(hosts.AWAY | ({'desktop_demand': each} if each else {}))
            for each in told
        ]
        weigher = demand.RecentDemandWeigher()
        self.assertEqual(
            [0.0, 0.0, -0.4, -1.0],
            hosts.weigh(weigher, found, hosts.request()),
        )
