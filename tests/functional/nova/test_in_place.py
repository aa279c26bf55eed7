# SPDX-License-Identifier: Apache-2.0
"""A guest on a host whose owner is back: all that does not need another."""

from unittest import mock

from nova.tests.fixtures import libvirt as fakelibvirt

from tests.functional.nova import cold

_OTHER_IMAGE = 'a440c04b-79fa-479c-bed1-0b816eaec379'


class InPlaceTest(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.start_with_a_guest_that_is_too_much()

    def act(self, action: str, status: str, **body) -> None:
        """Ask Nova for an action and check what has become of the guest."""
        self.api.post_server_action(self.server['id'], {action: body or None})
        self.assert_now(status)

    def assert_now(self, status: str) -> None:
        self._wait_for_server_parameter(
            self.server, {'status': status, 'OS-EXT-STS:task_state': None}
        )
        self.assertEqual('desk1', self.host_of(self.server))
        self.assert_too_full('desk1')

    def assert_runs(self) -> None:
        state = self.domain(self.server)._state
        self.assertEqual(fakelibvirt.VIR_DOMAIN_RUNNING, state)

    def test_all_that_stops_and_starts_it(self) -> None:
        self.act('os-stop', 'SHUTOFF')
        self.act('os-start', 'ACTIVE')
        self.assert_runs()
        self.act('suspend', 'SUSPENDED')
        self.act('resume', 'ACTIVE')
        self.assert_runs()
        self.act('pause', 'PAUSED')
        self.act('unpause', 'ACTIVE')
        self.assert_runs()

    def test_a_suspend_that_fails_lets_it_run(self) -> None:
        full = fakelibvirt.make_libvirtError(
            fakelibvirt.libvirtError, 'no space left on the device'
        )
        with mock.patch.object(
            fakelibvirt.Domain, 'managedSave', side_effect=full
        ) as save:
            self.act('suspend', 'ACTIVE')
        save.assert_called_once()
        self.assert_runs()
        self.act('suspend', 'SUSPENDED')

    def test_reboots_and_rescue(self) -> None:
        for kind in ('SOFT', 'HARD'):
            self.notifier.reset()
            self.act('reboot', 'ACTIVE', type=kind)
            self.notifier.wait_for_versioned_notifications(
                'instance.reboot.end'
            )
            self.assert_now('ACTIVE')
            self.assert_runs()
        self.act('rescue', 'RESCUE', rescue_image_ref=_OTHER_IMAGE)
        self.assert_runs()
        self.act('unrescue', 'ACTIVE')
        self.assert_runs()

    def test_rebuild_snapshot_and_delete(self) -> None:
        # Another image makes Nova ask the scheduler.
        self._rebuild_server(self.server, _OTHER_IMAGE)
        self.assert_now('ACTIVE')
        server = self.api.get_server(self.server['id'])
        self.assertEqual(_OTHER_IMAGE, server['image']['id'])
        self.assert_runs()
        self._snapshot_server(self.server, 'kept')
        self.notifier.wait_for_versioned_notifications('instance.snapshot.end')
        self.assert_now('ACTIVE')
        self.assert_runs()
        self._delete_server(self.server)
        self.assert_used('desk1', 0)

    def test_interface_and_volume(self) -> None:
        port = self.neutron.port_2['id']
        self.neutron.create_port({'port': self.neutron.port_2})
        self._attach_interface(self.server, port)
        self._attach_volume(self.server, self.cinder.IMAGE_BACKED_VOL)
        self.assert_now('ACTIVE')
        devices = self.domain(self.server)._def['devices']
        self.assertEqual(1, len(devices['nics']))
        self.assertEqual(2, len(devices['disks']))
        self._detach_interface(self.server, port)
        self.assert_now('ACTIVE')
