# SPDX-License-Identifier: Apache-2.0

import dataclasses
import unittest

from nova_desktop import messages, model
from nova_desktop.reclaim import journal
from tests.unit.reclaim import fakes

A = model.ReclaimAction
W = messages.What


class JournalTest(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.told = []
        self.journal = journal.Journal('w1', self.clock, 3, self.told.append)
        self.server_id = fakes.server('a').id

    def heard(self, worker='w2', at=0.0, text='x'):
        entry = messages.Entry(
            fakes.START + at, worker, self.server_id, W.LEFT, text
        )
        self.journal.hear(entry)
        return entry

    def test_own_decisions_are_kept_and_told(self):
        self.journal.note(W.CHOSEN, self.server_id, 'owner', 'desk1', 'detail')
        (entry,) = self.journal.of(self.server_id)
        self.assertEqual([entry], self.told)
        self.assertEqual(('w1', 'desk1'), (entry.worker, entry.host))
        self.assertEqual(fakes.START, entry.at_unix_s)
        self.assertEqual([], self.journal.of(fakes.server('b').id))

    def test_others_are_in_line_and_not_told_on(self):
        self.clock.now += 5
        self.journal.note(W.CHOSEN, self.server_id, 'owner')
        later, sooner = self.heard(at=9), self.heard(at=1)
        found = self.journal.of(self.server_id)
        self.assertEqual([sooner, later], [found[0], found[2]])
        self.assertEqual(1, len(self.told))

    def test_its_own_comes_back_by_the_bus(self):
        self.journal.note(W.CHOSEN, self.server_id, 'owner')
        self.journal.hear(self.told[0])
        self.assertEqual(1, len(self.journal.of(self.server_id)))

    def test_a_flood_from_the_bus_does_not_push_out_its_own(self):
        self.journal.note(W.CHOSEN, self.server_id, 'owner')
        for at in range(1000):
            self.heard(at=at)
        found = self.journal.of(self.server_id)
        self.assertEqual('owner', found[0].text)
        self.assertEqual(4, len(found))


class StepsTest(unittest.TestCase):
    """Where the service decides, it says so."""

    def setUp(self):
        self.clock = fakes.Clock()
        self.a = fakes.server('a', extra_specs=fakes.specs(notice=10))
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.service = fakes.Service(self.cloud)

    def steps(self):
        return [e.what for e in self.service.journal.of(self.a.id)]

    def evict(self):
        self.service.keep_asking(5)
        self.service.ask()
        self.service.run()

    def test_fallen_through_and_left(self):
        self.cloud.outcomes[A.LIVE_MIGRATE] = 'fails'
        self.evict()
        self.assertEqual(
            [
                W.CHOSEN,
                W.NOTICED,
                W.TRIES,
                W.FELL_THROUGH,
                W.TRIES,
                W.LEFT,
            ],
            self.steps(),
        )
        found = self.service.journal.of(self.a.id)
        self.assertIn('No valid host', found[3].detail)
        self.assertEqual('live-migrate did not work', found[3].text)
        self.assertEqual('the owner is back', found[0].text)
        self.assertEqual({'desk1'}, {each.host for each in found})

    def test_nothing_works(self):
        for action in (A.LIVE_MIGRATE, A.SHELVE):
            self.cloud.outcomes[action] = 'fails'
        self.evict()
        last = self.service.journal.of(self.a.id)[-1]
        self.assertEqual(W.STAYS, last.what)
        self.assertNotIn('No valid host', last.text)

    def test_withdrawn(self):
        self.service.ask()
        self.clock.at(1, self.service.returned)
        self.service.run()
        self.assertEqual([W.CHOSEN, W.NOTICED, W.WITHDRAWN], self.steps())

    def test_an_old_notice_is_cleared(self):
        self.cloud.set_metadata(self.a.id, 'desktop_notice', '{}')
        self.service.returned()
        self.assertEqual([W.WITHDRAWN], self.steps())

    def test_back_and_not_yet(self):
        self.cloud.change(self.a.id, host='', vm_state='shelved_offloaded')
        self.cloud.records[self.a.id] = [
            fakes.nouns.ActionRecord(
                'shelve', fakes.US, 'r', '2026-01-01', False
            )
        ]
        self.cloud.unshelve_works = False
        self.service.returning.scan()
        self.cloud.unshelve_works = True
        self.clock.now += 3600
        self.service.returning.scan()
        self.assertEqual([W.NOT_RETURNED, W.RETURNED], self.steps())

    def test_the_wire_takes_each(self):
        self.evict()
        for entry in self.service.told:
            taken = messages.Entry.from_wire(entry.to_wire())
            self.assertEqual(
                dataclasses.asdict(entry), dataclasses.asdict(taken)
            )
