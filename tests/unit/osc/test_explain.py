# SPDX-License-Identifier: Apache-2.0

import json
import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_desktop.osc import events, explain

US = 'us'
NOW = '2026-11-02T09:00:00Z'
SPECS = {'desktop:preemptible': 'true', 'desktop:notice': '6'}


def action(name='shelve', user=US, minute=0, failed=False):
    return {
        'action': name,
        'user_id': user,
        'start_time': f'2026-11-02T08:{minute:02}:00.000000',
        'message': 'Error' if failed else None,
    }


def server(status='ACTIVE', specs=SPECS, **metadata):
    return {
        'status': status,
        'flavor': {'extra_specs': specs},
        'metadata': metadata,
    }


def notice(deadline, **more):
    fields = {'deadline': deadline, 'action': 'stop', 'reason': 'owner'}
    return {explain.NOTICE: json.dumps({**fields, **more})}


CHOSEN = {'what': 'chosen', 'text': 'owner', 'at': '2026-11-02T07:59:00Z'}


class WhyTest(unittest.TestCase):
    def why(self, a_server, *actions, records=(), us=US, unknown=''):
        """Give the sentence; actions are the newest first, as Nova's are."""
        done = events.actions_of(actions, us)
        known = explain.Known(a_server, done, records, unknown)
        return explain.why(known, NOW)

    def test_ended_by_the_service(self):
        for status, name, done in (
            ('SHELVED_OFFLOADED', 'shelve', 'shelved'),
            ('SHUTOFF', 'stop', 'stopped'),
            ('SUSPENDED', 'suspend', 'suspended'),
        ):
            self.assertEqual(
                f'The desktop service {done} it at 2026-11-02T08:00:00Z: '
                'owner. It comes back once there is room.',
                self.why(server(status), action(name), records=[CHOSEN]),
            )

    def test_deleted(self):
        self.assertRegex(
            self.why(None, action('delete')), 'deleted it at .*needed back.$'
        )

    def test_by_the_notice_where_the_record_is_lost(self):
        a_server = server('SHELVED_OFFLOADED', **notice(1.7e9))
        self.assertIn(': owner.', self.why(a_server, action()))
        later = {**CHOSEN, 'at': NOW, 'text': 'another time'}
        self.assertIn(
            ': owner.', self.why(a_server, action(), records=[later])
        )

    def test_ended_by_its_tenant(self):
        why = self.why(server('SHUTOFF'), action('stop', 'ann'))
        self.assertIn('by user ann, not by the desktop service', why)
        why = self.why(
            server('SHUTOFF'), action('stop', 'ann'), us=None, unknown='no API'
        )
        self.assertIn('cannot be told: no API', why)

    def test_the_last_that_worked_counts(self):
        why = self.why(
            server('SHUTOFF'),
            action('stop', 'ann', 9, failed=True),
            action('stop', US, 8),
            action('stop', 'ann', 7),
        )
        self.assertIn('The desktop service stopped', why)

    def test_the_newest_of_one_second_counts(self):
        why = self.why(server('SHUTOFF'), action('stop'), action('stop', 'a'))
        self.assertIn('The desktop service stopped', why)

    def test_as_its_tenant_had_left_it(self):
        why = self.why(
            server('SHUTOFF'),
            action('stop', minute=9),
            action('unshelve', minute=8),
            action('shelve', minute=7),
            action('stop', 'ann'),
        )
        self.assertRegex(why, 'stopped it again at .*, as its tenant had left')
        self.assertNotIn('comes back', why)

    def test_ended_by_nobody(self):
        self.assertIn('nobody asked', self.why(server('SHUTOFF')))

    def test_noticed(self):
        soon = notice(1793610600)
        self.assertRegex(
            self.why(server(**soon)), 'has to leave .* by .*, by stop: owner'
        )
        over = notice(1793600000)
        self.assertIn('scheduler placed it', self.why(server(**over)))

    def test_moved_and_brought_back(self):
        why = self.why(server(), action('live-migration'), action('create'))
        self.assertIn('moved it here', why)
        why = self.why(server(), action('unshelve'))
        self.assertRegex(why, 'brought it back at .*: there is room')
        why = self.why(server(), action('resume'))
        self.assertRegex(why, 'resumed it at .*: there is room')
        why = self.why(server(), action('live-migration', 'ann'))
        self.assertIn('by user ann, not by', why)

    def test_where_it_was_placed(self):
        self.assertIn('may be a workstation', self.why(server()))
        self.assertIn('is no workstation', self.why(server(specs={})))
        without = server(specs=None)
        self.assertIn('placed it.', self.why(without))

    def test_other_states(self):
        why = self.why(server('ERROR'), action('rebuild', 'ann'))
        self.assertIn('ERROR: rebuild at', why)
        self.assertEqual('Nova has it as BUILD.', self.why(server('BUILD')))


class PartsTest(unittest.TestCase):
    def test_tolerated(self):
        self.assertEqual(6, explain.tolerated(server())['notice_s'])
        self.assertEqual(
            {'preemptible': False}, explain.tolerated(server(specs={}))
        )
        wrong = server(specs={'desktop:notice': 'soon'})
        self.assertIn('soon', explain.tolerated(wrong)['problems'])
        self.assertEqual({}, explain.tolerated(None))

    def test_deadline_that_no_clock_reaches(self) -> None:
        for deadline in (67768036191676800, 10**30, -(10**12)):
            text = json.dumps({'deadline': deadline})
            server = {'metadata': {'desktop_notice': text}}
            self.assertEqual({}, explain.notice_of(server))

    @settings(deadline=None)
    @given(
        st.text()
        | st.recursive(
            st.none() | st.floats() | st.integers() | st.text(),
            lambda inner: st.dictionaries(
                st.sampled_from(['deadline', 'action', 'reason']), inner
            ),
        ).map(json.dumps)
    )
    def test_a_tenants_metadata_harms_nothing(self, text):
        found = explain.notice_of(server(**{explain.NOTICE: text}))
        self.assertIn(set(found), (set(), {'action', 'deadline', 'reason'}))
        for value in found.values():
            self.assertTrue(value.isprintable())

    def test_events_in_order(self):
        done = events.actions_of(
            [
                action('live-migration', minute=1, failed=True),
                action('create'),
            ],
            US,
        )
        record = {**CHOSEN, 'detail': 'a\x1b', 'host': 'desk1'}
        shown = [each.shown() for each in events.merged(done, [record])]
        self.assertEqual(
            ['chosen', 'create', 'live-migration (failed)'],
            [each['what'] for each in shown],
        )
        self.assertEqual('owner; a ; desk1', shown[0]['why'])
        self.assertEqual('desktop service', shown[2]['who'])
