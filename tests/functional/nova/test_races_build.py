# SPDX-License-Identifier: Apache-2.0
"""The owner comes back after the scheduler has chosen a host."""

from nova_desktop import model
from tests.functional.nova import base, fake_agent


class LateBuildTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1', 'desk2')

    def say_at_first(self, method: str, said: model.Status | None) -> list:
        """Have the chosen host's agent speak, then; give hosts called."""
        return self.before(method, lambda name: self.say(name, said))

    def assert_runs_on_the_other(self, server: dict, called: list) -> None:
        self.assertEqual({'desk1', 'desk2'}, set(called))
        self.assertEqual(called[-1], self.host_of(server))
        self.assert_used(called[0], 0)
        self.assert_used(called[-1], 1024)

    def test_owner_is_back_before_the_build(self) -> None:
        called = self.say_at_first('prepare_for_spawn', fake_agent.AT_WORK)
        self.assert_runs_on_the_other(self.boot(), called)
        # A refusal is no failure of the host.
        self.update(called[0])
        stats = self.node(called[0]).stats
        self.assertEqual('0', stats.get('failed_builds', '0'))

    def test_owner_is_back_while_the_image_comes(self) -> None:
        called = self.say_at_first('_create_image', fake_agent.AT_WORK)
        self.assert_runs_on_the_other(self.boot(), called)
        connection = self.driver(called[0])._host.get_connection()
        self.assertEqual({}, connection._vms)

    def test_cap_shrinks_below_the_guest(self) -> None:
        cap = model.Cap(cpus=4.0, memory_mib=1023, admit=True)
        called = self.say_at_first('prepare_for_spawn', fake_agent.status(cap))
        self.assert_runs_on_the_other(self.boot(), called)

    def test_cap_shrinks_below_what_runs_already(self) -> None:
        first = self.boot(host='desk1')
        second = self.boot(host='desk2')
        cap = model.Cap(cpus=4.0, memory_mib=2047, admit=True)
        called = self.say_at_first('prepare_for_spawn', fake_agent.status(cap))
        server = self.boot()
        self.assertEqual(2, len(called))
        self.assertEqual(called[-1], self.host_of(server))
        self.assertEqual('desk1', self.host_of(first))
        self.assertEqual('desk2', self.host_of(second))

    def test_agent_falls_silent_before_the_build(self) -> None:
        called = self.say_at_first('prepare_for_spawn', None)
        self.assert_runs_on_the_other(self.boot(), called)

    def test_named_host_has_no_alternative(self) -> None:
        called = self.say_at_first('prepare_for_spawn', fake_agent.AT_WORK)
        server = self.boot(host='desk1', expected_state='ERROR')
        self.assertEqual(['desk1'], called)
        self.assert_used('desk1', 0)
        self.assertIsNone(self.host_of(server))

    def test_host_named_by_its_zone_has_no_alternative(self) -> None:
        called = self.say_at_first('prepare_for_spawn', fake_agent.AT_WORK)
        self.boot(az='nova:desk2', expected_state='ERROR')
        self.assertEqual(['desk2'], called)
        self.assert_used('desk2', 0)

    def test_closed_host_is_not_even_asked_when_it_is_named(self) -> None:
        called = self.before('spawn', lambda name: None)
        self.close('desk1')
        self.boot(host='desk1', expected_state='ERROR')
        self.boot(az='nova:desk1', expected_state='ERROR')
        self.assertEqual([], called)
        self.boot(host='desk2')

    def test_boot_from_volume_takes_its_volume_along(self) -> None:
        called = self.say_at_first('_create_image', fake_agent.AT_WORK)
        server = self._create_server_boot_from_volume(
            flavor_id=self.flavor_id, networks='none'
        )
        self.assert_runs_on_the_other(server, called)
        (volume,) = self.api.get_server(server['id'])[
            'os-extended-volumes:volumes_attached'
        ]
        # The first host has let go of it.
        attachments = self.cinder.volume_to_attachment[volume['id']]
        (attachment,) = attachments.values()
        self.assertIsNotNone(attachment['connector'])


class ThreeHostsTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1', 'desk2', 'desk3')

    def close_the_first(self, count: int) -> list[str]:
        """Have the owners of the first ``count`` chosen hosts come back."""
        return self.before('prepare_for_spawn', self.owner_back, times=count)

    def test_two_owners_come_back_and_the_third_host_takes_it(self) -> None:
        called = self.close_the_first(2)
        server = self.boot()
        self.assertEqual(3, len(set(called)))
        self.assertEqual(called[2], self.host_of(server))
        self.assert_used(called[0], 0)
        self.assert_used(called[1], 0)

    def test_all_owners_come_back(self) -> None:
        called = self.close_the_first(3)
        server = self.boot(expected_state='ERROR')
        self.assertEqual({'desk1', 'desk2', 'desk3'}, set(called))
        self.assertIn('Exceeded maximum number of retries', self.why(server))
        for name in called:
            self.assert_used(name, 0)

    def test_fewer_attempts_than_owners_who_come_back(self) -> None:
        # The third host has room: max_attempts must count desktops that may
        # close, and is to be raised where many do.
        self.flags(max_attempts=2, group='scheduler')
        called = self.close_the_first(2)
        server = self.boot(expected_state='ERROR')
        self.assertEqual(2, len(called))
        self.assertIn('Exceeded maximum number of retries', self.why(server))
        self.boot()

    def test_data_centre_takes_what_no_desktop_does(self) -> None:
        self.flags(allow_in_data_centre=True, group='desktop')
        self.flags(max_attempts=4, group='scheduler')
        called = self.close_the_first(3)
        self.start_stock('rack1')
        server = self.boot()
        self.assertEqual('rack1', self.host_of(server))
        self.assertLess(len(called), 4)

    def why(self, server: dict) -> str:
        """Give what the tenant reads of a failure."""
        message = self.api.get_server(server['id'])['fault']['message']
        self.assertNotIn(fake_agent.OWNERS_OWN, message)
        return message
