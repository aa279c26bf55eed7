# SPDX-License-Identifier: Apache-2.0
"""The checks that every test ends with find what they are for."""

import uuid

from tests.functional.nova import allocations, base

_RESOURCES = {'VCPU': 1, 'MEMORY_MB': 1024, 'DISK_GB': 1}


class LeakTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1', 'desk2')
        self.server = self.boot(host='desk1')
        self.assert_allocations_clean()

    def hold(self, consumer: str, *names: str, **changed: int) -> None:
        """Write what a consumer holds to Placement."""
        held = {'resources': {**_RESOURCES, **changed}}
        url = f'/allocations/{consumer}'
        known = self.placement.get(url, version='1.28').body
        body = {
            'allocations': {
                self.compute_rp_uuids[name]: held for name in names
            },
            'consumer_generation': known.get('consumer_generation'),
            'project_id': self.server['tenant_id'],
            'user_id': self.server['user_id'],
        }
        answer = self.placement.put(url, body, version='1.28')
        self.assertEqual(204, answer.status, answer.body)

    def assert_found(self, text: str) -> None:
        with self.assertRaisesRegex(AssertionError, text):
            self.assert_allocations_clean()

    def test_what_nobody_owns(self) -> None:
        nobody = str(uuid.uuid4())
        self.hold(nobody, 'desk2')
        self.assertIn(nobody, allocations.audit())
        self.assert_found('audit: 3')
        self.placement.delete(f'/allocations/{nobody}')

    def test_server_that_holds_nothing(self) -> None:
        self._delete_server_allocations(self.server['id'])
        self.assertIn('[dry-run] Create allocations', allocations.heal())
        self.assert_found(self.server['id'])
        self.hold(self.server['id'], 'desk1')

    def test_server_that_holds_two_hosts(self) -> None:
        self.hold(self.server['id'], 'desk1', 'desk2')
        self.assertIn(self.server['id'], allocations.audit())
        self.assert_found(self.server['id'])
        self.hold(self.server['id'], 'desk1')

    def test_server_that_holds_too_much(self) -> None:
        # Neither of Nova's commands looks at the amounts.
        self.hold(self.server['id'], 'desk1', MEMORY_MB=2048)
        self.assertEqual(['', ''], [allocations.audit(), allocations.heal()])
        self.assert_found(self.server['id'])
        self.hold(self.server['id'], 'desk1')

    def test_hook_that_nobody_calls(self) -> None:
        self.before('rescue', self.owner_back)
        with self.assertRaisesRegex(AssertionError, 'rescue'):
            self.assert_hooks_called()
        self.hooks.clear()
