# SPDX-License-Identifier: Apache-2.0

import dataclasses
import threading
import unittest
from concurrent import futures

from nova_desktop import messages
from nova_desktop.reclaim import nouns, turns
from tests.unit.reclaim import fakes

LIMIT_S = 10
BACK = messages.CapacityReturned('desk1', 'away')


class TurnsTest(unittest.TestCase):
    def setUp(self):
        self.acted, self.held = [], []
        self.began = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.latest = lambda request: True
        self.turns = turns.Turns(self.act, lambda one: self.latest(one))
        self.pool = futures.ThreadPoolExecutor(100)
        self.addCleanup(self.pool.shutdown)
        self.addCleanup(self.go.release, 1000)

    def act(self, request, holds):
        self.began.release()
        self.go.acquire(timeout=LIMIT_S)
        self.acted.append(request)
        self.held.append(holds())

    def request(self, said=0.0, host='desk1'):
        return dataclasses.replace(
            fakes.request(host=host), said_unix_s=float(said)
        )

    def ask(self, request):
        return self.pool.submit(self.turns.take, request)

    def begin(self, request):
        """Ask, and wait until the act has begun."""
        asked = self.ask(request)
        self.assertTrue(self.began.acquire(timeout=LIMIT_S))
        return asked

    def waits(self, request):
        """Ask, and wait until it waits for its turn."""
        asked = self.ask(request)
        pause = threading.Event()
        for _ in range(LIMIT_S * 100):
            line = self.turns._lines.get(request.host)
            if line and line.waits and line.waits.request is request:
                return asked
            pause.wait(0.01)
        return self.fail('it does not wait')

    def test_one_of_a_host_at_a_time(self):
        one, two = self.request(1), self.request(2)
        first = self.begin(one)
        second = self.waits(two)
        self.assertFalse(self.began.acquire(timeout=0.05))
        other = self.begin(self.request(1, 'desk2'))
        self.go.release(3)
        for asked in (first, second, other):
            asked.result(LIMIT_S)
        mine = [each for each in self.acted if each.host == 'desk1']
        self.assertEqual([one, two], mine)
        self.assertEqual({}, self.turns._lines)

    def test_of_those_that_wait_the_latest_counts(self):
        for said in ((1, 2, 3, 4), (0, 0, 0, 0)):
            self.setUp()
            one, two, three, four = map(self.request, said)
            first = self.begin(one)
            second = self.waits(two)
            third = self.waits(three)
            second.result(LIMIT_S)
            fourth = self.waits(four)
            third.result(LIMIT_S)
            self.assertFalse(first.done() or fourth.done())
            self.go.release(2)
            first.result(LIMIT_S)
            fourth.result(LIMIT_S)
            self.assertEqual([one, four], self.acted)

    def test_one_said_before_is_answered_and_not_acted_on(self):
        first = self.begin(self.request(5))
        self.ask(self.request(4)).result(LIMIT_S)
        second = self.waits(self.request(7))
        self.ask(self.request(6)).result(LIMIT_S)
        self.go.release(2)
        first.result(LIMIT_S)
        second.result(LIMIT_S)
        self.assertEqual([5, 7], [each.said_unix_s for each in self.acted])

    def test_one_that_comes_after_a_later_one_was_served(self):
        self.latest = lambda request: request.said_unix_s >= 5
        self.ask(self.request(4)).result(LIMIT_S)
        self.go.release()
        self.ask(self.request(5)).result(LIMIT_S)
        self.assertEqual([5], [each.said_unix_s for each in self.acted])

    def test_what_is_taken_back_is_not_acted_on(self):
        for said in (0.0, 3.0):
            self.setUp()
            first = self.begin(self.request(said and 1))
            second = self.waits(self.request(said and 2))
            self.turns.withdraw(dataclasses.replace(BACK, said_unix_s=said))
            second.result(LIMIT_S)
            self.go.release()
            first.result(LIMIT_S)
            self.assertEqual([False], self.held)

    def test_what_is_asked_after_it_was_taken_back_counts(self):
        first = self.begin(self.request(1))
        second = self.waits(self.request(3))
        self.turns.withdraw(dataclasses.replace(BACK, said_unix_s=2.0))
        self.turns.withdraw(dataclasses.replace(BACK, host='desk9'))
        self.go.release(2)
        first.result(LIMIT_S)
        second.result(LIMIT_S)
        self.assertEqual([False, True], self.held)

    def test_what_is_taken_back_as_its_turn_comes_leaves_nothing(self):
        enter = self.turns._overtaken_at_once

        def entered(turn):
            overtaken = enter(turn)
            self.turns.withdraw(BACK)
            return overtaken

        self.turns._overtaken_at_once = entered
        self.go.release()
        self.ask(self.request()).result(LIMIT_S)
        self.assertEqual([False], self.held)
        self.assertEqual({}, self.turns._lines)

    def test_an_act_that_fails_holds_up_nobody(self):
        def fail(request, holds):
            self.act(request, holds)
            raise nouns.CloudUnreachable('down')

        self.turns = turns.Turns(fail, lambda one: True)
        first = self.begin(self.request())
        second = self.waits(self.request())
        self.go.release(2)
        for asked in (first, second):
            with self.assertRaises(nouns.CloudUnreachable):
                asked.result(LIMIT_S)
        self.assertEqual({}, self.turns._lines)

    def test_a_flood_is_answered_and_leaves_nothing(self):
        self.go.release(1000)
        asked = [
            self.ask(self.request(1 + i // 10, f'desk{i % 10}'))
            for i in range(500)
        ]
        for each in asked:
            each.result(LIMIT_S)
        self.assertEqual({}, self.turns._lines)
        for host in {each.host for each in self.acted}:
            said = [r.said_unix_s for r in self.acted if r.host == host]
            self.assertLessEqual(len(said), 50)
        self.assertEqual(10, len({each.host for each in self.acted}))


class WorkerTest(unittest.TestCase):
    """What the worker does with a request that was taken back."""

    def test_nobody_is_told(self):
        cloud = fakes.Cloud(fakes.Clock(), fakes.server('a'))
        service = fakes.Service(cloud)
        plan = service.worker.reclaim(fakes.request(), lambda: False)
        self.assertEqual((), plan.victims)
        self.assertEqual({}, service.hosts._hosts)
        self.assertEqual([], service.told)
