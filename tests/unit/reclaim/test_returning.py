# SPDX-License-Identifier: Apache-2.0

import datetime
import unittest

from nova_desktop.reclaim import nouns
from tests.unit.reclaim import fakes


def record(action='shelve', user=fakes.US, start='2026-01-01', failed=False):
    return nouns.ActionRecord(action, user, 'req', start, failed)


class ReturningTest(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.cloud = fakes.Cloud(self.clock)
        self.service = fakes.Service(self.cloud)

    def shelved(self, name, *records, **changes):
        server = fakes.server(
            name, **{'host': '', 'vm_state': 'shelved_offloaded', **changes}
        )
        self.cloud.servers[server.id] = server
        self.cloud.records[server.id] = list(records or [record()])
        return server.id

    def scan(self):
        return self.service.returning.scan()

    def test_ours(self):
        a = self.shelved('a', metadata={'desktop_notice': '{}'})
        self.assertEqual([a], self.scan())
        self.assertEqual([('unshelve', a)], self.cloud.acts)
        self.assertEqual({}, dict(self.cloud.servers[a].metadata))

    def test_at_rest_on_a_host_that_takes_nobody(self):
        self.cloud.reserved_mib = 0
        a = self.shelved(
            'a', record('suspend'), host='desk1', vm_state='suspended'
        )
        self.cloud.disable('desk1', 'somebody has to mend it')
        self.assertEqual([], self.scan())
        self.assertEqual(
            [a], [each.server.id for each in self.service.returning.waiting]
        )
        self.cloud.disable('desk1', None)
        self.assertEqual([a], self.scan())
        self.assertEqual((), self.service.returning.waiting)

    def test_the_longest_away_first(self):
        a = self.shelved('a', record(start='2026-01-03'))
        b = self.shelved('b', record(start='2026-01-01'))
        c = self.shelved('c', record(start='2026-01-02'))
        self.assertEqual([b, c, a], self.scan())

    def test_a_batch_at_a_time(self):
        self.service = fakes.Service(self.cloud, return_batch=2)
        for i in range(5):
            self.shelved(f'{i}')
        self.assertEqual(2, len(self.scan()))
        # However often it looks: it is a rate.
        self.assertEqual(0, len(self.scan()))
        self.clock.now += 6
        self.assertEqual(2, len(self.scan()))

    def test_the_loop_comes_again_when_the_rate_allows(self):
        self.service = fakes.Service(
            self.cloud, return_batch=1, return_per_min=2, return_scan_s=60
        )
        for i in range(3):
            self.shelved(f'{i}')
        self.clock.at(121, self.service.kill)
        self.clock.at(122, self.service.returning.look_now)
        self.service.returning.run()
        self.assertEqual(3, len(self.cloud.acts))

    def test_not_the_tenants(self):
        self.shelved('a', record(user='tenant'))
        self.shelved('b', record(user='tenant'), record('unshelve'), record())
        self.shelved('c', record('unshelve'))
        self.assertEqual([], self.scan())

    def test_the_last_that_worked_counts(self):
        a = self.shelved(
            'a', record(user='tenant', failed=True), record(), record()
        )
        self.assertEqual([a], self.scan())

    def test_not_without_a_preemptible_flavor(self):
        self.shelved('a', extra_specs={})
        self.assertEqual([], self.scan())

    def test_silent_failure_backs_off(self):
        self.cloud.unshelve_works = False
        a = self.shelved('a')
        self.assertEqual([], self.scan())
        self.assertEqual([], self.scan())
        self.assertEqual(1, len(self.cloud.acts))
        self.clock.now += 61
        self.scan()
        self.clock.now += 61
        self.scan()
        self.assertEqual([('unshelve', a)] * 2, self.cloud.acts)
        self.clock.now += 61
        self.scan()
        self.assertEqual(3, len(self.cloud.acts))

    def test_returned_capacity_ends_the_back_off(self):
        self.cloud.unshelve_works = False
        a = self.shelved('a')
        self.scan()
        self.cloud.unshelve_works = True
        self.service.returning.capacity_returned()
        self.assertEqual([a], self.scan())

    def test_the_loop_looks_again_after_the_back_off(self):
        self.cloud.unshelve_works = False
        a = self.shelved('a')
        self.clock.at(365, self.service.kill)
        self.clock.at(366, self.service.returning.look_now)
        self.service.returning.run()
        self.assertEqual([('unshelve', a)] * 2, self.cloud.acts)

    def test_smaller_ones_may_still_fit(self):
        self.cloud.unshelve_works = False
        large = self.shelved('a', record(start='2026-01-01'), memory_mib=4096)
        self.shelved('b', record(start='2026-01-02'), memory_mib=8192)
        small = self.shelved('c', record(start='2026-01-03'), memory_mib=512)
        self.scan()
        self.assertEqual([large, small], [i for _, i in self.cloud.acts])

    def test_stopped_by_us_starts_where_there_is_room(self):
        a = self.shelved('a', record('stop'), host='desk1', vm_state='stopped')
        self.assertEqual([], self.scan(), 'all is reserved')
        self.cloud.reserved_mib = 0
        self.service.hosts.asked(fakes.request(), self.clock.now)
        self.assertEqual([], self.scan(), 'the host wants it back')
        self.service.returned()
        self.assertEqual([a], self.scan())
        self.assertEqual([('os-start', a)], self.cloud.acts)

    def test_suspended_by_us_is_resumed(self):
        a = self.shelved(
            'a', record('suspend'), host='desk1', vm_state='suspended'
        )
        self.assertEqual([], self.scan(), 'all is reserved')
        self.cloud.reserved_mib = 0
        self.assertEqual([a], self.scan())
        self.assertEqual([('resume', a)], self.cloud.acts)

    def test_one_at_rest_that_fits_beside_those_that_run(self):
        for name in ('a', 'b'):
            self.shelved(
                name, record('stop'), host='desk1', vm_state='stopped'
            )
        self.cloud.reserved_mib = 8192 - 1536
        self.assertEqual(1, len(self.scan()))
        self.assertEqual([], self.scan())

    def test_one_that_another_worker_starts_takes_its_room(self):
        a = self.shelved('a', record('stop'), host='desk1', vm_state='stopped')
        self.cloud.change(a, task_state='powering-on')
        self.shelved('b', record('stop'), host='desk1', vm_state='stopped')
        self.cloud.reserved_mib = 8192 - 1536
        self.assertEqual([], self.scan())

    def test_what_was_only_brought_back_is_taken_up_at_the_start(self):
        a = self.shelved(
            'a',
            record('unshelve'),
            record(),
            record('pause', user='tenant'),
            host='desk1',
            vm_state='active',
        )
        self.clock.at(1, self.service.kill)
        self.clock.at(2, self.service.returning.look_now)
        self.service.returning.run()
        self.assertEqual([('pause', a)], self.cloud.acts)

    def test_suspended_by_its_tenant(self):
        self.cloud.reserved_mib = 0
        self.shelved(
            'a',
            record('suspend', user='tenant'),
            host='desk1',
            vm_state='suspended',
        )
        self.assertEqual([], self.scan())

    def test_what_its_tenant_stopped_is_not_started_for_us(self):
        self.cloud.reserved_mib = 0
        self.shelved(
            'a',
            record('stop'),
            record('unshelve'),
            record(),
            record('stop', user='tenant'),
            host='desk1',
            vm_state='stopped',
        )
        self.assertEqual([], self.scan())

    def evicted(self, *minutes_ago):
        starts = [
            datetime.datetime.fromtimestamp(
                self.clock.now - 60 * ago, datetime.UTC
            ).isoformat()
            for ago in minutes_ago
        ]
        return self.shelved('a', *[record(start=start) for start in starts])

    def test_evicted_again_and_again_it_waits_longer(self):
        for times, wait_s in ((1, 0), (2, 60), (3, 120), (4, 240)):
            self.setUp()
            a = self.evicted(*range(times))
            if wait_s:
                self.clock.now += wait_s - 1
                self.service.returning.capacity_returned()
                self.assertEqual([], self.scan(), times)
                self.clock.now += 2
            self.assertEqual([a], self.scan(), times)

    def test_evictions_of_long_ago_do_not_count(self):
        a = self.evicted(0, 61, 62)
        self.assertEqual([a], self.scan())

    def test_the_loop_comes_again_when_the_wait_is_over(self):
        a = self.evicted(0, 1)
        self.service.returning.look_now()
        self.clock.at(70, self.service.kill)
        self.clock.at(71, self.service.returning.look_now)
        self.service.returning.run()
        self.assertEqual([('unshelve', a)], self.cloud.acts)

    def test_stopped_by_its_tenant(self):
        self.cloud.reserved_mib = 0
        self.shelved(
            'a',
            record('stop', user='tenant'),
            host='desk1',
            vm_state='stopped',
        )
        self.assertEqual([], self.scan())

    def test_switched_off(self):
        self.service = fakes.Service(self.cloud, return_batch=0)
        self.shelved('a')
        self.assertEqual([], self.scan())

    def test_the_loop_outlives_the_cloud(self):
        a = self.shelved('a')
        self.cloud.down = True
        self.clock.at(400, lambda: setattr(self.cloud, 'down', False))
        self.clock.at(700, self.service.kill)
        self.clock.at(701, self.service.returning.look_now)
        self.service.returning.run()
        self.assertEqual([('unshelve', a)], self.cloud.acts)
