# SPDX-License-Identifier: Apache-2.0
import json
import threading
import unittest
from unittest import mock

from nova_desktop.reclaim import health, nouns, probes
from tests.unit.reclaim import fakes

LIMIT_S = 10


class HealthTest(unittest.TestCase):
    def setUp(self):
        self.clock = fakes.Clock()
        self.stop = threading.Event()
        self.addCleanup(self.stop.set)
        self.broken: set[str] = set()
        self.health = health.Health(
            {name: lambda name=name: self.probe(name) for name in ('a', 'b')},
            30,
            self.clock,
            self.stop,
        )

    def probe(self, name):
        if name in self.broken:
            raise nouns.CloudUnreachable('http://inside/ is away')

    def look(self):
        for name in ('a', 'b'):
            self.health.look(name)

    def ask(self, method='GET', path='/healthcheck'):
        inside = mock.Mock(return_value=[b'{}'])
        got = []
        parts = health.door(inside, self.health)(
            {'REQUEST_METHOD': method, 'PATH_INFO': path},
            lambda status, headers: got.append(status),
        )
        return got[0] if got else '', json.loads(b''.join(parts))

    def test_not_looked_at_yet(self):
        status, body = self.ask()
        self.assertEqual('503 Service Unavailable', status)
        self.assertEqual('no answer yet', body['checks']['a'])

    def test_well(self):
        self.look()
        told = {'status': 'ok', 'checks': {'a': 'ok', 'b': 'ok'}}
        self.assertEqual(('200 OK', told), self.ask())

    def test_one_fails_and_works_again(self):
        self.broken = {'b'}
        with self.assertLogs('nova_desktop.reclaim.health') as logs:
            self.look()
            self.clock.now += 20
            self.look()
        self.assertEqual(1, len(logs.output))
        self.assertIn('b fails: http://inside/', logs.output[0])
        status, body = self.ask()
        self.assertEqual('503 Service Unavailable', status)
        self.assertEqual({'a': 'ok', 'b': 'failing for 20 s'}, body['checks'])
        self.broken = set()
        with self.assertLogs('nova_desktop.reclaim.health', 'INFO') as logs:
            self.look()
        self.assertIn('b works again', logs.output[0])
        self.assertEqual('200 OK', self.ask()[0])

    def test_a_look_that_hangs(self):
        self.look()
        self.clock.now += 121
        self.health.look('a')
        _, body = self.ask()
        self.assertEqual(
            {'a': 'ok', 'b': 'no answer for 121 s'}, body['checks']
        )

    def test_whatever_else_is_asked_goes_on(self):
        for method, path in (('POST', '/healthcheck'), ('GET', '/')):
            self.assertEqual(('', {}), self.ask(method, path))

    def test_looks_by_itself_even_if_one_hangs(self):
        looked, go = threading.Semaphore(0), threading.Event()
        self.addCleanup(go.set)
        made = health.Health(
            {'a': looked.release, 'b': lambda: go.wait(LIMIT_S)},
            0.01,
            nouns.Clock(),
            self.stop,
        )
        made.start()
        for _ in range(3):
            self.assertTrue(looked.acquire(timeout=LIMIT_S))
        self.assertEqual('no answer yet', made.show()[1]['b'])


class LoopTest(unittest.TestCase):
    def test_a_loop_that_does_not_come_round(self):
        clock = fakes.Clock()
        begun = clock.steady()
        look = probes.loop(clock, lambda: begun, 100)
        clock.now += 100
        look()
        clock.now += 1
        with self.assertRaisesRegex(health.Late, '101 s ago'):
            look()
