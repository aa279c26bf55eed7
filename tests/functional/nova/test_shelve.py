# SPDX-License-Identifier: Apache-2.0
"""A shelved server comes back, or may not come back yet."""

from tests.functional.nova import cold, fake_agent


class UnshelveTest(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()
        self._shelve_server(self.server)
        self.assert_used('desk1', 0)

    def unshelve_in_vain(self) -> None:
        """Have Nova try and give up, which it tells nobody."""
        self.api.post_server_action(self.server['id'], {'unshelve': None})
        self._wait_for_action_fail_completion(
            self.server, 'unshelve', self.failing
        )
        server = self._wait_for_server_parameter(
            self.server, {'OS-EXT-STS:task_state': None}
        )
        self.assertEqual('SHELVED_OFFLOADED', server['status'])
        self.assertIsNone(self.host_of(server))
        self.assert_used('desk1', 0)

    def test_closed_host_is_not_chosen(self) -> None:
        self.failing = 'schedule_instances'
        self.close('desk1')
        for _ in range(2):
            self.unshelve_in_vain()
        self.say('desk1', fake_agent.AWAY)
        self.wait_pushed('desk1')
        self.update('desk1')
        self._unshelve_server(self.server)
        self.assert_used('desk1', 1024)

    def test_owner_is_back_before_the_guest_starts(self) -> None:
        self.failing = 'compute_unshelve_instance'
        self.before('spawn', self.owner_back)
        self.unshelve_in_vain()
        # Tried again, it goes where there is room.
        self.start_workstation('desk2')
        self._unshelve_server(self.server)
        self.assertEqual('desk2', self.host_of(self.server))

    def test_owner_is_back_while_the_image_comes(self) -> None:
        self.failing = 'compute_unshelve_instance'
        self.before('_create_image', self.owner_back)
        self.unshelve_in_vain()
        self.assertEqual({}, self.driver('desk1')._host.get_connection()._vms)
        self.say('desk1', fake_agent.AWAY)
        self.wait_pushed('desk1')
        self.update('desk1')
        self._unshelve_server(self.server)
        self.assertEqual('desk1', self.host_of(self.server))

    def test_it_may_be_deleted_where_it_is(self) -> None:
        self.failing = 'compute_unshelve_instance'
        self.before('spawn', self.owner_back)
        self.unshelve_in_vain()
        self._delete_server(self.server)
        self.assert_used('desk1', 0)
