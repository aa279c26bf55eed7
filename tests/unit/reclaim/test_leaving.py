# SPDX-License-Identifier: Apache-2.0

import math
import unittest
from unittest import mock

from nova_desktop import messages, model
from nova_desktop.reclaim import nouns, progress
from nova_desktop.reclaim.progress import Progress
from tests.unit.reclaim import fakes

A = model.ReclaimAction


class LeavingTest(unittest.TestCase):
    def leave(self, actions, outcomes, left_s=math.inf, why='', **changes):
        self.clock = fakes.Clock()
        server = fakes.server('a', extra_specs=fakes.specs(actions), **changes)
        self.cloud = fakes.Cloud(self.clock, server)
        self.cloud.outcomes = outcomes
        self.cloud.why = why or self.cloud.why
        self.service = fakes.Service(self.cloud)
        due = fakes.START + left_s
        self.attempts = self.service.leaving.leave(server, due)
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

    def test_suspended_in_place(self):
        self.assertTrue(self.leave('suspend,stop', {}))
        self.assertEqual(['suspend'], self.names)
        [now] = self.cloud.servers.values()
        self.assertEqual(('suspended', 'desk1'), (now.vm_state, now.host))

    def test_each_falls_through_to_the_next(self):
        order = [each.value for each in A]
        for last in range(len(order)):
            outcomes = dict.fromkeys(list(A)[:last], 'fails')
            self.assertTrue(self.leave(','.join(order), outcomes))
            tried = [name for name in self.names if name in order]
            self.assertEqual(order[: last + 1], tried)
            self.assertEqual(
                [False] * last + [True], [each.left for each in self.attempts]
            )

    def test_a_migration_that_was_let_down_is_tried_once_more(self):
        late = 'compute_pre_live_migration: the owner is back'
        self.leave('live-migrate,shelve', {A.LIVE_MIGRATE: 'fails'}, why=late)
        self.assertEqual(['live-migrate'] * 2 + ['shelve'], self.names)
        self.assertTrue(self.attempts[-1].left)
        self.assertIn(late, self.attempts[0].reason)

    def test_not_once_more_where_nothing_is_lost_by_the_next(self):
        fails = {A.LIVE_MIGRATE: 'fails'}
        for actions in ('live-migrate,suspend', 'live-migrate'):
            self.leave(actions, fails, why='compute_pre_live_migration: no')
            self.assertEqual(1, self.names.count('live-migrate'), actions)

    def test_not_once_more_where_no_host_was_found(self):
        self.leave('live-migrate,shelve', {A.LIVE_MIGRATE: 'fails'})
        self.assertEqual(['live-migrate', 'shelve'], self.names)

    def test_not_once_more_when_it_was_refused_or_hung(self):
        for outcome in ('refused', 'hangs', 'conflict'):
            self.leave(
                'live-migrate,stop', {A.LIVE_MIGRATE: outcome}, why='late'
            )
            self.assertEqual(
                2, len(self.attempts), [each.action for each in self.attempts]
            )

    def test_not_once_more_without_the_time(self):
        late = 'compute_pre_live_migration: the owner is back'
        fails = {A.LIVE_MIGRATE: 'fails'}
        self.leave('live-migrate,stop', fails, left_s=12, why=late)
        self.assertEqual(['live-migrate', 'stop'], self.names)

    def test_passed_over_for_the_time_and_told(self):
        self.assertTrue(self.leave('live-migrate,stop', {}, left_s=9))
        self.assertEqual(['stop'], self.names)
        [server_id] = self.cloud.servers
        first = self.service.journal.of(server_id)[0]
        self.assertEqual(messages.What.PASSED_OVER, first.what)
        self.assertEqual(
            'live-migrate for stop: it would take about 10 s, and 9 s are '
            'left',
            first.text,
        )

    def test_what_was_passed_over_may_still_be_tried(self):
        self.assertTrue(
            self.leave('live-migrate,stop', {A.STOP: 'fails'}, left_s=9)
        )
        self.assertEqual(['stop', 'live-migrate'], self.names)

    def test_never_deleted_for_haste(self):
        self.assertTrue(self.leave('live-migrate,delete', {}, left_s=0))
        self.assertEqual(['live-migrate'], self.names)

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
        for action in (A.SHELVE, A.REBUILD):
            self.assertEqual(
                Progress.OFFLOAD, self.of(action, vm_state='shelved')
            )
            self.assertEqual(
                Progress.LEFT,
                self.of(action, host='', vm_state='shelved_offloaded'),
            )

    def test_at_rest(self):
        for state, action in (('suspended', A.SUSPEND), ('stopped', A.STOP)):
            for each in (A.SUSPEND, A.STOP):
                self.assertEqual(
                    Progress.LEFT if each is action else Progress.FAILED,
                    self.of(each, vm_state=state),
                )

    def test_resized(self):
        moved = {'host': 'desk2', 'vm_state': 'resized'}
        self.assertEqual(Progress.CONFIRM, self.of(A.COLD_MIGRATE, **moved))
        self.assertEqual(
            Progress.LEFT, self.of(A.COLD_MIGRATE, confirm=False, **moved)
        )
