# SPDX-License-Identifier: Apache-2.0

import json
import threading
import unittest
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.messages import What
from nova_desktop.policy import lease as policy_lease
from nova_desktop.reclaim import api_show, grace, lease, nouns
from tests.unit.reclaim import fakes
from tests.unit.reclaim.test_lease import leased

A = model.ReclaimAction
HOUR_S = 3600
LEASE_S = 4 * HOUR_S
DELETES = {'desktop:lease_end': 'delete'}
_NEVER = threading.Event()


class LeasesCase(unittest.TestCase):
    """A server with a lease of 4 h, of which 100 s are over."""

    def setUp(self):
        self.clock = fakes.Clock()
        self.cloud = fakes.Cloud(self.clock)
        self.service = fakes.Service(self.cloud)

    def add(self, *args, **changes):
        server = leased(*args, **changes)
        self.cloud.servers[server.id] = server
        return server.id

    def pass_s(self, seconds, *services):
        """Let time pass while workers look at the leases."""
        looks = {each: 0.0 for each in services or (self.service,)}
        end = self.clock.now + seconds
        while True:
            due = min(looks, key=looks.get)
            if max(looks[due], self.clock.now) > end:
                break
            self.clock.wait(_NEVER, looks[due] - self.clock.now)
            pause_s = due.leases.look()
            due.aside.run()
            looks[due] = self.clock.now + pause_s
        self.clock.wait(_NEVER, end - self.clock.now)
        for service in looks:
            service.run()

    def until(self, since_start_s, *services):
        now_s = self.clock.now - (fakes.START - 100)
        self.pass_s(since_start_s - now_s, *services)

    def say(self, server_id, **words):
        old = self.cloud.servers[server_id].metadata
        self.cloud.change(server_id, metadata={**old, **words})

    def told(self, server_id):
        text = self.cloud.servers[server_id].metadata.get(grace.KEY)
        return text and json.loads(text)

    def state(self, server_id):
        return self.cloud.servers[server_id].vm_state

    def noted(self, server_id, what, service=None):
        entries = (service or self.service).journal.of(server_id)
        return [entry.text for entry in entries if entry.what is what]

    def actions(self):
        """Give what the tenant was told by the message bus."""
        return [payload['action'] for _, payload in self.service.events]


