# SPDX-License-Identifier: Apache-2.0
"""The owner of a resize's or cold migration's destination comes back.

Nova offers no moment to refuse: the guest is taken, and asked away again.
"""

from tests.functional.nova import cold, control_plane, fake_agent


class ResizeInTest(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.service = control_plane.start(self)
        self.larger = self.flavor(memory_mb=2048, vcpu=2)
        self.start_workstation('desk1')
        self.server = self.boot()
        self.start_workstation('desk2')

    def reclaim(self, name: str) -> None:
        self.say('desk2', fake_agent.RECLAIMING)

    def assert_arrived_and_asked_away(self, memory_mib: int) -> None:
        self.assertEqual('desk2', self.host_of(self.server))
        self.assert_used('desk1', 1024)
        self.assert_used('desk2', memory_mib)
        self.wait_pushed('desk2')
        reserved = self.inventory('desk2')['MEMORY_MB']
        self.assertEqual(reserved['total'], reserved['reserved'])
        self._wait_for_assert(
            lambda: self.assertIn(
                ('desk2', 0),
                [
                    (each.host, each.keep_memory_mib)
                    for each in self.service.reclaims
                ],
            )
        )

    def test_before_the_destination_claims(self) -> None:
        self.before('_prep_resize', self.reclaim, ['desk2'], of='manager')
        self._resize_server(self.server, self.larger)
        self.assert_arrived_and_asked_away(2048)
        self._confirm_resize(self.server)
        self.assert_used('desk1', 0)
        self.assert_used('desk2', 2048)

    def test_while_the_source_sends_the_disk(self) -> None:
        self.before('migrate_disk_and_power_off', self.reclaim)
        self._migrate_server(self.server)
        self.assert_arrived_and_asked_away(1024)
        self._confirm_resize(self.server)
        self.assert_used('desk1', 0)
        self.assert_used('desk2', 1024)

    def test_before_the_destination_starts_the_guest(self) -> None:
        self.before('finish_migration', self.reclaim)
        self._resize_server(self.server, self.larger)
        self.assert_arrived_and_asked_away(2048)
        self._revert_resize(self.server)
        self.assertEqual('desk1', self.host_of(self.server))
        self.assert_used('desk1', 1024)
        self.assert_used('desk2', 0)

    def test_closed_destination_is_not_chosen(self) -> None:
        self.close('desk2')
        self.api.post_server_action(self.server['id'], {'migrate': None})
        self._assert_resize_migrate_action_fail(
            self.server, 'migrate', 'NoValidHost'
        )
        self.start_workstation('desk3')
        self._migrate_server(self.server)
        self.assertEqual('desk3', self.host_of(self.server))

    def test_resize_in_place_on_a_host_that_closes(self) -> None:
        # Placement counts both sizes until the tenant has confirmed, and
        # gives a closed host neither.
        self.flags(allow_resize_to_same_host=True)
        self.close('desk1')
        self._resize_server(self.server, self.larger)
        self.assertEqual('desk2', self.host_of(self.server))
