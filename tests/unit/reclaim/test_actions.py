# SPDX-License-Identifier: Apache-2.0
"""What is particular to one action, from the request to the end."""

import unittest

from nova_desktop import messages, model
from nova_desktop.reclaim import grace
from tests.unit.reclaim import fakes

A = model.ReclaimAction
W = messages.What


class Case(unittest.TestCase):
    def start(self, actions, notice=0, **changes):
        self.clock = fakes.Clock()
        specs = fakes.specs(actions, notice)
        self.a = fakes.server('a', extra_specs=specs, **changes)
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.cloud.unshelved_to = 'desk2'
        self.service = fakes.Service(self.cloud)

    def evict(self):
        self.service.ask()
        self.service.run()

    def now(self):
        return self.cloud.servers[self.a.id]

    def did(self):
        return [name for name, _ in self.cloud.acts]

    def steps(self):
        return [each.what for each in self.service.journal.of(self.a.id)]


class RebuildTest(Case):
    def test_it_is_booted_elsewhere_at_once(self):
        self.start('rebuild')
        self.evict()
        self.assertEqual(['rebuild', 'unshelve'], self.did())
        self.assertEqual('desk2', self.now().host)
        self.assertLess(self.clock.now - fakes.START, 10)
        self.assertEqual([W.LEFT, W.RETURNED], self.steps()[-2:])

    def test_the_host_is_free_before(self):
        self.start('rebuild')
        seen = []
        self.cloud.nudge = lambda *_: seen.append(
            self.service.hosts.victims('desk1')
        )
        self.evict()
        self.assertEqual([[]], seen)

    def test_where_no_host_takes_it_it_waits_as_a_shelved_one(self):
        self.start('rebuild')
        self.cloud.unshelve_works = False
        self.evict()
        self.assertEqual('shelved_offloaded', self.now().vm_state)
        self.assertEqual([], self.service.returning.scan())
        self.cloud.unshelve_works = True
        self.service.returning.capacity_returned()
        self.assertEqual([self.a.id], self.service.returning.scan())

    def test_shelved_by_a_later_action_is_not_rebuilt(self):
        self.start('rebuild,shelve')
        self.cloud.outcomes[A.REBUILD] = 'fails'
        self.evict()
        self.assertEqual(['rebuild', 'shelve'], self.did())

    def test_killed_before_it_was_booted_again(self):
        self.start('rebuild')
        nudge = self.cloud.nudge
        self.cloud.nudge = lambda *_: self.service.kill()
        self.evict()
        self.assertEqual('shelved_offloaded', self.now().vm_state)
        self.cloud.nudge = nudge
        self.service = fakes.Service(self.cloud)
        self.assertEqual([self.a.id], self.service.returning.scan())

    def test_one_that_its_tenant_had_paused_is_paused_there(self):
        self.start('rebuild', vm_state='paused')
        self.cloud.records[self.a.id] = [
            fakes.nouns.ActionRecord('pause', 'x', 'r', '2026-01-01', False)
        ]
        self.evict()
        self.assertEqual('paused', self.now().vm_state)
        self.assertEqual(['rebuild', 'unshelve', 'pause'], self.did())


class SuspendTest(Case):
    def test_the_allocation_stays_and_is_not_waited_for(self):
        self.start('suspend')
        self.evict()
        self.assertEqual('suspended', self.now().vm_state)
        self.assertLess(self.clock.now - fakes.START, 10)

    def test_it_is_resumed_when_its_host_lends_again(self):
        self.start('suspend')
        self.evict()
        self.service.returning.capacity_returned()
        self.assertEqual([], self.service.returning.scan())
        self.cloud.reserved_mib = 0
        self.service.returned()
        self.assertEqual([self.a.id], self.service.returning.scan())
        self.assertEqual(['suspend', 'resume'], self.did())


class TimeTest(Case):
    """The host of the fakes wants to be free within 30 s."""

    def test_the_notice_names_what_fits(self):
        self.start('live-migrate,stop', notice=60, memory_mib=4000)
        self.service.ask()
        seen = {}
        self.clock.at(1, lambda: seen.update(self.now().metadata))
        self.service.keep_asking(7)
        self.service.run()
        self.assertEqual('stop', grace.parse(seen[grace.KEY])['action'])
        self.assertEqual(['stop'], self.did())
        self.assertIn(W.PASSED_OVER, self.steps())

    def test_an_early_acknowledgement_leaves_more_time(self):
        self.start('live-migrate,stop', notice=60, memory_mib=4000)
        self.service.ask()
        self.clock.at(
            5,
            lambda: self.cloud.set_metadata(self.a.id, grace.ACK_KEY, 'yes'),
        )
        self.service.keep_asking(7)
        self.service.run()
        self.assertEqual(['live-migrate'], self.did())

    def test_who_goes_is_chosen_by_what_fits(self):
        self.start('live-migrate,stop', memory_mib=4000)
        other = fakes.server(
            'b',
            extra_specs=fakes.specs('stop', 0),
            memory_mib=4000,
            since_unix_s=fakes.START - 50,
        )
        self.cloud.servers[other.id] = other
        # To move the first would cost 40 s, but stopping it loses 100.
        self.assertEqual([other.id], self.service.ask(keep=4000))

    def test_nothing_fits(self):
        self.start('shelve,live-migrate,delete', memory_mib=8000, disk_gib=9)
        self.evict()
        self.assertEqual(['live-migrate'], self.did())


class BackOffTest(Case):
    def test_what_failed_on_one_host_is_not_held_against_another(self):
        self.start('stop')
        self.cloud.outcomes[A.STOP] = 'fails'
        self.evict()
        self.assertEqual([], self.service.ask(), 'it rests on desk1')
        self.cloud.change(self.a.id, host='desk2', node='desk2')
        self.assertEqual([self.a.id], self.service.ask(host='desk2'))
