# SPDX-License-Identifier: Apache-2.0
"""Owners who come back in the middle of what must never be refused.

The guest belongs on the host already. Refusing would leave it without a
domain, and with a rebuild also without its disks.
"""

from nova.tests.fixtures import libvirt as fakelibvirt

from tests.functional.nova import cold, fake_agent

_OTHER_IMAGE = 'a440c04b-79fa-479c-bed1-0b816eaec379'


class NeverRefusedTest(cold.ColdBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.server = self.boot()

    def assert_runs(self, status: str = 'ACTIVE') -> None:
        self._wait_for_server_parameter(
            self.server, {'status': status, 'OS-EXT-STS:task_state': None}
        )
        self.assertEqual('desk1', self.host_of(self.server))
        state = self.domain(self.server)._state
        self.assertEqual(fakelibvirt.VIR_DOMAIN_RUNNING, state)
        self.wait_pushed('desk1')
        self.assert_too_full('desk1')

    def owner_leaves(self) -> None:
        self.say('desk1', fake_agent.AWAY)
        self.wait_pushed('desk1')

    def test_rebuild_in_place(self) -> None:
        for method in ('spawn', '_create_guest'):
            self.owner_leaves()
            self.before(method, self.owner_back)
            self._rebuild_server(self.server, _OTHER_IMAGE)
            self.assert_runs()
            self.notifier.reset()

    def test_hard_reboot(self) -> None:
        self.before('_create_guest', self.owner_back)
        self._reboot_server(self.server, hard=True)
        self.assert_runs()

    def test_start_and_resume(self) -> None:
        self._stop_server(self.server)
        self.before('_create_guest', self.owner_back)
        self._start_server(self.server)
        self.assert_runs()
        self.owner_leaves()
        self._suspend_server(self.server)
        self.before('_create_guest', self.owner_back)
        self._resume_server(self.server)
        self.assert_runs()

    def test_rescue_and_unrescue(self) -> None:
        self.before('_create_guest', self.owner_back)
        self._rescue_server(self.server)
        self.assert_runs('RESCUE')
        self._unrescue_server(self.server)
        self.assert_runs()

    def test_revert(self) -> None:
        self.start_workstation('desk2')
        self._resize_server(self.server, self.flavor(memory_mb=2048))
        self.before('finish_revert_migration', self.owner_back)
        self._revert_resize(self.server)
        self.assert_runs()
        self.assert_used('desk2', 0)
