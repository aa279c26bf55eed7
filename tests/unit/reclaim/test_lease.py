# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop import model
from nova_desktop.reclaim import grace, lease, nouns
from tests.unit.reclaim import fakes

A = model.ReclaimAction
START = fakes.START


def leased(name='a', length='4h', **changes):
    more = changes.pop('specs', {})
    specs = fakes.specs(**{'desktop:lease': length, **more})
    return fakes.server(name, **{'extra_specs': specs, **changes})


def record(action, minute, user=fakes.US, failed=False):
    at = f'2026-01-01T00:{minute:02}:00.000000'
    return nouns.ActionRecord(action, user, 'req', at, failed)


def unix_s(minute):
    return record('', minute).start_unix_s


class StartTest(unittest.TestCase):
    """The records are given the oldest first."""

    def start(self, *records, since=60):
        created, since = unix_s(0), unix_s(0) + 60 * since
        server = leased(created_unix_s=created, since_unix_s=since)
        newest_first = list(reversed(records))
        found = lease.start_unix_s(server, newest_first, fakes.US)
        return (found - created) / 60

    def test_when_it_was_created(self):
        self.assertEqual(0, self.start())
        self.assertEqual(0, self.start(record('resize', 5, 'tenant')))

    def test_it_was_away_by_us_and_comes_back_by_us(self):
        back = record('shelve', 5), record('unshelve', 7)
        self.assertEqual(0, self.start(*back))

    def test_its_tenant_brings_back_what_we_shelved(self):
        theirs = record('shelve', 5), record('unshelve', 7, 'tenant')
        self.assertEqual(7, self.start(*theirs))
        later = record('shelve', 9), record('unshelve', 11)
        self.assertEqual(7, self.start(*theirs, *later))
        again = record('shelve', 9), record('unshelve', 11, 'tenant')
        self.assertEqual(11, self.start(*theirs, *again))

    def test_what_its_tenant_shelved_goes_on(self):
        own = record('shelve', 5, 'tenant'), record('unshelve', 7, 'tenant')
        self.assertEqual(0, self.start(*own))
        ours = record('shelve', 1), record('unshelve', 3, 'tenant')
        self.assertEqual(3, self.start(*ours, *own))

    def test_what_failed_tells_nothing(self):
        self.assertEqual(
            0,
            self.start(
                record('shelve', 5), record('unshelve', 7, 'tenant', True)
            ),
        )
        self.assertEqual(
            0,
            self.start(
                record('shelve', 3, 'tenant'),
                record('shelve', 5, failed=True),
                record('unshelve', 7, 'tenant'),
            ),
        )

    def test_no_host_took_it(self):
        tried = record('shelve', 5), record('unshelve', 7, 'tenant')
        self.assertEqual(0, self.start(*tried, since=4))
        self.assertEqual(7, self.start(*tried, since=8))


class ReaderTest(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.cloud = fakes.Cloud(self.clock)
        self.reader = lease.Reader(self.cloud, fakes.settings())

    def of(self, server, **changes):
        reader = lease.Reader(self.cloud, fakes.settings(**changes))
        return reader.of(server)[0]

    def test_flavor(self):
        found, told = self.reader.of(leased())
        self.assertEqual(START - 100 + 4 * 3600, found.ends_unix_s)
        self.assertEqual((A.SHELVE, ()), (found.then, told))

    def test_over(self):
        server = leased()
        self.assertFalse(self.reader.is_over(server, START))
        self.assertTrue(self.reader.is_over(server, START + 5 * 3600))
        self.assertFalse(self.reader.is_over(fakes.server(), START + 1e9))

    def test_operators_bound(self):
        server = leased(metadata={'desktop_lease': '2d'})
        self.assertEqual(2 * 86400, self.of(server).length_s)
        found = self.of(server, lease_max_min=600)
        self.assertEqual(600 * 60, found.length_s)

    def test_whose_leases_count(self):
        specs = {'desktop:lease': '4h'}
        server = fakes.server(extra_specs=specs)
        self.assertIsNone(self.of(server))
        self.assertIsNotNone(self.of(server, lease_any_server=True))
        plain = fakes.server(extra_specs={}, metadata={'desktop_lease': '4h'})
        self.assertIsNone(self.of(plain))
        self.assertIsNotNone(self.of(plain, lease_any_server=True))
        self.assertIsNone(self.of(leased(), lease_scan_s=0))
        unreadable = {**fakes.specs(), **specs, 'desktop:notice': 'soon'}
        self.assertIsNone(self.of(fakes.server(extra_specs=unreadable)))

    def test_a_locked_server_is_not_deleted(self):
        deleted = leased(specs={'desktop:lease_end': 'delete'})
        self.assertIs(A.DELETE, self.of(deleted).then)
        locked = leased(specs={'desktop:lease_end': 'delete'}, locked=True)
        self.assertIs(A.SHELVE, self.of(locked).then)

    def test_records_are_read_once_for_each_start(self):
        server = leased(created_unix_s=unix_s(0), since_unix_s=unix_s(1))
        first = self.reader.of(server)[0].start_unix_s
        self.assertEqual(unix_s(0), first)
        self.cloud.records[server.id] = [
            record('unshelve', 7, 'tenant'),
            record('shelve', 5),
        ]
        self.assertEqual(first, self.reader.of(server)[0].start_unix_s)
        self.cloud.servers[server.id] = server
        self.cloud.change(server.id, since_unix_s=unix_s(8))
        now = self.cloud.servers[server.id]
        self.assertEqual(unix_s(7), self.reader.of(now)[0].start_unix_s)
        self.reader.keep([])
        self.cloud.records.clear()
        self.assertEqual(unix_s(0), self.reader.of(now)[0].start_unix_s)

    def test_notice_in_the_metadata(self):
        server = leased()
        found, _ = self.reader.of(server)
        mark = lease.place(server, found)
        text = grace.render('shelve', START + 5, 'x', mark)
        told = leased(metadata={grace.KEY: text})
        self.assertEqual(START + 5, lease.told_unix_s(told, found))
        self.assertTrue(lease.is_told(told))
        other = leased('b', metadata={grace.KEY: text})
        self.assertIsNone(lease.told_unix_s(other, found))
        place = grace.place(server)
        evicted = grace.render('shelve', START + 5, 'x', place)
        for value in (evicted, '', '{', '{"deadline": 1, "place": 7}'):
            odd = leased(metadata={grace.KEY: value})
            self.assertIsNone(lease.told_unix_s(odd, found))
            self.assertFalse(lease.is_told(odd))
