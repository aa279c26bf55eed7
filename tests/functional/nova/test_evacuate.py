# SPDX-License-Identifier: Apache-2.0
"""A workstation fails, and another one is to run its guests."""

from tests.functional.nova import cold, fake_agent


class EvacuationTest(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()
        self.start_workstation('desk2')

    def fail(self, name: str = 'desk1') -> None:
        self.computes[name].stop()
        service = self.computes[name].service_ref
        self.api.put_service_force_down(service.uuid, True)

    def mend(self, name: str = 'desk1') -> None:
        """Start a failed host again.

        Until then Nova leaves what a guest held there, which the audit
        counts as left behind: the host itself gives it back.
        """
        fake_agent.FakeWatcher.first = fake_agent.AWAY
        service = self.restart_compute_service(name).service_ref
        self.api.put_service_force_down(service.uuid, False)
        self.assert_used(name, 0)
        self.assertEqual({}, self.driver(name)._host.get_connection()._vms)

    def evacuate(self, name: str, status: str = 'SHUTOFF') -> None:
        self._evacuate_server(
            self.server, expected_host=name, expected_state=status
        )
        self.assert_used(name, 1024)

    def evacuate_in_vain(self, status: str, migration: str) -> None:
        self.api.post_server_action(self.server['id'], {'evacuate': {}})
        self._wait_for_assert(
            lambda: self.assertEqual(
                migration, self.migration(self.server)['status']
            )
        )
        server = self._wait_for_server_parameter(
            self.server,
            {'OS-EXT-STS:task_state': None, 'status': status},
            wait_for_fault_key=False,
        )
        self.assertEqual('desk1', self.host_of(server))
        self.assert_used('desk2', 0)

    def test_owners_were_and_are_back(self) -> None:
        self.close('desk1')
        self.fail()
        self.evacuate('desk2')
        self.mend()
        self.close('desk2')
        self.assert_too_full('desk2')
        self._start_server(self.server)
        self._migrate_server(self.server)
        self.assertEqual('desk1', self.host_of(self.server))

    def test_owner_is_back_before_the_guest_starts(self) -> None:
        self.fail()
        # Before it is prepared, and while its image comes.
        for method in ('instance_on_disk', '_create_image'):
            self.say('desk2', fake_agent.AWAY)
            self.wait_pushed('desk2')
            self.before(method, self.owner_back, ['desk2'])
            self.evacuate_in_vain('ACTIVE', 'failed')
        connection = self.driver('desk2')._host.get_connection()
        self.assertEqual({}, connection._vms)
        # Later it goes to a third host.
        self.start_workstation('desk3')
        self.evacuate('desk3')
        self.mend()

    def test_closed_host_is_not_chosen(self) -> None:
        self.close('desk2')
        self.fail()
        # Nova's way to say that there was no host; it may be asked again.
        self.evacuate_in_vain('ERROR', 'error')
        self.start_workstation('desk3')
        self.evacuate('desk3', 'ACTIVE')
        self.mend()