class LeasesTest(LeasesCase):
    def test_told_and_shelved(self):
        a = self.add()
        self.until(LEASE_S - 1000)
        self.assertIsNone(self.told(a))
        self.until(LEASE_S - 830)
        told = self.told(a)
        end = fakes.START - 100 + LEASE_S
        self.assertEqual(('shelve', end), (told['action'], told['deadline']))
        self.assertEqual('its lease ends', told['reason'])
        self.assertEqual('shelve', self.service.table.get(a).action)
        self.assertEqual(
            ['desk1'], [h for h, _ in self.service.guests.notices]
        )
        self.until(LEASE_S - 1)
        self.assertEqual([], self.cloud.acts)
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.until(LEASE_S + 60)
        self.assertIsNone(self.service.table.get(a))
        self.until(2 * LEASE_S)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertEqual(['shelve'], self.actions())
        self.assertEqual(
            ['shelved: its lease is over'], self.noted(a, What.LEFT)
        )
        self.assertEqual(1, len(self.noted(a, What.NOTICED)))

    def test_deleted(self):
        a = self.add(specs=DELETES)
        self.until(LEASE_S - 1)
        self.assertEqual('delete', self.told(a)['action'])
        self.until(LEASE_S + 100)
        self.assertEqual([('delete', a)], self.cloud.acts)
        self.assertNotIn(a, self.cloud.servers)
        self.assertIsNone(self.service.table.get(a))
        self.assertIsNone(self.service.leases.shown(a))

    def test_none(self):
        server = fakes.server()
        self.cloud.servers[server.id] = server
        self.until(86400)
        self.assertEqual([], self.cloud.acts)
        self.assertEqual([], self.service.journal.of(server.id))

    def test_the_flavors_notice_is_given_where_it_is_longer(self):
        a = self.add(specs={'notice': 3000})
        self.until(LEASE_S - 3100)
        self.assertIsNone(self.told(a))
        self.until(LEASE_S - 2900)
        self.assertIsNotNone(self.told(a))

    def test_a_short_lease_is_told_at_its_start(self):
        a = self.add(length='5m', specs={'notice': 6})
        self.pass_s(10)
        # It was first seen 100 s after its start.
        self.assertEqual(fakes.START + 300, self.told(a)['deadline'])
        self.pass_s(285)
        self.assertEqual([], self.cloud.acts)
        self.pass_s(10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_extended_in_time(self):
        a = self.add()
        self.until(LEASE_S - 600)
        self.say(a, desktop_lease='5h')
        self.until(LEASE_S + 100)
        self.assertEqual([], self.cloud.acts)
        self.assertIsNone(self.told(a))
        self.assertIsNone(self.service.table.get(a))
        self.assertEqual(['shelve', ''], self.actions())
        self.assertEqual(1, len(self.noted(a, What.WITHDRAWN)))
        self.until(5 * HOUR_S - 700)
        self.assertIsNotNone(self.told(a))
        self.until(5 * HOUR_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_extended_by_less_than_the_warning(self):
        a = self.add()
        self.until(LEASE_S - 100)
        self.say(a, desktop_lease='250m')
        self.until(LEASE_S + 100)
        end = fakes.START - 100 + 250 * 60
        self.assertEqual(end, self.told(a)['deadline'])
        self.assertEqual([], self.cloud.acts)
        self.until(250 * 60 + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_extended_at_the_last_moment(self):
        a = self.add()
        self.until(LEASE_S - 2)
        self.say(a, desktop_lease='5h')
        self.pass_s(60)
        self.assertEqual([], self.cloud.acts)
        self.assertIsNone(self.told(a))

    def test_extended_beyond_the_bound(self):
        a = self.add(specs={'desktop:lease_max': '5h'})
        self.say(a, desktop_lease='1d')
        self.until(5 * HOUR_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertEqual(
            ['desktop_lease = 1d is more than this server may have: 5h count'],
            self.noted(a, What.IGNORED),
        )

    def test_shortened_below_what_it_has_run(self):
        a = self.add()
        self.until(2 * HOUR_S)
        self.say(a, desktop_lease='1h')
        self.pass_s(60)
        told = self.told(a)
        self.assertGreater(told['deadline'], self.clock.now + 800)
        self.pass_s(800)
        self.assertEqual([], self.cloud.acts)
        self.pass_s(110)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_a_tenants_own_lease_is_taken_back(self):
        server = fakes.server(metadata={'desktop_lease': '10m'})
        self.cloud.servers[server.id] = server
        self.pass_s(60)
        self.assertIsNotNone(self.told(server.id))
        self.cloud.delete_metadata(server.id, 'desktop_lease')
        self.pass_s(HOUR_S)
        self.assertEqual([], self.cloud.acts)
        self.assertIsNone(self.told(server.id))

    def test_absurd_words_are_noted_once_an_hour(self):
        a = self.add()
        self.say(a, desktop_lease='for ever')
        self.pass_s(HOUR_S)
        self.assertEqual(1, len(self.noted(a, What.IGNORED)))
        for turn in range(50):
            self.say(a, desktop_lease=f'{turn} years')
            self.pass_s(60)
        self.assertEqual(2, len(self.noted(a, What.IGNORED)))

    def test_harder_than_it_was_told(self):
        a = self.add()
        self.until(LEASE_S - 10)
        self.say(a, desktop_lease_end='delete')
        self.pass_s(60)
        self.assertEqual('delete', self.told(a)['action'])
        self.assertEqual([], self.cloud.acts)
        self.assertGreater(self.told(a)['deadline'], self.clock.now + 800)
        self.pass_s(950)
        self.assertEqual([('delete', a)], self.cloud.acts)

    def test_its_tenant_agrees(self):
        a = self.add()
        self.until(LEASE_S - 800)
        self.say(a, desktop_ack='1')
        self.pass_s(70)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_an_old_acknowledgement(self):
        a = self.add()
        self.say(a, desktop_ack='1')
        self.until(LEASE_S - 10)
        self.assertEqual([], self.cloud.acts)

    def test_an_old_acknowledgement_that_stays_for_now(self):
        a = self.add(metadata={grace.ACK_KEY: '1'})
        delete = self.cloud.delete_metadata
        self.cloud.delete_metadata = mock.Mock(
            side_effect=nouns.CloudConflict('409')
        )
        self.until(LEASE_S - 700)
        self.cloud.delete_metadata = delete
        self.until(LEASE_S - 10)
        self.assertEqual([], self.cloud.acts)
        self.assertNotIn(grace.ACK_KEY, self.cloud.servers[a].metadata)

    def test_moved_meanwhile(self):
        a = self.add()
        self.until(LEASE_S - 700)
        self.cloud.change(a, host='desk2', node='desk2', since_unix_s=1.0)
        self.say(a, desktop_lease='5h')
        self.pass_s(70)
        hosts = [host for host, _ in self.service.guests.notices]
        self.assertEqual(['desk1', 'desk2'], hosts)


class StatesTest(LeasesCase):
    """Whatever state the server is in."""

    def test_shelved_stays_shelved(self):
        self.add(vm_state='shelved_offloaded', host='')
        self.until(LEASE_S + 1000)
        self.assertEqual([], self.cloud.acts)
        self.assertEqual([], self.service.events)

    def test_shelved_is_deleted_where_that_was_agreed(self):
        a = self.add(vm_state='shelved_offloaded', host='', specs=DELETES)
        self.until(LEASE_S - 10)
        self.assertEqual(['delete'], self.actions())
        self.assertEqual([], self.service.guests.notices)
        self.until(LEASE_S + 10)
        self.assertEqual([('delete', a)], self.cloud.acts)

    def test_shelved_is_offloaded(self):
        a = self.add(vm_state='shelved')
        self.cloud.outcomes[A.SHELVE] = 'conflict'
        self.until(LEASE_S + 10)
        self.assertEqual(
            [('shelve', a), ('shelveOffload', a)], self.cloud.acts
        )
        self.assertEqual('shelved_offloaded', self.state(a))

    def test_stopped_is_shelved(self):
        a = self.add(vm_state='stopped')
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertEqual('shelved_offloaded', self.state(a))

    def test_a_resize_that_waits_is_confirmed(self):
        a = self.add(vm_state='resized')
        self.until(LEASE_S + 10)
        self.assertEqual(
            [('confirmResize', a), ('shelve', a)], self.cloud.acts
        )

    def test_locked_is_shelved_and_deleted_once_unlocked(self):
        a = self.add(specs=DELETES, locked=True)
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.pass_s(HOUR_S)
        self.assertEqual(1, len(self.cloud.acts))
        self.cloud.change(a, locked=False)
        self.pass_s(800)
        self.assertEqual(1, len(self.cloud.acts), 'it is told first')
        self.pass_s(200)
        self.assertEqual(('delete', a), self.cloud.acts[-1])

    def test_a_task_that_runs_is_waited_for(self):
        a = self.add()
        self.until(LEASE_S - 1)
        self.cloud.change(a, task_state='image_snapshot')
        self.until(LEASE_S + 60)
        self.assertEqual([], self.cloud.acts)
        self.cloud.change(a, task_state=None)
        self.pass_s(10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_shelved_by_its_tenant_after_the_notice(self):
        a = self.add()
        self.until(LEASE_S - 500)
        self.cloud.change(a, vm_state='shelved_offloaded', host='')
        self.until(LEASE_S + 100)
        self.assertEqual([], self.cloud.acts)
        self.assertIsNone(self.service.table.get(a))

    def test_deleted_by_its_tenant_after_the_notice(self):
        a = self.add()
        self.until(LEASE_S - 500)
        del self.cloud.servers[a]
        self.until(LEASE_S + 100)
        self.assertEqual([], self.cloud.acts)
        self.assertIsNone(self.service.table.get(a))

    def test_no_metadata_is_taken(self):
        a = self.add()
        self.cloud.metadata_refused = True
        self.until(LEASE_S - 1)
        self.assertEqual(3, len(self.actions()), 'not at each look')
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_failure_is_tried_again_ever_more_slowly(self):
        a = self.add(vm_state='error')
        self.cloud.outcomes[A.SHELVE] = 'refused'
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertEqual(
            ['its lease is over, but shelve failed'],
            self.noted(a, What.STAYS),
        )
        self.until(LEASE_S + HOUR_S)
        self.assertEqual(7, len(self.cloud.acts))
        self.cloud.outcomes.clear()
        self.pass_s(HOUR_S)
        self.assertEqual('shelved_offloaded', self.state(a))

    def test_no_answer(self):
        a = self.add()
        self.until(LEASE_S - 1)
        self.cloud.outcomes[A.SHELVE] = 'lost'
        self.until(LEASE_S + 30)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertEqual('shelved_offloaded', self.state(a))

    def test_building_is_left_alone(self):
        a = self.add(vm_state='building', length='1m')
        self.pass_s(HOUR_S)
        self.assertEqual([], self.cloud.acts)
        self.assertEqual([], self.service.journal.of(a))


class WorkersTest(LeasesCase):
    """More than one worker, or one that is started again."""

    def test_two_workers_do_nothing_twice(self):
        other = fakes.Service(self.cloud, worker='w2')
        ids = [self.add(f'{i}') for i in range(5)]
        ids += [self.add(f'd{i}', specs=DELETES) for i in range(5)]
        self.until(2 * LEASE_S, self.service, other)
        self.assertEqual(sorted(ids), sorted(i for _, i in self.cloud.acts))
        told = self.service.events + other.events
        self.assertEqual(10, len(told))
        left = [
            text
            for a in ids
            for each in (self.service, other)
            for text in self.noted(a, What.LEFT, each)
        ]
        self.assertEqual(10, len(left))

    def test_at_the_same_moment(self):
        other = fakes.Service(self.cloud, worker='w2')
        a = self.add()
        self.until(LEASE_S - 10, self.service, other)
        # In the midst of this worker's act the other looks.
        for later_s in range(9, 17):
            self.clock.at(later_s, other.leases.look)
        self.until(LEASE_S + 30)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_started_again_after_the_notice(self):
        a = self.add()
        self.until(LEASE_S - 500)
        deadline = self.told(a)['deadline']
        self.service = fakes.Service(self.cloud)
        self.pass_s(60)
        self.assertEqual([], self.service.events, 'told once')
        self.assertEqual(deadline, self.told(a)['deadline'])
        self.assertEqual('shelve', self.service.table.get(a).action)
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_started_again_with_a_forged_deadline(self):
        a = self.add()
        self.until(LEASE_S - 100)
        told = {**self.told(a), 'deadline': self.clock.now + 86400}
        self.say(a, **{grace.KEY: json.dumps(told)})
        self.service = fakes.Service(self.cloud)
        self.pass_s(910)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_each_at_its_own_moment(self):
        server = leased()
        self.cloud.servers[server.id] = server
        agreed, _ = self.service.leases_read.of(server)
        moments = {
            fakes.Service(self.cloud, worker=f'w{i}')
            .lease_notices.tell(server, agreed, None)
            .next_unix_s
            for i in range(5)
        }
        self.assertEqual(5, len(moments))
        self.assertGreaterEqual(min(moments), agreed.ends_unix_s)
        self.assertLess(max(moments), agreed.ends_unix_s + 3)

    def test_down_over_the_end(self):
        a = self.add()
        self.until(LEASE_S - 500)
        self.clock.now += 86400
        self.service = fakes.Service(self.cloud, grace_min_s=5)
        self.pass_s(4)
        self.assertEqual([], self.cloud.acts)
        self.pass_s(10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_down_from_before_the_notice(self):
        a = self.add()
        self.clock.now += 86400
        self.pass_s(890)
        self.assertEqual([], self.cloud.acts, 'it is told in full first')
        self.pass_s(20)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_started_again_in_the_midst(self):
        a = self.add()
        self.until(LEASE_S - 500)
        self.cloud.outcomes[A.SHELVE] = 'hangs'
        self.clock.at(520, self.service.kill)
        self.until(LEASE_S + 30)
        self.cloud.outcomes.clear()
        self.service = fakes.Service(self.cloud)
        self.pass_s(60)
        self.assertEqual(1, len(self.cloud.acts))
        self.cloud.change(
            a, task_state=None, vm_state='shelved_offloaded', host=''
        )
        self.pass_s(120)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertIsNone(self.service.table.get(a))

    def test_started_again_after_it_was_extended(self):
        a = self.add()
        self.until(LEASE_S - 500)
        self.say(a, desktop_lease='6h')
        self.service = fakes.Service(self.cloud)
        self.pass_s(60)
        self.assertIsNone(self.told(a))
        self.assertEqual([''], self.actions())

    def test_the_loop_outlives_the_cloud(self):
        a = self.add()
        self.cloud.down = True
        self.clock.at(LEASE_S, lambda: setattr(self.cloud, 'down', False))
        self.clock.at(LEASE_S + 1200, self.service.kill)
        self.clock.at(LEASE_S + 1201, self.service.leases.look_now)
        self.service.leases.run()
        self.assertEqual([('shelve', a)], self.cloud.acts)


class EvictionTest(LeasesCase):
    """Beside servers that have to leave for their host's owner."""

    def evict(self, **changes):
        self.service.ask(**changes)
        self.service.run()

    def test_eviction_goes_first_and_the_lease_is_told_after(self):
        a = self.add(specs={'notice': 600})
        self.until(LEASE_S - 1000)
        self.service.ask()
        [victim] = self.service.hosts.victims('desk1')
        self.service.eviction.notice(victim)
        for _ in range(3):
            self.clock.now += 60
            self.service.leases.look()
        self.assertEqual('live-migrate', self.told(a)['action'])
        self.service.hosts.returned('desk1', 'away')
        self.service.run()
        self.pass_s(70)
        self.assertEqual('shelve', self.told(a)['action'])
        self.assertEqual('its lease ends', self.told(a)['reason'])

    def test_eviction_that_the_metadata_does_not_show(self):
        a = self.add(specs={'notice': 600})
        self.until(LEASE_S - 1000)
        self.cloud.metadata_refused = True
        self.service.ask()
        [victim] = self.service.hosts.victims('desk1')
        self.service.eviction.notice(victim)
        self.clock.now += 60
        self.service.leases.look()
        action = self.service.table.get(a).action
        self.assertEqual('live-migrate', action)

    def test_told_again_after_an_eviction_came_between(self):
        a = self.add(specs={'notice': 60})
        self.until(LEASE_S - 800)
        deadline = self.told(a)['deadline']
        self.clock.at(20, self.service.returned)
        self.evict()
        self.assertIsNone(self.told(a))
        self.pass_s(70)
        self.assertEqual(deadline, self.told(a)['deadline'])
        self.assertEqual('shelve', self.service.table.get(a).action)

    def test_extended_while_an_eviction_is_told(self):
        a = self.add(specs={'notice': 600})
        self.until(LEASE_S - 800)
        self.service.ask()
        [victim] = self.service.hosts.victims('desk1')
        self.service.eviction.notice(victim)
        self.say(a, desktop_lease='6h')
        self.clock.now += 60
        self.service.leases.look()
        self.assertEqual('live-migrate', self.told(a)['action'])
        self.assertIsNotNone(self.service.table.get(a))

    def test_a_forged_notice_that_nobody_can_take_back(self):
        place = lease.place(leased(), self.service.leases_read.of(leased())[0])
        text = grace.render('shelve', self.clock.now + 9e5, 'forged', place)
        server = fakes.server(
            host='', vm_state='shelved_offloaded', metadata={grace.KEY: text}
        )
        self.cloud.servers[server.id] = server
        self.pass_s(HOUR_S)
        self.assertEqual([], self.service.events)
        self.assertEqual([], self.service.journal.of(server.id))

    def test_forged_notices_of_eviction_gain_one_notice_at_most(self):
        a = self.add(specs={'notice': 60})
        place = grace.place(self.cloud.servers[a])
        end = fakes.START - 100 + LEASE_S
        while self.clock.now < end + 900 and not self.cloud.acts:
            soon = self.clock.now + 50
            text = grace.render('stop', soon, 'forged', place)
            self.say(a, **{grace.KEY: text})
            self.pass_s(30)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertLess(self.clock.now, end + 180)

    def test_a_forged_deadline_gains_nothing(self):
        a = self.add()
        self.until(LEASE_S - 800)
        told = {**self.told(a), 'deadline': self.clock.now + 86400}
        self.say(a, **{grace.KEY: json.dumps(told)})
        self.until(LEASE_S + 10)
        self.assertEqual([('shelve', a)], self.cloud.acts)

    def test_what_its_tenant_deletes_does_not_help(self):
        a = self.add()
        while self.clock.now < fakes.START + LEASE_S:
            self.pass_s(30)
            if self.state(a) == 'active':
                self.cloud.delete_metadata(a, grace.KEY)
        self.assertEqual([('shelve', a)], self.cloud.acts)
        self.assertEqual(3, len(self.actions()))

    def test_a_host_that_lends_again_leaves_the_notice(self):
        a = self.add()
        self.until(LEASE_S - 500)
        self.service.returned()
        self.assertIsNotNone(self.told(a))
        self.assertEqual([], self.noted(a, What.WITHDRAWN))

    def test_the_one_that_is_ended_is_no_victim(self):
        a = self.add()
        self.until(LEASE_S - 10)
        asked = []
        self.clock.at(15, lambda: asked.append(self.service.ask()))
        self.until(LEASE_S + 60)
        self.assertEqual([[]], asked)
        self.assertEqual([('shelve', a)], self.cloud.acts)


class ReturningTest(LeasesCase):
    """What this service shelved comes back only within its lease."""

    def shelve(self, server_id, user=fakes.US):
        when = '2026-01-02T00:00:00'
        self.cloud.records[server_id] = [
            nouns.ActionRecord('shelve', user, 'req', when, False)
        ]

    def test_within(self):
        a = self.add(vm_state='shelved_offloaded', host='')
        self.shelve(a)
        self.assertEqual([a], self.service.returning.scan())

    def test_over(self):
        a = self.add(vm_state='shelved_offloaded', host='')
        self.shelve(a)
        self.clock.now += LEASE_S
        self.assertEqual([], self.service.returning.scan())

    def test_stopped_and_over(self):
        self.cloud.reserved_mib = 0
        a = self.add(vm_state='stopped')
        when = '2026-01-02T00:00:00'
        self.cloud.records[a] = [
            nouns.ActionRecord('stop', fakes.US, 'req', when, False)
        ]
        self.clock.now += LEASE_S
        self.assertEqual([], self.service.returning.scan())

    def test_unshelved_by_its_tenant_it_begins_anew(self):
        a = self.add()
        self.until(LEASE_S + 10)
        self.shelve(a)
        self.pass_s(HOUR_S)
        now = self.clock.now
        self.cloud.change(a, vm_state='active', host='desk1', since_unix_s=now)
        when = api_show.time_of(now)
        self.cloud.records[a].insert(
            0, nouns.ActionRecord('unshelve', 'tenant', 'req', when, False)
        )
        self.pass_s(LEASE_S - 1000)
        self.assertEqual(1, len(self.cloud.acts))
        self.assertIsNone(self.told(a), 'the old one is cleared')
        self.pass_s(200)
        self.assertIsNotNone(self.told(a))
        self.pass_s(900)
        self.assertEqual([('shelve', a)] * 2, self.cloud.acts)


class RandomTest(unittest.TestCase):
    """Whatever tenant and workers do, nothing ends sooner than it was told."""

    steps = st.lists(
        st.one_of(
            st.tuples(st.just('wait'), st.integers(1, 2000)),
            st.tuples(
                st.just('lease'),
                st.sampled_from(('', '1m', '30m', '2h', '6h', '9d', 'x')),
            ),
            st.tuples(st.just('end'), st.sampled_from(('shelve', 'delete'))),
            st.tuples(st.just('restart'), st.integers(0, 1)),
            st.tuples(st.just('busy'), st.booleans()),
        ),
        max_size=25,
    )

    @settings(max_examples=60, deadline=None)
    @given(steps)
    def test_random(self, steps):
        case = LeasesCase()
        case.setUp()
        workers = [case.service, fakes.Service(case.cloud, worker='w2')]
        a = case.add(length='2h')
        told = []
        put = case.cloud.set_metadata

        def watch(server_id, key, value):
            put(server_id, key, value)
            told.append((case.clock.now, json.loads(value)))

        case.cloud.set_metadata = watch
        acted = []
        act = case.cloud.act

        def record(action, server_id):
            acted.append(case.clock.now)
            self.assertTrue(told, 'without notice')
            last = [t for t in told if t[1]['action'] == action.value][-1]
            self.assertGreaterEqual(case.clock.now, last[1]['deadline'] - 1)
            found, _ = case.service.leases_read.of(
                case.cloud.servers[server_id]
            )
            self.assertLessEqual(found.ends_unix_s, case.clock.now)
            return act(action, server_id)

        case.cloud.act = record
        for what, value in [*steps, ('busy', False), ('wait', 7 * HOUR_S)]:
            gone = a not in case.cloud.servers
            if what == 'wait':
                case.pass_s(value, *workers)
            elif what == 'restart':
                workers[value] = fakes.Service(
                    case.cloud, worker=f'w{value + 1}'
                )
                case.service = workers[0]
            elif gone or case.state(a) != 'active':
                continue
            elif what == 'busy':
                case.cloud.change(a, task_state='x' if value else None)
            else:
                key = {
                    'lease': policy_lease.KEY,
                    'end': policy_lease.THEN_KEY,
                }[what]
                case.say(a, **{key: value})
        self.assertLessEqual(len(acted), 1)
