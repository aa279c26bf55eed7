# SPDX-License-Identifier: Apache-2.0

import threading
import unittest
from concurrent import futures

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import messages
from nova_desktop.reclaim import aside
from nova_desktop.reclaim.foreseen import Risk
from tests.unit.reclaim import fakes

LIMIT_S = 10


class Full:
    def submit(self, *args):
        raise RuntimeError('cannot schedule new futures after shutdown')


class AsideTest(unittest.TestCase):
    def setUp(self):
        self.later, self.done = fakes.Later(), []
        self.aside = aside.Aside(self.later)

    def test_of_what_waits_the_latest(self):
        for word in 'abc':
            self.aside.submit('x', self.done.append, word)
        self.aside.submit('y', self.done.append, 'd')
        self.assertEqual(2, len(self.later.jobs))
        self.later.run()
        self.assertEqual(['c', 'd'], self.done)
        self.aside.submit('x', self.done.append, 'e')
        self.later.run()
        self.assertEqual(['c', 'd', 'e'], self.done)

    def test_what_is_no_longer_wanted(self):
        self.aside.submit('x', self.done.append, 'a', unless=lambda: True)
        self.assertEqual([], self.later.jobs)

    def test_one_at_a_time_for_a_key(self):
        pool = futures.ThreadPoolExecutor(4)
        self.addCleanup(pool.shutdown)
        made = aside.Aside(pool)
        began, go, over = (threading.Event() for _ in range(3))

        def hang():
            began.set()
            go.wait(LIMIT_S)
            self.done.append('first')

        made.submit('x', hang)
        self.assertTrue(began.wait(LIMIT_S))
        made.submit('x', self.done.append, 'never')
        made.submit('x', lambda: (self.done.append('last'), over.set()))
        self.assertFalse(over.wait(0.05))
        go.set()
        self.assertTrue(over.wait(LIMIT_S))
        self.assertEqual(['first', 'last'], self.done)

    def test_a_failure_keeps_nothing_back(self):
        with self.assertLogs('nova_desktop.reclaim.aside'):
            self.aside.submit('x', [].pop)
            self.later.run()
        self.aside.submit('x', self.done.append, 'a')
        self.later.run()
        self.assertEqual(['a'], self.done)

    def test_at_the_end(self):
        with self.assertLogs('nova_desktop.reclaim.aside', 'INFO'):
            aside.Aside(Full()).submit('x', self.done.append, 'a')

    def test_a_line_keeps_the_order_and_drops_the_oldest(self):
        line = aside.Line('journal', self.aside, self.done.append, 3)
        for number in range(5):
            line.put(number)
        self.assertEqual(1, len(self.later.jobs))
        self.later.run()
        line.put(5)
        self.later.run()
        self.assertEqual([2, 3, 4, 5], self.done)


class HeraldTest(unittest.TestCase):
    """Guests whose host is silent, and notices that change meanwhile."""

    def setUp(self):
        self.server = fakes.server('a')
        cloud = fakes.Cloud(fakes.Clock(), self.server)
        self.service = fakes.Service(cloud)
        self.victim = fakes.victim(self.server)
        self.victim.action = 'shelve'
        self.herald = self.service.herald

    def give(self):
        self.herald.give(self.victim, remembered=False)

    def withdraw(self):
        self.herald.withdraw(self.victim, 'it is back')

    def foretell(self):
        notice = messages.Notice(self.server.id, '', 5.0, 'soon', 0.5)
        risk = Risk('desk1', notice, 5.0, 0.0, 9.0)
        self.herald.foretell(self.server, risk)

    def told(self):
        return [each.event for _, each in self.service.guests.notices]

    def test_memory_is_flat_while_hosts_are_silent(self):
        for _ in range(100):
            self.give()
            self.withdraw()
        # One for the guest, one for the bus.
        self.assertEqual(2, len(self.service.aside.jobs))
        self.service.aside.run()
        self.assertEqual(['withdrawn'], self.told())
        self.assertEqual(1, len(self.service.events))

    def test_who_has_left_is_not_told_what_still_waits(self):
        self.give()
        self.herald.left(self.victim)
        self.service.aside.run()
        self.assertEqual([], self.told())

    def test_a_risk_takes_no_notices_place(self):
        self.give()
        self.foretell()
        self.service.aside.run()
        self.assertEqual(['notice'], self.told())
        self.withdraw()
        self.foretell()
        self.service.aside.run()
        self.assertEqual(['notice', 'at-risk'], self.told())

    @given(
        st.lists(
            st.sampled_from(('give', 'withdraw', 'foretell', 'run')),
            min_size=1,
        )
    )
    def test_the_last_word_is_the_one_in_force(self, steps):
        self.setUp()
        last = {}
        for step in steps:
            if step == 'run':
                self.service.aside.run()
                continue
            getattr(self, step)()
            if step != 'foretell' or last.get('told') != 'notice':
                told = {'give': 'notice', 'withdraw': 'withdrawn'}
                last['told'] = told.get(step, 'at-risk')
        self.service.aside.run()
        self.assertEqual([last['told']] if last else [], self.told()[-1:])
