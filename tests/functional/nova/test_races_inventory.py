# SPDX-License-Identifier: Apache-2.0
"""Others write to Placement, or have a say, while the cap moves."""

import threading
import uuid
from unittest import mock

from nova_desktop import model
from tests.functional.nova import base, fake_agent


def lent(memory_mib: int, cpus: float = 6.0) -> model.Status:
    return fake_agent.status(
        model.Cap(cpus=cpus, memory_mib=memory_mib, admit=True)
    )


class ConcurrentWritesTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(push_retry_s=0.01, push_retry_max_s=0.02, group='desktop')
        self.start_workstation('desk1')
        self.total = self.inventory('desk1')['MEMORY_MB']['total']
        self.report = self.driver('desk1').virtapi.reportclient
        self.answers: list[int] = []

    def assert_lent(self, memory_mib: int) -> None:
        self.wait_pushed('desk1')
        reserved = self.reserved('desk1')['MEMORY_MB']
        self.assertEqual(self.total - memory_mib, reserved)

    def allocate(self) -> None:
        """Have Placement count up the provider's generation."""
        consumer = str(uuid.uuid4())
        held = {'resources': {'VCPU': 1}}
        answer = self.placement.put(
            f'/allocations/{consumer}',
            {
                'allocations': {self.compute_rp_uuids['desk1']: held},
                'consumer_generation': None,
                'project_id': 'p',
                'user_id': 'u',
            },
            version='1.28',
        )
        self.assertEqual(204, answer.status)
        self.placement.delete(f'/allocations/{consumer}')

    def patch(self, method: str, other):
        return mock.patch.object(self.report, method, other)

    def test_many_conflicts_lose_nothing(self) -> None:
        get, put = self.report.get, self.report.put

        def allocate_after(*args, **kwargs):
            answer = get(*args, **kwargs)
            if len(self.answers) < 10:
                self.allocate()
            return answer

        def noted(*args, **kwargs):
            answer = put(*args, **kwargs)
            self.answers.append(answer.status_code)
            return answer

        with self.patch('get', allocate_after), self.patch('put', noted):
            self.say('desk1', lent(3072))
            self.assert_lent(3072)
        self.assertEqual([409] * 10 + [200], self.answers)

    def test_thousand_changes_are_two_writes(self) -> None:
        put, writing, end = (
            self.report.put,
            threading.Event(),
            threading.Event(),
        )

        def slow(*args, **kwargs):
            writing.set()
            end.wait(30.0)
            self.answers.append(put(*args, **kwargs).status_code)
            return mock.Mock(status_code=self.answers[-1])

        with self.patch('put', slow):
            self.say('desk1', lent(1))
            self.assertTrue(writing.wait(30.0))
            for memory_mib in range(1000):
                self.say('desk1', lent(memory_mib))
            end.set()
            self.assert_lent(999)
        self.assertEqual([200, 200], self.answers)

    def test_builds_and_changes_at_once(self) -> None:
        called = self.before(
            '_create_image',
            lambda name: self.say(name, lent(8192 - len(called))),
            times=5,
        )
        for _ in range(5):
            self.boot()
        self.assert_lent(8192 - 5)
        self.update('desk1')
        self.assert_lent(8192 - 5)
        self.assert_used('desk1', 5 * 1024)


class OperatorsSayTest(base.DesktopTestBase):
    def test_what_the_operator_reserves_stays_reserved(self) -> None:
        self.flags(reserved_host_cpus=3, reserved_host_memory_mb=1024)
        self.flags(cpu_allocation_ratio=2.0, ram_allocation_ratio=1.0)
        everything = lent(10**9, cpus=100.0)
        self.start_workstation('desk1', first=everything)
        reserved = self.reserved('desk1')
        self.assertEqual((3, 1024), (reserved['VCPU'], reserved['MEMORY_MB']))
        self.close('desk1')
        self.say('desk1', everything)
        self.wait_pushed('desk1')
        self.assertEqual(reserved, self.reserved('desk1'))
        # Of 16 CPUs 5 are lent, which are fewer than the operator leaves.
        self.say('desk1', lent(4096, cpus=5.0))
        self.wait_pushed('desk1')
        inventory = self.inventory('desk1')
        self.assertEqual(11, inventory['VCPU']['reserved'])
        self.assertEqual(2.0, inventory['VCPU']['allocation_ratio'])
        self.assertEqual(1.0, inventory['MEMORY_MB']['allocation_ratio'])

    def test_disabled_service_stays_disabled(self) -> None:
        self.start_workstation('desk1')
        service = self.computes['desk1'].service_ref.uuid
        self.api.put_service(service, {'status': 'disabled'})
        for _ in range(2):
            self.assertIn(
                'COMPUTE_STATUS_DISABLED',
                self._get_provider_traits(self.compute_rp_uuids['desk1']),
            )
            self.boot(expected_state='ERROR')
            self.close('desk1')
            self.say('desk1', fake_agent.AWAY)
            self.wait_pushed('desk1')
            self.update('desk1')
        self.api.put_service(service, {'status': 'enabled'})
        self.boot()
