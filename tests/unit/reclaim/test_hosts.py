# SPDX-License-Identifier: Apache-2.0

import json
import threading
import unittest

from nova_desktop.reclaim import grace
from nova_desktop.reclaim.hosts import Hosts
from tests.unit.reclaim import fakes

FRESH_S = 90


class NeedTest(unittest.TestCase):
    """What a host that fell silent had asked for."""

    def setUp(self):
        self.hosts = Hosts(fakes.settings(request_fresh_s=FRESH_S))

    def ask(self, now, host='desk1'):
        self.hosts.asked(fakes.request(host=host), now)

    def test_it_ends(self):
        self.ask(1000)
        self.assertEqual(1000, self.hosts.need('desk1', 1090).asked_unix_s)
        self.assertIsNone(self.hosts.need('desk1', 1091))
        self.assertIn('for 91 s', self.hosts.why_none('desk1', 1091))
        self.ask(1095)
        self.assertIsNotNone(self.hosts.need('desk1', 1100))

    def test_nothing_was_asked(self):
        self.assertIsNone(self.hosts.need('desk1', 1000))
        self.assertIn('nothing back', self.hosts.why_none('desk1', 1000))

    def test_never(self):
        self.hosts = Hosts(fakes.settings(request_fresh_s=0))
        self.ask(1000, 'desk2')
        self.ask(1e6, 'desk1')
        self.assertIsNotNone(self.hosts.need('desk2', 2e6))

    def test_it_is_forgotten(self):
        for number in range(50):
            self.ask(1000, f'desk{number}')
        self.ask(1000 + FRESH_S + 1, 'other')
        self.assertEqual(['other'], list(self.hosts._hosts))

    def test_not_while_somebody_leaves_it(self):
        self.ask(1000)
        victim = fakes.victim(fakes.server('a'))
        self.hosts.add(victim)
        self.ask(1200, 'other')
        self.assertIn('for 200 s', self.hosts.why_none('desk1', 1200))
        self.assertEqual('', victim.withdrawn)
        self.hosts.remove(victim)
        self.ask(1300, 'other')
        self.assertEqual(['other'], list(self.hosts._hosts))

    def test_nor_while_a_plan_is_made(self):
        with self.hosts.planning('desk1'):
            self.ask(1000)
            self.ask(1200, 'other')
            self.assertIn('desk1', self.hosts._hosts)
        self.assertEqual(['other'], list(self.hosts._hosts))

    def test_two_plans_share_one_lock(self):
        begun, over = threading.Event(), []

        def second():
            begun.set()
            with self.hosts.planning('desk1'):
                over.append(True)

        with self.hosts.planning('desk1'):
            other = threading.Thread(target=second)
            other.start()
            begun.wait(10)
            self.hosts.returned('desk1', 'x')
            self.assertEqual([], over)
        other.join(10)
        self.assertEqual([True], over)
        self.assertEqual({}, self.hosts._hosts)


class DeadHostTest(unittest.TestCase):
    """A host dies while its guest is in a long grace."""

    def setUp(self):
        self.clock = fakes.Clock()
        self.a = fakes.server('a', extra_specs=fakes.specs(notice=600))
        self.cloud = fakes.Cloud(self.clock, self.a)
        self.service = fakes.Service(self.cloud)
        self.service.keep_asking(3)
        self.service.ask()

    def test_it_keeps_what_it_was_told_and_is_not_touched(self):
        seen = {}

        def look():
            seen['table'] = self.service.table.get(self.a.id)
            seen.update(self.cloud.servers[self.a.id].metadata)
            seen['need'] = self.service.hosts.need('desk1', self.clock.now)

        self.clock.at(500, look)
        with self.assertLogs('nova_desktop.reclaim.eviction') as logs:
            self.service.run()
        told = json.loads(seen[grace.KEY])['deadline']
        self.assertEqual(fakes.START + 600, told)
        self.assertEqual(told, seen['table'].deadline_unix_s)
        self.assertIsNone(seen['need'])
        self.assertIn('withdrawn, the host has not asked', logs.output[-1])
        self.assertEqual([], self.cloud.acts)

    def test_it_is_back_in_time(self):
        self.clock.at(400, lambda: self.service.keep_asking(25))
        self.service.run()
        self.assertEqual([('live-migrate', self.a.id)], self.cloud.acts)
        since_s = self.clock.now - fakes.START
        self.assertLess(since_s, 610, 'by the deadline that was told')
