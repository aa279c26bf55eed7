# SPDX-License-Identifier: Apache-2.0

import datetime
import unittest

from nova_desktop.reclaim import past
from tests.unit.reclaim import fakes
from tests.unit.reclaim.test_returning import record

NOW = fakes.START


def at(minutes_ago, *args, **more):
    when = datetime.datetime.fromtimestamp(
        NOW - 60 * minutes_ago, datetime.UTC
    )
    return record(*args, start=when.isoformat(), **more)


def away(state, *records):
    server = fakes.server(vm_state=state)
    return past.away(server, records, fakes.US, NOW)


class AwayTest(unittest.TestCase):
    def test_by_each_action(self):
        for state, action in (
            ('shelved_offloaded', 'shelve'),
            ('suspended', 'suspend'),
            ('stopped', 'stop'),
        ):
            self.assertEqual(
                past.Away(NOW - 300, 1), away(state, at(5, action))
            )
            self.assertIsNone(away(state, at(5, action, 'tenant')))
            self.assertIsNone(away(state))

    def test_running(self):
        self.assertIsNone(away('active', at(5)))

    def test_times_without_a_zone_are_utc(self):
        when = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
        text = when.replace(tzinfo=None).isoformat()
        found = away('stopped', record('stop', start=text))
        self.assertEqual(NOW, found.since_unix_s)

    def test_how_often_within_an_hour(self):
        found = away(
            'stopped',
            at(1, 'stop', failed=True),
            at(2, 'stop'),
            at(3, 'shelve', 'tenant'),
            at(20, 'suspend'),
            at(40),
            at(61, 'stop'),
        )
        self.assertEqual(3, found.times)

    def test_stopping_it_again_for_its_tenant_is_no_eviction(self):
        found = away(
            'shelved_offloaded',
            at(1),
            at(2, 'stop'),
            at(3, 'unshelve'),
            at(4),
            at(5, 'stop', 'tenant'),
        )
        self.assertEqual(2, found.times)


class RestoreTest(unittest.TestCase):
    LEFT = (record('unshelve'), record(), record('pause', 'tenant'))

    def of(self, *records, **changes):
        server = fakes.server(**changes)
        return past.to_restore(server, records, fakes.US)

    def test_as_left(self):
        self.assertEqual('paused', self.of(*self.LEFT))

    def test_not_while_nova_works_on_it(self):
        self.assertEqual('', self.of(*self.LEFT, task_state='powering-off'))

    def test_not_what_does_not_run(self):
        self.assertEqual('', self.of(*self.LEFT, vm_state='error'))

    def test_not_once_somebody_acted(self):
        self.assertEqual('', self.of(record('start', 'x'), *self.LEFT))
        self.assertEqual('', self.of(record('os-start'), record('create')))

    def test_a_failed_unshelve_is_none(self):
        failed = record('unshelve', failed=True)
        self.assertEqual('', self.of(failed, *self.LEFT[1:]))
