# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop import messages
from nova_desktop.reclaim import nouns
from tests.unit.reclaim import fakes
from tests.unit.reclaim.test_returning import record

W = messages.What


class BringingTest(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.a = fakes.server('a', host='', vm_state='shelved_offloaded')
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.records(record('shelve'), record('create', 'tenant'))
        self.service = fakes.Service(self.cloud)
        self.bringing = self.service.returning._bringing

    def records(self, *newest_first):
        self.cloud.records[self.a.id] = list(newest_first)

    def now(self):
        return self.cloud.servers[self.a.id]

    def back(self):
        return self.bringing.back(self.now())

    def did(self):
        return [name for name, _ in self.cloud.acts]

    def test_it_runs_as_before(self):
        self.assertTrue(self.back().back)
        self.assertEqual(['unshelve'], self.did())

    def test_as_its_tenant_had_left_it(self):
        for verb, name, state in (
            ('stop', 'os-stop', 'stopped'),
            ('pause', 'pause', 'paused'),
            ('suspend', 'suspend', 'suspended'),
        ):
            self.setUp()
            self.records(record('shelve'), record(verb, 'tenant'))
            self.assertTrue(self.back().back)
            self.assertEqual(['unshelve', name], self.did())
            self.assertEqual(state, self.now().vm_state)
            last = self.service.journal.of(self.a.id)[-1]
            self.assertIn(f'{state} again', last.text)

    def test_what_its_tenant_does_meanwhile_wins(self):
        self.records(record('shelve'), record('stop', 'tenant'))
        nudge = self.cloud.nudge

        def with_tenant(name, server_id):
            nudge(name, server_id)
            self.records(
                record('reboot', 'tenant'), *self.cloud.records[self.a.id]
            )

        self.cloud.nudge = with_tenant
        self.assertTrue(self.back().back)
        self.assertEqual(['unshelve'], self.did())

    def test_what_its_tenant_asked_while_it_was_away_wins(self):
        self.records(
            record('unshelve', 'tenant'),
            record('shelve'),
            record('stop', 'tenant'),
        )
        self.assertTrue(self.back().back)
        self.assertEqual(['unshelve'], self.did())

    def test_one_that_cannot_be_stopped_again_runs(self):
        self.records(record('shelve'), record('stop', 'tenant'))
        self.cloud.nudges_refused['os-stop'] = nouns.CloudRefused('403')
        with self.assertLogs('nova_desktop.reclaim', 'WARNING') as logs:
            self.assertTrue(self.back().back)
        self.assertIn('403', logs.output[0])
        self.assertEqual('active', self.now().vm_state)

    def test_taken_up_after_a_restart(self):
        self.records(
            record('unshelve'), record('shelve'), record('stop', 'tenant')
        )
        self.cloud.change(self.a.id, host='desk1', vm_state='active')
        self.bringing.take_up()
        self.assertEqual(['os-stop'], self.did())

    def test_not_taken_up_where_the_flavor_is_not_ours(self):
        self.records(
            record('unshelve'), record('shelve'), record('stop', 'tenant')
        )
        self.cloud.change(
            self.a.id, host='desk1', vm_state='active', extra_specs={}
        )
        self.bringing.take_up()
        self.assertEqual([], self.did())

    def test_once_back_its_failures_are_forgotten(self):
        self.cloud.unshelve_works = False
        self.back()
        self.cloud.unshelve_works = True
        self.assertTrue(self.back().back)
        self.assertEqual(set(), self.service.hosts.resting(self.clock.now))

    def test_nothing_to_take_up(self):
        for records in (
            [record('create', 'tenant')],
            [record('unshelve'), record('shelve'), record('create', 'tenant')],
            [record('unshelve', 'tenant'), record('stop', 'tenant')],
            [record('live-migration'), record('create', 'tenant')],
        ):
            self.records(*records)
            self.cloud.change(self.a.id, host='desk1', vm_state='active')
            self.bringing.take_up()
        self.assertEqual([], self.did())

    def test_no_room_is_told_from_other_failures(self):
        self.cloud.unshelve_works = False
        self.assertTrue(self.back().no_room)
        self.cloud.nudges_refused['unshelve'] = nouns.CloudRefused('400')
        outcome = self.back()
        self.assertFalse(outcome.no_room)
        self.assertEqual(120, outcome.again_s)

    def test_an_error_is_not_back(self):
        nudge = self.cloud.nudge

        def fails(name, server_id):
            nudge(name, server_id)
            self.cloud.change(server_id, vm_state='error')

        self.cloud.nudge = fails
        self.assertFalse(self.back().back)
        last = self.service.journal.of(self.a.id)[-1]
        self.assertEqual(
            (W.NOT_RETURNED, 'it is error'), (last.what, last.detail)
        )

    def test_another_worker_brings_it_back(self):
        server = self.now()
        self.cloud.nudges_refused['unshelve'] = nouns.CloudConflict('409')
        self.cloud.change(self.a.id, task_state='unshelving')
        outcome = self.bringing.back(server)
        self.assertEqual((False, None), (outcome.back, outcome.again_s))
        self.assertEqual(set(), self.service.hosts.resting(self.clock.now))

    def test_a_conflict_with_nobody_is_a_failure(self):
        self.cloud.nudges_refused['unshelve'] = nouns.CloudConflict('409')
        self.assertEqual(60, self.back().again_s)
        self.assertEqual(
            {self.a.id}, self.service.hosts.resting(self.clock.now)
        )
