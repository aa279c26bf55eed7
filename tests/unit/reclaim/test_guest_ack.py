# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop import exception, model
from nova_desktop.messages import Event
from tests.unit.reclaim import fakes


class GuestAckTest(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.a = fakes.server('a')
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.service = fakes.Service(self.cloud)
        self.service.keep_asking(7)
        self.service.ask()
        # What the pools of threads do meanwhile.
        for second in range(1, 70):
            self.clock.at(second, self.service.aside.run)
            self.clock.at(second, self.service.asking.run)

    def passed(self):
        return self.clock.now - fakes.START

    def agree(self, after_s, text):
        agreed = self.service.guests.agreed
        self.clock.at(after_s, lambda: agreed.update({self.a.id: text}))

    def test_it_shortens_the_grace(self):
        self.agree(12, str(round(fakes.START + 60)))
        self.service.run()
        self.assertEqual('desk2', self.cloud.servers[self.a.id].host)
        self.assertLess(self.passed(), 30)

    def test_to_another_notice(self):
        self.agree(12, str(round(fakes.START + 59)))
        self.service.run()
        self.assertGreater(self.passed(), 60)

    def test_who_has_no_agent_is_not_asked(self):
        self.service.guests.takes = False
        self.agree(12, str(round(fakes.START + 60)))
        self.service.run()
        self.assertGreater(self.passed(), 60)

    def test_who_was_told_though_its_host_answered_too_late(self):
        self.service.guests.error = exception.HostSilent('x')
        self.clock.at(5, lambda: setattr(self.service.guests, 'error', None))
        self.agree(12, str(round(fakes.START + 60)))
        self.service.run()
        self.assertLess(self.passed(), 30)

    def test_a_silent_host_holds_up_nothing(self):
        self.clock.at(
            5,
            lambda: setattr(
                self.service.guests, 'error', exception.HostSilent('x')
            ),
        )
        self.service.run()
        self.assertGreater(self.passed(), 60)
        self.assertLess(self.passed(), 70)

    def test_one_question_at_a_time(self):
        victim = fakes.victim(self.a)
        victim.by_agent = True
        for _ in range(9):
            self.assertFalse(self.service.eviction._acks.agrees(victim))
        self.assertEqual(1, len(self.service.asking.jobs))
        self.service.asking.run()
        self.service.eviction._acks.agrees(victim)
        self.assertEqual(1, len(self.service.asking.jobs))

    def test_a_guest_that_moved_is_told_that_it_is_over(self):
        self.service.run()
        host, last = self.service.guests.notices[-1]
        self.assertEqual(('desk2', Event.WITHDRAWN), (host, last.event))

    def test_one_that_was_saved_is_not(self):
        self.cloud.outcomes[model.ReclaimAction.LIVE_MIGRATE] = 'refused'
        self.service.run()
        self.assertEqual(1, len(self.service.guests.notices))
