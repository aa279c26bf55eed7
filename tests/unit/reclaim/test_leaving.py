# SPDX-License-Identifier: Apache-2.0

import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.reclaim import nouns, progress
from nova_desktop.reclaim.progress import Progress
from tests.unit.reclaim import fakes

A = model.ReclaimAction


class LeavingTest(unittest.TestCase):
    def leave(self, actions, outcomes, **changes):
        self.clock = fakes.Clock()
        server = fakes.server('a', extra_specs=fakes.specs(actions), **changes)
        self.cloud = fakes.Cloud(self.clock, server)
        self.cloud.outcomes = outcomes
        self.service = fakes.Service(self.cloud)
        self.attempts = self.service.leaving.leave(server)
        self.names = [name for name, _ in self.cloud.acts]
        return self.attempts[-1].left if self.attempts else None

    def test_a_hanging_migration_is_aborted_first(self):
        self.assertTrue(
            self.leave('live-migrate,shelve', {A.LIVE_MIGRATE: 'hangs'})
        )
        self.assertEqual(['live-migrate', 'abort', 'shelve'], self.names)
        self.assertIn('not done in 300 s', self.attempts[0].reason)
        self.assertAlmostEqual(303, self.clock.steady(), delta=3)

    def test_lost_answer_is_not_asked_twice(self):
        self.assertTrue(self.leave('shelve', {A.SHELVE: 'lost'}))
        self.assertEqual(['shelve'], self.names)

    def test_unheard_is_asked_again_a_few_times(self):
        self.assertFalse(self.leave('shelve', {A.SHELVE: 'unheard'}))
        self.assertEqual(['shelve'] * 3, self.names)

    def test_what_was_unheard_does_not_cost_the_guest(self):
        self.assertFalse(self.leave('shelve,delete', {A.SHELVE: 'unheard'}))
        self.assertEqual({'shelve'}, set(self.names))

    def test_what_failed_is_followed_by_deletion(self):
        self.assertTrue(self.leave('shelve,delete', {A.SHELVE: 'fails'}))
        self.assertEqual(['shelve', 'delete'], self.names)

    def test_refused_is_not_asked_again(self):
        self.assertTrue(self.leave('stop,shelve', {A.STOP: 'refused'}))
        self.assertEqual(['stop', 'shelve'], self.names)

    def test_cold_migration_is_confirmed_once(self):
        self.assertTrue(self.leave('cold-migrate', {}))
        self.assertEqual(['cold-migrate', 'confirmResize'], self.names)

    def test_only_what_its_state_allows(self):
        self.assertTrue(
            self.leave('cold-migrate,stop,shelve', {}, vm_state='paused')
        )
        self.assertEqual(['shelve'], self.names)

    def test_nothing_allowed(self):
        self.assertIsNone(self.leave('delete', {}, vm_state='rescued'))

    def test_a_resize_is_confirmed_first(self):
        self.assertTrue(self.leave('live-migrate', {}, vm_state='resized'))
        self.assertEqual(['confirmResize', 'live-migrate'], self.names)

    def test_a_resize_that_cannot_be_confirmed(self):
        clock = fakes.Clock()
        server = fakes.server(
            'a',
            extra_specs=fakes.specs('live-migrate,delete'),
            vm_state='resized',
        )
        cloud = fakes.Cloud(clock, server)
        cloud.nudge = mock.Mock(side_effect=nouns.CloudRefused('no source'))
        cloud.outcomes = {A.LIVE_MIGRATE: 'conflict'}
        attempts = fakes.Service(cloud).leaving.leave(server)
        self.assertEqual([False, True], [each.left for each in attempts])
        cloud.nudge.assert_called_once()

    def test_a_resize_that_is_never_confirmed_is_waited_for_a_while(self):
        clock = fakes.Clock()
        server = fakes.server(
            'a', extra_specs=fakes.specs('delete'), vm_state='resized'
        )
        cloud = fakes.Cloud(clock, server)
        cloud.nudge = mock.Mock()
        attempts = fakes.Service(cloud).leaving.leave(server)
        self.assertTrue(attempts[-1].left)
        self.assertGreaterEqual(clock.steady(), 60)

    def test_a_resize_to_another_host_is_not_touched(self):
        clock = fakes.Clock()
        server = fakes.server('a', task_state='resize_finish')
        cloud = fakes.Cloud(clock, server)
        clock.at(
            9,
            lambda: cloud.change(
                server.id, task_state=None, vm_state='resized', host='desk2'
            ),
        )
        attempts = fakes.Service(cloud).leaving.leave(server)
        self.assertTrue(attempts[-1].left)
        self.assertEqual([], cloud.acts)

    def test_one_that_was_stopped_when_it_was_resized(self):
        clock = fakes.Clock()
        server = fakes.server('a', vm_state='resized')
        cloud = fakes.Cloud(clock, server)
        cloud.nudge = lambda name, of: cloud.change(of, vm_state='stopped')
        attempts = fakes.Service(cloud).leaving.leave(server)
        self.assertTrue(attempts[-1].left)
        self.assertEqual([], cloud.acts)

    def test_a_task_that_runs_is_waited_for(self):
        clock = fakes.Clock()
        server = fakes.server('a', task_state='rebooting')
        cloud = fakes.Cloud(clock, server)
        clock.at(9, lambda: cloud.change(server.id, task_state=None))
        attempts = fakes.Service(cloud).leaving.leave(server)
        self.assertTrue(attempts[-1].left)
        self.assertEqual(1, len(cloud.acts))
        self.assertGreater(clock.steady(), 9)

    def test_error_on_the_way_is_not_left(self):
        clock = fakes.Clock()
        server = fakes.server(
            'a', extra_specs=fakes.specs('live-migrate,stop')
        )
        cloud = fakes.Cloud(clock, server)
        cloud.outcomes = {A.LIVE_MIGRATE: 'hangs'}
        clock.at(
            2,
            lambda: cloud.change(server.id, task_state=None, vm_state='error'),
        )
        attempts = fakes.Service(cloud).leaving.leave(server)
        self.assertEqual([False, True], [attempt.left for attempt in attempts])


class ProgressTest(unittest.TestCase):
    def of(self, action, confirm=True, **changes):
        return progress.of(action, fakes.server(**changes), 'desk1', confirm)

    def test_working_while_there_is_a_task(self):
        for action in A:
            self.assertEqual(
                Progress.WORKING,
                self.of(action, host='desk2', task_state='x'),
            )

    def test_gone(self):
        for action in A:
            self.assertEqual(Progress.LEFT, progress.of(action, None, 'desk1'))

    def test_still_there(self):
        for action in A:
            self.assertEqual(Progress.FAILED, self.of(action))

    def test_shelved_is_offloaded(self):
        self.assertEqual(
            Progress.OFFLOAD, self.of(A.SHELVE, vm_state='shelved')
        )

    def test_resized(self):
        moved = {'host': 'desk2', 'vm_state': 'resized'}
        self.assertEqual(Progress.CONFIRM, self.of(A.COLD_MIGRATE, **moved))
        self.assertEqual(
            Progress.LEFT, self.of(A.COLD_MIGRATE, confirm=False, **moved)
        )
