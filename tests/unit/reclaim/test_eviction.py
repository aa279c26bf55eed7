# SPDX-License-Identifier: Apache-2.0

import dataclasses
import functools
import json
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.step import End
from tests.unit.reclaim import fakes

A = model.ReclaimAction
OUTCOMES = ['works', 'fails', 'conflict', 'refused', 'lost', 'unheard']


class Case(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.a = fakes.server('a')
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.service = fakes.Service(self.cloud)

    def now(self, server=None):
        return self.cloud.servers[(server or self.a).id]

    def passed(self):
        return self.clock.now - fakes.START


class PathTest(Case):
    """From the request to the end."""

    def test_notice_grace_migration(self):
        self.service.keep_asking(7)
        self.assertEqual([self.a.id], self.service.ask())
        self.service.run()
        self.assertEqual('desk2', self.now().host)
        self.assertEqual([('live-migrate', self.a.id)], self.cloud.acts)
        self.assertGreaterEqual(self.passed(), 63)
        self.assertLess(self.passed(), 70)
        self.assertEqual({}, dict(self.now().metadata))
        self.assertIsNone(self.service.table.get(self.a.id))

    def test_told_everywhere(self):
        self.service.ask()
        seen = {}
        self.clock.at(1, lambda: seen.update(self.now().metadata))
        self.clock.at(1, self.service.aside.run)
        self.clock.at(
            2, lambda: seen.update(table=self.service.table.get(self.a.id))
        )
        self.service.run()
        told = json.loads(seen[grace.KEY])
        self.assertEqual('live-migrate', told['action'])
        self.assertEqual(fakes.START + 60, told['deadline'])
        self.assertEqual(fakes.START + 60, seen['table'].deadline_unix_s)
        host, notice = self.service.guests.notices[0]
        self.assertEqual(('desk1', 'live-migrate'), (host, notice.action))
        event, payload = self.service.events[0]
        self.assertEqual('desktop.notice', event)
        self.assertEqual('desk1', payload['host'])

    def test_a_deaf_guest_and_refused_metadata_hold_up_nothing(self):
        self.cloud.metadata_refused = True
        self.service.guests.error = TimeoutError()
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertEqual('desk2', self.now().host)

    def test_falls_through_with_the_reason(self):
        self.cloud.outcomes[A.LIVE_MIGRATE] = 'fails'
        self.service.keep_asking(9)
        self.service.ask()
        with self.assertLogs('nova_desktop.reclaim.leaving') as logs:
            self.service.run()
        self.assertEqual('shelved_offloaded', self.now().vm_state)
        self.assertIn('No valid host', logs.output[0])

    def test_nothing_works(self):
        for action in (A.LIVE_MIGRATE, A.SHELVE):
            self.cloud.outcomes[action] = 'fails'
        self.service.ask()
        self.service.run()
        self.assertEqual('active', self.now().vm_state)
        self.assertEqual({}, dict(self.now().metadata))
        self.assertEqual('', self.service.guests.notices[-1][1].action)
        told = self.service.guests.notices[-1][1].reason
        self.assertNotIn('No valid host', told, "Nova's reason is not for all")
        self.assertEqual([], self.service.ask(), 'left alone for a while')
        self.clock.now += 61
        self.assertEqual([self.a.id], self.service.ask())

    def test_placement_is_waited_for(self):
        self.cloud.held[self.a.id] = frozenset({'rp-desk1'})
        freed = []
        self.clock.at(
            80,
            lambda: (self.cloud.held.clear(), freed.append(self.clock.now)),
        )
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertEqual(1, len(freed))
        self.assertLess(self.clock.now - freed[0], 2)

    def test_the_cloud_is_down_at_the_recheck(self):
        self.clock.at(55, lambda: setattr(self.cloud, 'down', True))
        self.clock.at(75, lambda: setattr(self.cloud, 'down', False))
        self.service.ask()
        self.service.run()
        self.assertEqual('desk2', self.now().host)

    def test_it_is_moved_while_its_host_is_looked_at(self):
        provider = self.cloud.provider

        def look(node):
            # Another worker was faster.
            if self.passed() >= 60:
                self.cloud.change(self.a.id, host='desk2', node='desk2')
            return provider(node)

        self.cloud.provider = look
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertEqual([], self.cloud.acts, 'it would be moved twice')

    def test_no_metadata_can_be_cleared_of_one_that_is_shelved(self):
        delete = self.cloud.delete_metadata

        def shelved(server_id, key):
            self.cloud.change(server_id, vm_state='shelved_offloaded', host='')
            delete(server_id, key)

        self.cloud.delete_metadata = shelved
        self.service.ask()
        self.clock.at(50, lambda: setattr(self.cloud, 'reserved_mib', 0))
        self.service.run()
        self.assertEqual([], self.cloud.acts)
        self.assertLess(self.passed(), 65, 'its stay is over')


class IdempotentTest(Case):
    def test_doubled(self):
        self.service.ask()
        self.assertEqual([], self.service.ask())
        self.assertEqual(1, self.service.hosts.under_way())

    def test_repeated_while_it_leaves(self):
        self.service.keep_asking(20)
        self.service.ask()
        self.service.run()
        self.assertEqual(1, len(self.cloud.acts))

    def test_those_leaving_count_as_gone(self):
        b = fakes.server('b', since_unix_s=fakes.START - 9)
        self.cloud.servers[b.id] = b
        self.assertEqual([b.id], self.service.ask(keep=1024))
        self.assertEqual([], self.service.ask(keep=1024))
        self.assertEqual([self.a.id], self.service.ask(keep=0))

    def test_killed_in_the_grace(self):
        self.service.ask()
        self.clock.at(40, self.service.kill)
        self.service.run()
        self.assertEqual([], self.cloud.acts)
        self.assertIn(grace.KEY, self.now().metadata)

        again = fakes.Service(self.cloud)
        self.clock.now += 5
        self.assertEqual([self.a.id], again.ask())
        again.run()
        self.assertEqual('desk2', self.now().host)
        self.assertLess(self.passed(), 70, 'the grace given counts')
        self.assertEqual([], again.events, 'the tenant is told once')

    def test_killed_in_the_grace_between_two_seconds(self):
        self.clock.now += 0.4
        noticed = self.clock.now
        self.service.ask()
        self.clock.at(40, self.service.kill)
        self.service.run()
        again = fakes.Service(self.cloud)
        again.keep_asking(7)
        again.ask()
        again.run()
        left = self.clock.now
        self.assertGreaterEqual(left - self.cloud.takes_s - noticed, 60)

    def test_killed_while_it_leaves(self):
        self.cloud.takes_s = 30
        self.clock.at(70, self.service.kill)
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertEqual('busy', self.now().task_state)

        again = fakes.Service(self.cloud)
        again.ask()
        again.run()
        self.assertEqual('desk2', self.now().host)
        self.assertEqual(1, len(self.cloud.acts))

    def test_the_one_told_before_is_chosen_again(self):
        older = fakes.server('old', since_unix_s=0)
        where = grace.place(older)
        told = grace.render('shelve', fakes.START + 30, 'x', where)
        older = dataclasses.replace(older, metadata={grace.KEY: told})
        self.cloud.servers[older.id] = older
        self.assertEqual([older.id], self.service.ask(keep=1024))

    def test_two_workers_at_once(self):
        other = fakes.Service(self.cloud)
        self.service.keep_asking(8)
        other.keep_asking(8)
        self.service.ask()
        other.ask()
        self.clock.at(61, other.run)
        self.service.run()
        self.assertEqual('desk2', self.now().host)
        self.assertEqual(1, len(self.cloud.acts))

    def test_another_worker_was_faster_to_tell(self):
        other = fakes.Service(self.cloud)
        self.service.ask()
        other.ask()
        self.service.go_on()
        self.clock.now += 20
        other.go_on()
        (victim,) = other.hosts.victims('desk1')
        self.assertEqual(fakes.START + 60, victim.deadline_unix_s)
        told = json.loads(self.now().metadata[grace.KEY])
        self.assertEqual(fakes.START + 60, told['deadline'])
        other.aside.run()
        self.assertEqual([], other.events, 'the tenant is told once')


class WithdrawnTest(Case):
    def ends(self, why):
        with self.assertLogs('nova_desktop.reclaim.eviction') as logs:
            self.service.run()
        self.assertIn(why, logs.output[-1])
        self.assertEqual([], self.cloud.acts)
        self.assertEqual([], self.service.hosts.victims('desk1'))

    def test_capacity_returned(self):
        self.service.ask()
        self.clock.at(20, self.service.returned)
        self.ends('withdrawn, the host lends again')
        self.assertLess(self.passed(), 21, 'the wait is woken')
        self.assertEqual({}, dict(self.now().metadata))
        self.assertEqual('', self.service.guests.notices[-1][1].action)
        self.assertEqual('', self.service.events[-1][1]['action'])

    def test_metadata_that_cannot_be_cleared_cut_no_notice_short(self):
        self.service.ask()
        self.clock.at(20, lambda: setattr(self.cloud, 'down', True))
        self.clock.at(21, self.service.hosts_returned)
        self.clock.at(25, lambda: setattr(self.cloud, 'down', False))
        self.service.run()
        self.assertEqual({}, dict(self.now().metadata))
        noticed = self.clock.now
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertEqual('desk2', self.now().host)
        self.assertGreater(self.clock.now - noticed, 60)

    def test_back_under_capacity(self):
        self.service.ask()
        self.clock.at(50, lambda: setattr(self.cloud, 'reserved_mib', 0))
        self.ends('back under its capacity')

    def test_host_insists_whatever_placement_says(self):
        self.cloud.reserved_mib = 0
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertEqual('desk2', self.now().host)

    def test_host_fell_silent(self):
        service = self.service = fakes.Service(self.cloud, request_fresh_s=40)
        service.ask()
        self.ends('has not asked for')

    def test_enough_is_free_without_it(self):
        b = fakes.server('b', since_unix_s=0)
        self.cloud.servers[b.id] = b
        self.service.ask(keep=1024)
        self.clock.at(9, lambda: self.cloud.servers.pop(b.id))
        self.service.keep_asking(7, keep=1024)
        self.ends('1024 MiB are left without it')

    def test_needs_less_now(self):
        self.service.ask()
        self.clock.at(30, lambda: self.service.ask(keep=1024))
        self.ends('which may stay')

    def test_victim_gone(self):
        self.service.ask()
        self.clock.at(7, lambda: self.cloud.servers.pop(self.a.id))
        self.ends('left, it left by itself')
        self.assertLess(self.passed(), 13)

    def test_tenant_stopped_it(self):
        self.service.ask()
        self.clock.at(
            7, lambda: self.cloud.change(self.a.id, vm_state='stopped')
        )
        self.ends('left, it left by itself')

    def test_moved_elsewhere(self):
        self.service.ask()
        self.clock.at(7, lambda: self.cloud.change(self.a.id, host='desk3'))
        self.ends('left, it left by itself')

    def test_no_longer_preemptible(self):
        self.service.ask()
        self.clock.at(7, lambda: self.cloud.change(self.a.id, extra_specs={}))
        self.ends('not preemptible')


class TenantTest(Case):
    """What a tenant can write costs nobody but itself."""

    def test_acknowledged(self):
        self.service.ask()
        self.clock.at(
            9, lambda: self.cloud.set_metadata(self.a.id, grace.ACK_KEY, '1')
        )
        self.service.run()
        self.assertEqual('desk2', self.now().host)
        self.assertLess(self.passed(), 20)
        self.assertEqual({}, dict(self.now().metadata))

    def test_an_old_acknowledgement_is_none(self):
        self.cloud.change(self.a.id, metadata={grace.ACK_KEY: 'old'})
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertGreater(self.passed(), 60)

    def test_an_old_acknowledgement_that_cannot_be_deleted(self):
        self.cloud.change(self.a.id, metadata={grace.ACK_KEY: 'old'})
        delete = self.cloud.delete_metadata

        def refuse(server_id, key):
            if self.passed() < 30:
                raise nouns.CloudUnreachable('no answer')
            delete(server_id, key)

        self.cloud.delete_metadata = refuse
        self.service.keep_asking(7)
        self.service.ask()
        self.service.run()
        self.assertGreater(self.passed(), 60)

    def test_notice_and_acknowledgement_of_a_former_stay(self):
        for stay in ({'host': 'desk3'}, {'since_unix_s': 5.0}):
            self.setUp()
            where = grace.place(dataclasses.replace(self.a, **stay))
            told = grace.render('shelve', fakes.START + 50, 'x', where)
            self.cloud.change(
                self.a.id, metadata={grace.KEY: told, grace.ACK_KEY: '1'}
            )
            self.service.keep_asking(7)
            self.service.ask()
            self.service.run()
            self.assertGreater(self.passed(), 60)
            self.assertEqual(1, len(self.service.events))

    @given(
        st.one_of(
            st.text(max_size=255),
            st.floats().map(lambda d: json.dumps({'deadline': d})),
            st.floats(-1e4, 1e4).map(
                lambda d: json.dumps({'deadline': fakes.START + d})
            ),
        )
    )
    def test_forged_notice(self, text):
        group = fakes.settings(grace_min_s=5)
        server = fakes.server(metadata={grace.KEY: text})
        deadline = grace.deadline_unix_s(server, fakes.START, group)
        self.assertGreaterEqual(deadline, fakes.START + 5)
        self.assertLessEqual(deadline, fakes.START + 60)


class OthersTest(Case):
    """A host may speak only of its own preemptible guests."""

    def test_other_hosts_guests(self):
        b = fakes.server('b', host='desk2')
        self.cloud.servers[b.id] = b
        self.cloud.servers_of = lambda host: list(self.cloud.servers.values())
        self.assertEqual([self.a.id], self.service.ask())

    def test_unknown_host_leaves_no_trace(self):
        for i in range(50):
            self.service.ask(host=f'no{i}')
        self.assertEqual({}, self.service.hosts._hosts)

    def test_not_preemptible(self):
        for extra in ({}, {'desktop:preemptible': 'maybe'}):
            self.cloud.change(self.a.id, extra_specs=extra)
            self.assertEqual([], self.service.ask())

    def victims(self, per_host, names):
        hosts = fakes.Service(self.cloud, per_host=per_host).hosts
        made = [fakes.victim(fakes.server(name)) for name in names]
        for each in made:
            each.wake = functools.partial(self.woken.append, each)
            hosts.add(each)
        return hosts, made

    def test_few_at_a_time(self):
        self.woken = []
        hosts, (a, b, c, d) = self.victims(2, 'abcd')
        turns = [hosts.take_turn(each) for each in (a, b, c, d, c)]
        self.assertEqual([True, True, False, False, False], turns)
        hosts.end_turn(a)
        self.assertEqual([c, d], self.woken)
        self.assertTrue(hosts.take_turn(c))
        self.assertFalse(hosts.take_turn(d))
        hosts.remove(d)
        hosts.end_turn(b)
        self.assertEqual([c, d], self.woken, 'one that is gone is not woken')

    def test_news_wakes_who_waits_for_its_turn(self):
        self.service = fakes.Service(self.cloud, per_host=1)
        other = fakes.victim(fakes.server('other'))
        self.service.hosts.take_turn(other)
        self.service.keep_asking(7)
        self.service.ask()
        self.clock.at(65, self.service.returned)
        self.service.run()
        self.assertEqual([], self.cloud.acts)
        self.assertLess(self.passed(), 66)


class AnyTest(unittest.TestCase):
    """Whatever fails and whoever is killed: nobody is lost or told wrong."""

    @given(
        st.fixed_dictionaries(
            {
                # Of these only a live migration that hangs can be aborted.
                A.LIVE_MIGRATE: st.sampled_from([*OUTCOMES, 'hangs']),
                A.SHELVE: st.sampled_from(OUTCOMES),
                A.STOP: st.sampled_from(OUTCOMES),
            }
        ),
        st.one_of(st.none(), st.integers(1, 400)),
        st.one_of(st.none(), st.integers(1, 200)),
    )
    def test_it_ends(self, outcomes, killed_at, returned_at):
        clock = fakes.Clock()
        a = fakes.server(
            'a', extra_specs=fakes.specs('live-migrate,shelve,stop')
        )
        cloud = fakes.Cloud(clock, a)
        cloud.outcomes = outcomes
        service = fakes.Service(cloud)
        service.keep_asking(300)
        if killed_at:
            clock.at(killed_at, service.kill)
        if returned_at:
            clock.at(returned_at, service.returned)
        service.ask()
        service.run()
        self.check(service, cloud.servers[a.id])
        if returned_at and returned_at < 60 and not killed_at:
            self.assertEqual([], cloud.acts)
        if 'works' in outcomes.values() and not (killed_at or returned_at):
            self.assertEqual(End.LEFT, service.steps[a.id].end)

    def check(self, service, now):
        """Check that a server is where its eviction's end says."""
        step = service.steps.get(now.id)
        if step is None:
            self.assertTrue(service.stop.is_set(), 'killed in the grace')
            return
        self.assertEqual([], service.hosts.victims('desk1'))
        if step.end is End.LEFT:
            self.assertTrue(now.host != 'desk1' or now.vm_state == 'stopped')
        elif step.end is not End.INTERRUPTED:
            self.assertEqual(('desk1', 'active'), (now.host, now.vm_state))
            self.assertIsNone(service.table.get(now.id))
            self.assertNotIn(grace.KEY, now.metadata)


class UnreachableTest(Case):
    def test_an_eviction_that_breaks_is_taken_up_again(self):
        def broken(host):
            raise KeyError('servers')

        servers_of, self.cloud.servers_of = self.cloud.servers_of, broken
        with self.assertRaises(KeyError):
            self.service.ask()
        self.cloud.servers_of = servers_of
        self.service.ask()
        self.clock.at(50, lambda: setattr(self.cloud, 'servers_of', broken))
        with self.assertLogs('nova_desktop.reclaim.worker') as logs:
            self.service.run()
        self.assertIn('lost until its host asks again', logs.output[-1])
        self.assertIsNone(self.service.table.get(self.a.id))
        self.cloud.servers_of = servers_of
        self.assertEqual([self.a.id], self.service.ask())
        self.service.run()
        self.assertEqual('desk2', self.now().host)

    def test_a_request_while_the_cloud_is_down(self):
        self.cloud.down = True
        with self.assertRaises(nouns.CloudUnreachable):
            self.service.ask()
        self.cloud.down = False
        self.assertEqual([self.a.id], self.service.ask())
