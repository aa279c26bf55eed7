# SPDX-License-Identifier: Apache-2.0
"""At risk, early notice, and what becomes of them."""

import unittest

from nova_desktop import messages
from nova_desktop.messages import Event
from nova_desktop.reclaim import grace, nouns
from tests.unit.reclaim import fakes

BACK_S = 300.0


def at_risk(odds=0.8, until_s=BACK_S, within_s=300.0, host='desk1'):
    return messages.AtRisk(
        host=host,
        odds=odds,
        until_unix_s=fakes.START + until_s,
        within_s=within_s,
        valid_s=180.0,
        reason='the owner is expected back',
    )


class Case(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.short = fakes.server('short')
        self.long = fakes.server('long', extra_specs=fakes.specs(notice=600))
        self.cloud = fakes.Cloud(self.clock, self.short, self.long)
        self.service = fakes.Service(self.cloud)

    def hear(self, *args, service=None, **changes):
        service = service or self.service
        service.risks.hear(at_risk(*args, **changes))
        service.aside.run()

    def told(self, server):
        """Give what the guest's agent was passed, in order."""
        return [
            (notice.event, round(notice.deadline_unix_s - fakes.START))
            for _, notice in self.service.guests.notices
            if notice.server_id == server.id
        ]


class ForetellTest(Case):
    def test_whose_notice_is_short_is_warned(self):
        self.hear()
        self.assertEqual([(Event.AT_RISK, 300)], self.told(self.short))
        events = {p['server_id']: e for e, p in self.service.events}
        self.assertEqual('desktop.at_risk', events[self.short.id])
        self.assertEqual('desk1', self.service.events[0][1]['host'])
        self.assertEqual({}, self.cloud.servers[self.short.id].metadata)

    def test_whose_notice_is_longer_than_can_be_waited_gets_it_now(self):
        self.hear()
        self.assertEqual([(Event.NOTICE, 600)], self.told(self.long))
        self.assertEqual({}, self.cloud.servers[self.long.id].metadata)
        events = {p['server_id']: e for e, p in self.service.events}
        self.assertEqual('desktop.notice', events[self.long.id])
        self.assertEqual(
            ['noticed'],
            [e.what for e in self.service.journal.of(self.long.id)],
        )

    def test_repetitions_tell_nobody_twice_but_newcomers(self):
        self.hear()
        self.clock.now += 60
        new = fakes.server('new')
        self.cloud.servers[new.id] = new
        self.hear(odds=0.9)
        self.assertEqual(1, len(self.told(self.short)))
        self.assertEqual(1, len(self.told(self.long)))
        self.assertEqual(1, len(self.told(new)))

    def test_later_than_expected_grows(self):
        self.hear()
        self.clock.now += 400
        self.hear(until_s=1300)
        self.assertEqual(1300, self.told(self.long)[-1][1])
        self.assertEqual(1300, self.told(self.short)[-1][1])

    def test_it_ends_by_itself(self):
        self.hear()
        self.assertIsNotNone(self.service.foreseen.get(self.short.id))
        self.clock.now += 180
        self.assertIsNone(self.service.foreseen.get(self.short.id))
        self.assertIsNone(self.service.herald.foretold(self.long.id))

    def test_taken_back(self):
        self.hear()
        self.hear(odds=0)
        for server in (self.short, self.long):
            self.assertEqual(Event.WITHDRAWN, self.told(server)[-1][0])
            self.assertIsNone(self.service.foreseen.get(server.id))
        self.assertEqual(
            ['noticed', 'withdrawn'],
            [e.what for e in self.service.journal.of(self.long.id)],
        )

    def test_taken_back_after_a_restart(self):
        self.hear(odds=0)
        self.assertEqual(Event.WITHDRAWN, self.told(self.short)[-1][0])
        self.assertEqual([], self.service.events)

    def test_only_preemptible_ones_of_that_host(self):
        self.cloud.change(self.short.id, extra_specs={})
        self.cloud.change(self.long.id, host='desk2')
        stopped = fakes.server('stopped', vm_state='stopped')
        self.cloud.servers[stopped.id] = stopped
        self.hear()
        self.assertEqual([], self.service.guests.notices)

    def test_a_wrong_clock_is_told_and_believed_by_nobody(self):
        with self.assertLogs('nova_desktop.reclaim.risks', 'WARNING'):
            self.hear(until_s=10**6)
        self.assertEqual([], self.service.guests.notices)

    def test_the_cloud_is_down(self):
        self.cloud.down = True
        with self.assertRaises(nouns.CloudUnreachable):
            self.hear()


class WorkersTest(Case):
    def test_only_one_tells(self):
        other = fakes.Service(self.cloud)
        self.hear()
        [passed] = self.service.passed_on
        self.assertEqual(fakes.START, passed.heard_unix_s)
        self.clock.now += 2
        other.risks.note(passed)
        other.aside.run()
        self.assertEqual([], other.guests.notices)
        self.assertEqual(
            self.service.foreseen.early(self.long.id),
            other.foreseen.early(self.long.id),
        )
        other.risks.hear(at_risk())
        other.aside.run()
        self.assertEqual([], other.guests.notices)


class ReclaimTest(Case):
    """The host asks after all."""

    def setUp(self):
        super().setUp()
        self.service.keep_asking()

    def deadline_s(self, server):
        notice = self.service.table.get(server.id)
        return round(notice.deadline_unix_s - fakes.START) if notice else None

    def at(self, seconds, server):
        found = []
        self.clock.at(seconds, lambda: found.append(self.deadline_s(server)))
        return found

    def test_never_longer_than_a_notice_from_now_on(self):
        self.hear(until_s=900)
        self.clock.now += 150
        self.cloud.servers.pop(self.short.id)
        self.service.ask()
        found = self.at(1, self.long)
        self.service.run()
        self.assertEqual([750], found)

    def test_time_since_the_early_notice_counts(self):
        self.hear(until_s=100)
        self.clock.now += 150
        self.cloud.servers.pop(self.short.id)
        self.service.ask()
        found = self.at(1, self.long)
        self.service.run()
        self.assertEqual([600], found)
        self.assertEqual('desk2', self.cloud.servers[self.long.id].host)

    def test_a_warning_alone_shortens_nothing(self):
        self.hear()
        self.clock.now += 50
        self.cloud.servers.pop(self.long.id)
        self.service.ask()
        found = self.at(1, self.short)
        self.service.run()
        self.assertEqual([110], found)

    def test_withdrawn_means_told_anew(self):
        self.hear()
        self.hear(odds=0)
        self.clock.now += 100
        self.cloud.servers.pop(self.short.id)
        self.service.ask()
        found = self.at(1, self.long)
        self.service.run()
        self.assertEqual([700], found)

    def test_after_a_restart_the_full_notice(self):
        self.hear()
        self.clock.now += 100
        self.cloud.servers.pop(self.short.id)
        self.service = fakes.Service(self.cloud)
        self.service.keep_asking()
        self.service.ask()
        found = self.at(1, self.long)
        self.service.run()
        self.assertEqual([700], found)

    def test_who_is_told_to_go_is_not_told_of_risks(self):
        self.service.ask()
        self.clock.at(20, self.hear)
        self.service.run()
        told = [event for event, _ in self.told(self.short)]
        self.assertNotIn(Event.AT_RISK, told)

    def test_nor_by_another_worker(self):
        text = grace.render(
            'shelve', fakes.START + 50, 'x', grace.place(self.short)
        )
        self.cloud.change(self.short.id, metadata={grace.KEY: text})
        self.hear()
        self.assertEqual([], self.told(self.short))

    def test_what_it_was_foretold_ends_with_the_notice(self):
        self.hear()
        self.service.ask()
        self.clock.at(20, self.service.returned)
        self.service.run()
        self.assertIsNone(self.service.foreseen.get(self.short.id))
        self.assertIsNone(self.service.foreseen.get(self.long.id))
