# SPDX-License-Identifier: Apache-2.0
"""Workstations that an operator takes out of the cloud, on Nova's real API."""

from nova_desktop import messages
from nova_desktop.reclaim import grace
from tests.functional.reclaim import base

REASON = 'nova-desktop drain: a new disk'


class DrainTest(base.NovaTest):
    def setUp(self):
        super().setUp()
        self._start_compute('desk2')

    def put(self, host='desk1', **body):
        """Do what the operator's command does."""
        (found,) = self.api.get_services(host=host, binary='nova-compute')
        self.api.put_service(found['id'], body)

    def drain(self, reason=REASON):
        self.put(status='disabled', disabled_reason=reason)

    def undrain(self):
        self.put(status='enabled')

    def boot_plain(self):
        """Boot one that is not preemptible."""
        flavor = self._create_flavor(memory_mb=1024, vcpu=1, disk=1)
        return self._create_server(
            flavor_id=flavor, host='desk1', networks='none'
        )

    def where(self, server):
        now = self.cloud.server(server['id'])
        return now.host, now.vm_state

    def told(self, server):
        return grace.KEY in self.cloud.server(server['id']).metadata

    def test_what_nova_tells(self):
        self.assertIsNone(self.cloud.compute('desk1').disabled)
        self.drain()
        compute = self.cloud.compute('desk1')
        self.assertEqual('a new disk', compute.drain.why)
        self.assertIn(compute, self.cloud.computes())
        self.assertIsNone(self.cloud.compute('DESK1'))
        self.undrain()
        self.assertIsNone(self.cloud.compute('desk1').drain)
        self.drain('broken')
        self.assertEqual('broken', self.cloud.compute('desk1').disabled)
        self.assertIsNone(self.cloud.compute('desk1').drain)

    def test_preemptible_ones_leave_and_others_stay(self):
        moved, shelved = self.boot('live-migrate'), self.boot('shelve')
        plain = self.boot_plain()
        self.drain()
        service = self.service()
        service.drains.scan()
        self.gone_from(service)
        self.assertEqual(('desk2', 'active'), self.where(moved))
        self.assertEqual(('', 'shelved_offloaded'), self.where(shelved))
        self.assertEqual(('desk1', 'active'), self.where(plain))
        service.drains.scan()
        self.assertEqual([], service.hosts.victims('desk1'))
        # Back elsewhere, not here.
        self.assertEqual([shelved['id']], service.returning.scan())
        self.assertEqual(('desk2', 'active'), self.where(shelved))

    def test_undrained_in_the_grace(self):
        server = self.boot('shelve', notice=600)
        self.drain()
        service = self.service()
        service.drains.scan()
        self.eventually(lambda: self.told(server))
        # That the owner has gone home changes nothing.
        service.worker.capacity_returned(
            messages.CapacityReturned('desk1', 'away')
        )
        self.assertEqual({server['id']}, service.hosts.leaving('desk1'))
        self.assertTrue(self.told(server))
        self.undrain()
        service.drains.scan()
        self.gone_from(service)
        self.assertEqual(('desk1', 'active'), self.where(server))
        self.assertFalse(self.told(server))

    def test_undrained_just_before_the_act(self):
        server = self.boot('shelve', notice=2)
        self.drain()
        service = self.service()
        service.drains.scan()
        self.eventually(lambda: self.told(server))
        self.undrain()
        self.gone_from(service)
        self.assertEqual(('desk1', 'active'), self.where(server))

    def test_two_workers(self):
        servers = [self.boot('live-migrate,shelve', notice=1) for _ in 'abc']
        self.drain()
        workers = [self.service(), self.service()]
        for worker in workers:
            worker.drains.scan()
        for worker in workers:
            self.gone_from(worker)
        for server in servers:
            self.assertEqual(('desk2', 'active'), self.where(server))
            acts = [
                record.action
                for record in self.cloud.actions(server['id'])
                if not record.failed
            ]
            self.assertEqual(['live-migration', 'create'], acts)

    def test_restarted_in_the_middle(self):
        server = self.boot('shelve', notice=20)
        self.drain()
        first = self.service()
        first.drains.scan()
        self.eventually(lambda: self.told(server))
        (victim,) = first.hosts.victims('desk1')
        first.stop.set()
        first.hosts.stop()
        second = self.service()
        second.drains.scan()
        self.eventually(
            lambda: any(
                v.deadline_unix_s for v in second.hosts.victims('desk1')
            )
        )
        (again,) = second.hosts.victims('desk1')
        # It is not given its notice once more.
        self.assertAlmostEqual(
            victim.deadline_unix_s, again.deadline_unix_s, delta=1.1
        )
        second.clock.ahead_s = 30
        self.gone_from(second)
        self.assertEqual(('', 'shelved_offloaded'), self.where(server))

    def test_who_rests_there_is_not_started(self):
        server = self.boot('suspend')
        self.drain()
        service = self.service()
        service.drains.scan()
        self.gone_from(service)
        self.assertEqual(('desk1', 'suspended'), self.where(server))
        # Another worker may not have seen the drain yet.
        for worker in (service, self.service()):
            self.assertEqual([], worker.returning.scan())
            self.assertEqual(1, len(worker.returning.waiting))
        self.undrain()
        service.drains.scan()
        self.assertEqual([server['id']], service.returning.scan())
        self.assertEqual((), service.returning.waiting)
        self.assertEqual(('desk1', 'active'), self.where(server))

    def test_one_that_is_down_waits(self):
        server = self.boot('shelve')
        self.drain()
        self.put(forced_down=True)
        service = self.service()
        service.drains.scan()
        self.assertEqual([], service.hosts.victims('desk1'))
        self.put(forced_down=False)
        service.drains.scan()
        self.gone_from(service)
        self.assertEqual(('', 'shelved_offloaded'), self.where(server))
