# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop import model
from nova_desktop.policy import lease as policy
from nova_desktop.reclaim import grace, lease, nouns
from tests.unit.reclaim import fakes


class LeftoversTest(unittest.TestCase):
    def look(self, *records, place=None, **changes):
        """Look at one server; give what was done and its metadata."""
        self.clock = fakes.Clock()
        a = fakes.server('a')
        place = place or grace.place(a)
        told = grace.render('shelve', fakes.START, 'x', place)
        metadata = {grace.KEY: told, 'mine': 'x'}
        a = fakes.server('a', **{'metadata': metadata, **changes})
        self.cloud = fakes.Cloud(self.clock, a)
        self.cloud.records[a.id] = records
        self.service = fakes.Service(self.cloud)
        self.service.leftovers.look()
        names = [name for name, _ in self.cloud.acts]
        return names, sorted(self.cloud.servers[a.id].metadata)

    @staticmethod
    def record(action='migrate', user_id=fakes.US, failed=False):
        return nouns.ActionRecord(action, user_id, 'req', '2026', failed)

    def test_a_notice_of_a_stay_that_goes_on(self):
        self.assertEqual(([], [grace.KEY, 'mine']), self.look())

    def test_a_notice_of_a_stay_that_has_ended(self):
        for changes in ({'host': 'desk2'}, {'vm_state': 'stopped'}):
            self.assertEqual(([], ['mine']), self.look(**changes))

    def test_a_notice_that_its_lease_ends(self):
        agreed = policy.Lease(fakes.START, 60, model.ReclaimAction.SHELVE)
        place = lease.place(fakes.server('a'), agreed)
        for changes in ({}, {'host': 'desk2'}, {'vm_state': 'stopped'}):
            done = self.look(place=place, **changes)
            self.assertEqual(([], [grace.KEY, 'mine']), done)

    def test_nova_works_on_it(self):
        done = self.look(host='desk2', task_state='migrating')
        self.assertEqual(([], [grace.KEY, 'mine']), done)

    def test_shelved(self):
        done = self.look(host='', vm_state='shelved_offloaded')
        self.assertEqual(([], [grace.KEY, 'mine']), done)

    def test_our_migration_is_confirmed(self):
        moved = {'host': 'desk2', 'vm_state': 'resized'}
        done, _ = self.look(self.record(), **moved)
        self.assertEqual(['confirmResize'], done)
        for others in (
            (),
            (self.record(user_id='tenant'),),
            (self.record(failed=True),),
            (self.record('resize'), self.record()),
        ):
            done, _ = self.look(*others, **moved)
            self.assertEqual([], done)

    def test_the_cloud_is_down(self):
        self.look()
        self.cloud.down = True
        course = self.service.leftovers.course()
        with self.assertLogs('nova_desktop.reclaim.leftovers') as logs:
            pause = next(course)
        self.assertIn('not seen now: down', logs.output[0])
        self.assertEqual(300, pause.seconds)
        self.cloud.down = False
        self.cloud.change(fakes.server('a').id, host='desk2')
        next(course)
        self.assertEqual(
            ['mine'], sorted(self.cloud.servers[fakes.server('a').id].metadata)
        )
