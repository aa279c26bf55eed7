# SPDX-License-Identifier: Apache-2.0

import math
import threading
import unittest
from concurrent import futures

from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.agenda import Agenda
from nova_desktop.reclaim.step import Pause
from tests.unit.reclaim import fakes


class ByHandTest(unittest.TestCase):
    def setUp(self):
        self.clock, self.actors = fakes.Clock(), fakes.Later()
        self.stop = threading.Event()
        self.agenda = Agenda(self.clock, self.actors, self.stop)
        self.seen = []

    def course(self, name, *pauses):
        for pause in pauses:
            self.seen.append(name)
            yield pause
        self.seen.append(f'{name} ends')

    def go_on(self):
        while self.agenda.resume_one():
            pass

    def test_in_the_order_of_their_time(self):
        self.agenda.start(self.course('slow', Pause(9)))
        self.agenda.start(self.course('fast', Pause(3)))
        self.go_on()
        self.assertEqual(['slow', 'fast'], self.seen)
        self.assertEqual(3, self.agenda.until_next_s())
        self.clock.now += 20
        self.go_on()
        self.assertEqual(['fast ends', 'slow ends'], self.seen[2:])
        self.assertIsNone(self.agenda.until_next_s())

    def test_what_begins_goes_first(self):
        self.agenda.start(self.course('old', Pause(3)))
        self.go_on()
        self.clock.now += 5
        self.agenda.start(self.course('new', Pause(3)))
        self.go_on()
        self.assertEqual(['old', 'new', 'old ends'], self.seen)

    def test_news(self):
        wake = self.agenda.start(self.course('a', Pause(math.inf), Pause(9)))
        self.go_on()
        self.assertFalse(self.agenda.resume_one())
        wake()
        wake()
        self.go_on()
        self.assertEqual(['a', 'a'], self.seen, 'resumed once')
        self.clock.now += 9
        self.go_on()
        self.assertEqual(3, len(self.seen))
        wake()
        self.go_on()
        self.assertEqual(3, len(self.seen))

    def test_news_while_it_runs(self):
        def course():
            wake()
            yield Pause(math.inf)
            self.seen.append('resumed')

        wake = self.agenda.start(course())
        self.go_on()
        self.assertEqual(['resumed'], self.seen)

    def test_what_takes_long_goes_aside(self):
        self.agenda.start(self.course('a', Pause(0, acts=True), Pause(2)))
        self.go_on()
        self.assertEqual(['a'], self.seen)
        self.actors.run()
        self.assertEqual(['a', 'a'], self.seen)
        self.assertEqual(2, self.agenda.until_next_s())

    def test_at_the_end_nothing_is_begun(self):
        def course():
            try:
                yield Pause(0, acts=True)
            finally:
                self.seen.append('closed')

        pool = futures.ThreadPoolExecutor()
        pool.shutdown()
        agenda = Agenda(self.clock, pool, self.stop)
        agenda.start(course())
        agenda.resume_one()
        self.assertEqual(['closed'], self.seen)


class ThreadsTest(unittest.TestCase):
    def test_thousands_wait_for_two_threads(self):
        stop, left = threading.Event(), threading.Semaphore(0)
        agenda = Agenda(nouns.Clock(), futures.ThreadPoolExecutor(1), stop)
        lock, running, most = threading.Lock(), set(), []

        def course(number):
            for _ in range(2):
                with lock:
                    running.add(number)
                    most.append(len(running))
                with lock:
                    running.remove(number)
                yield Pause(0.2)
            left.release()

        threads = [threading.Thread(target=agenda.run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(3000):
            agenda.start(course(number))
        for _ in range(3000):
            self.assertTrue(left.acquire(timeout=30))
        stop.set()
        agenda.stop()
        for thread in threads:
            thread.join(10)
            self.assertFalse(thread.is_alive())
        self.assertLessEqual(max(most), 2)
