# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop.weighers import leave
from tests.unit.weighers import hosts

SOON = hosts.forecast(0.1, 0.1, 0.0, 0.0)
LATE = hosts.forecast(1.0, 1.0, 0.9, 0.1)
NEVER = hosts.forecast(1.0, 1.0, 1.0, 1.0)


class CorrelatedLeaveWeigherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.weigher = leave.CorrelatedLeaveWeigher()
        self.hosts = [
            hosts.host(SOON, 'soon1'),
            hosts.host(SOON, 'soon2'),
            hosts.host(LATE, 'late'),
            hosts.host(NEVER, 'never'),
        ]

    def weigh(self, members, policy='anti-affinity') -> list[float]:
        spec = hosts.request(members, policy)
        return hosts.weigh(self.weigher, self.hosts, spec)

    def test_owners_who_return_together_are_avoided(self) -> None:
        same, alike, late, never = self.weigh(['soon1'])
        self.assertLess(same, alike)
        self.assertLess(alike, late)
        self.assertLessEqual(late, never)
        self.assertEqual(0, never)

    def test_each_member_counts(self) -> None:
        once = self.weigh(['soon1'])[1]
        self.assertAlmostEqual(2 * once, self.weigh(['soon1', 'soon1'])[1])

    def test_member_on_a_full_host_is_remembered(self) -> None:
        before = self.weigh(['soon1'])
        del self.hosts[0]
        self.assertEqual(before[1:], self.weigh(['soon1']))

    def test_member_on_an_unknown_host_weighs_nothing(self) -> None:
        self.assertEqual([0.0] * 4, self.weigh(['elsewhere']))

    def test_groups_that_belong_together_are_not_spread(self) -> None:
        for policy in ('affinity', 'soft-affinity'):
            self.assertEqual([0.0] * 4, self.weigh(['soon1'], policy))

    def test_no_group(self) -> None:
        self.assertEqual([0.0] * 4, self.weigh(None))

    def test_first_of_a_group(self) -> None:
        self.assertEqual([0.0] * 4, self.weigh([]))
