# SPDX-License-Identifier: Apache-2.0
"""Server groups whose hosts' owners come back."""

from tests.functional.nova import base


class GroupTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1', 'desk2', 'desk3')

    def group(self, policy: str) -> str:
        body = {'name': policy, 'policy': policy}
        return self.api.post_server_groups(body)['id']

    def boot_in(self, group: str, expected_state: str = 'ACTIVE') -> dict:
        body = {
            'server': self._build_server(
                flavor_id=self.flavor_id, networks='none'
            ),
            'os:scheduler_hints': {'group': group},
        }
        server = self.api.post_server(body)
        return self._wait_for_state_change(server, expected_state)

    def close_the_next(self) -> list[str]:
        return self.before('prepare_for_spawn', self.owner_back)

    def test_anti_affinity_holds_on_the_way_round(self) -> None:
        group = self.group('anti-affinity')
        first = self.boot_in(group)
        called = self.close_the_next()
        second = self.boot_in(group)
        # Of the two hosts left one closes: only the other one is right.
        self.assertEqual(2, len(called))
        self.assertEqual(called[1], self.host_of(second))
        self.assertNotEqual(self.host_of(first), self.host_of(second))
        self.boot_in(group, expected_state='ERROR')

    def test_affinity_has_nowhere_else_to_go(self) -> None:
        group = self.group('affinity')
        first = self.boot_in(group)
        called = self.close_the_next()
        # Nova holds a strict group together, so there is no other host.
        self.boot_in(group, expected_state='ERROR')
        self.assertEqual([self.host_of(first)], called)
        self.assert_used(called[0], 1024)

    def test_soft_affinity_goes_elsewhere(self) -> None:
        group = self.group('soft-affinity')
        self.flags(
            weight_classes=[
                'nova.scheduler.weights.affinity.'
                'ServerGroupSoftAffinityWeigher'
            ],
            group='filter_scheduler',
        )
        first = self.boot_in(group)
        called = self.close_the_next()
        second = self.boot_in(group)
        self.assertEqual(2, len(called))
        self.assertNotEqual(self.host_of(first), self.host_of(second))

    def test_group_of_the_first_member_follows_it(self) -> None:
        group = self.group('affinity')
        called = self.close_the_next()
        first = self.boot_in(group)
        second = self.boot_in(group)
        self.assertEqual(called[1], self.host_of(first))
        self.assertEqual(called[1], self.host_of(second))
