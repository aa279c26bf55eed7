# SPDX-License-Identifier: Apache-2.0
import math
import unittest

from nova_desktop.messages import What
from nova_desktop.reclaim import drains, grace, nouns
from tests.unit.reclaim import fakes

REASON = 'nova-desktop drain: a secret'


class DrainsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = fakes.Clock()
        self.goes = fakes.server('goes')
        self.stays = fakes.server('stays', extra_specs={})
        self.cloud = fakes.Cloud(self.clock, self.goes, self.stays)
        # The owner is away: only the drain can be why they go.
        self.cloud.reserved_mib = 0
        self.service = fakes.Service(self.cloud)

    def drain(self, reason: str = REASON, **more) -> None:
        self.cloud.disable('desk1', reason)
        (more.get('service') or self.service).drains.scan()

    def undrain(self) -> None:
        self.cloud.disable('desk1', None)
        self.service.drains.scan()

    def hosts(self) -> tuple[str, str]:
        servers = self.cloud.servers
        return servers[self.goes.id].host, servers[self.stays.id].host

    def told(self) -> bool:
        return grace.KEY in self.cloud.servers[self.goes.id].metadata

    def test_preemptible_ones_leave(self) -> None:
        self.drain()
        self.clock.at(1, self.service.aside.run)
        self.service.run()
        self.assertEqual(('desk2', 'desk1'), self.hosts())
        self.assertEqual(60, round(self.clock.now - fakes.START - 3, -1))
        (notice, *_) = self.service.guests.notices
        self.assertNotIn('secret', notice[1].reason)

    def test_only_by_an_operators_drain(self) -> None:
        for reason in ('a broken fan', '', None):
            self.drain(reason)
            self.assertEqual([], self.service.hosts.victims('desk1'))
        self.cloud.lose('desk1')
        self.service.drains.scan()
        self.assertEqual(set(), self.service.hosts.all_drained())

    def test_who_comes_later_leaves_too(self) -> None:
        self.drain()
        self.service.run()
        late = fakes.server('late')
        self.cloud.servers[late.id] = late
        self.service.drains.scan()
        self.service.run()
        self.assertEqual('desk2', self.cloud.servers[late.id].host)

    def test_neither_the_owner_nor_time_ends_it(self) -> None:
        self.drain()
        self.clock.at(10, self.service.returned)
        self.clock.at(20, lambda: self.service.ask(keep=10**6))
        self.clock.at(30, self.service.returned)
        self.service.run()
        self.assertEqual('desk2', self.hosts()[0])

    def test_the_owners_hurry_counts(self) -> None:
        self.drain()
        self.service.go_on()
        self.service.ask(within_s=30.0, departs=True)
        (victim,) = self.service.hosts.victims('desk1')
        self.assertEqual(10, victim.deadline_unix_s - self.clock.now)

    def test_undrained_in_the_grace(self) -> None:
        self.drain()
        self.service.go_on()
        self.assertTrue(self.told())
        self.undrain()
        self.service.run()
        self.assertEqual(('desk1', 'desk1'), self.hosts())
        self.assertFalse(self.told())
        self.assertEqual(What.WITHDRAWN, self.service.told[-1].what)
        self.assertEqual(drains.OVER, self.service.told[-1].text)

    def test_undrained_while_the_owner_wants_it_back(self) -> None:
        self.cloud.reserved_mib = self.cloud.total_mib
        self.drain()
        self.service.ask()
        self.service.keep_asking()
        self.undrain()
        self.service.run()
        self.assertEqual('desk2', self.hosts()[0])

    def test_undrained_unseen(self) -> None:
        """What Nova says at the last moment counts."""
        self.drain()
        self.clock.at(59, lambda: self.cloud.disable('desk1', None))
        self.service.run()
        self.assertEqual(('desk1', 'desk1'), self.hosts())
        self.assertEqual(set(), self.service.hosts.all_drained())

    def test_another_worker_leaves_the_notice(self) -> None:
        self.drain()
        self.service.go_on()
        # It has not looked yet.
        other = fakes.Service(self.cloud, 'w2')
        other.returned()
        self.assertTrue(self.told())
        self.cloud.disable('desk1', None)
        other.returned()
        self.assertFalse(self.told())

    def test_restarted_it_goes_on(self) -> None:
        self.drain()
        self.service.go_on()
        self.clock.now += 30
        self.service.kill()
        again = fakes.Service(self.cloud)
        self.drain(service=again)
        again.run()
        self.assertEqual('desk2', self.hosts()[0])
        self.assertLess(self.clock.now - fakes.START, 70)

    def test_two_workers(self) -> None:
        other = fakes.Service(self.cloud, 'w2')
        for worker in (self.service, other):
            self.drain(service=worker)
        for worker in (self.service, other):
            worker.run()
        self.assertEqual([('live-migrate', self.goes.id)], self.cloud.acts)

    def test_one_that_is_down_waits(self) -> None:
        self.cloud.nova_computes['desk1'] = nouns.Compute(
            'desk1', False, False, 0.0, REASON
        )
        self.service.drains.scan()
        self.assertEqual({'desk1'}, self.service.hosts.all_drained())
        self.assertEqual([], self.service.hosts.victims('desk1'))

    def test_one_that_fails_stops_no_other(self) -> None:
        self.cloud.disable('desk0', REASON)
        real = self.cloud.servers_of

        def servers_of(host):
            if host == 'desk0':
                raise nouns.CloudUnreachable('its cell')
            return real(host)

        self.cloud.servers_of = servers_of
        with self.assertLogs('nova_desktop.reclaim.drains', 'WARNING'):
            self.drain()
        self.assertEqual(1, len(self.service.hosts.victims('desk1')))

    def test_time_to_leave_in(self) -> None:
        for reason, within_s in (
            (REASON, math.inf),
            ('nova-desktop drain within 9 s', 9),
        ):
            self.drain(reason)
            need = self.service.hosts.need('desk1', self.clock.now)
            self.assertEqual(within_s, need.request.within_s)

    def test_it_is_logged_once(self) -> None:
        self.cloud.servers.pop(self.goes.id)
        with self.assertLogs('nova_desktop.reclaim.worker') as logged:
            for _ in range(3):
                self.drain()
        self.assertEqual(1, len(logged.output))


class AtRestTest(unittest.TestCase):
    def test_nobody_is_started_on_a_disabled_host(self) -> None:
        cloud = fakes.Cloud(fakes.Clock())
        for reason, takes in ((REASON, False), ('', False), (None, True)):
            cloud.disable('desk1', reason)
            self.assertEqual(takes, drains.takes_guests(cloud, 'desk1'))
        self.assertFalse(drains.takes_guests(cloud, 'desk9'))
