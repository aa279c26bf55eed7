# SPDX-License-Identifier: Apache-2.0
import datetime
import threading
import types
import unittest

from nova_desktop import exception
from nova_desktop.messages import What
from nova_desktop.reclaim import awake, nouns
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from tests.unit.reclaim import fakes

BOOTED = fakes.START


def record(action, at_s, user='', failed=False):
    """Give an action so many seconds after the host's start."""
    when = datetime.datetime.fromtimestamp(BOOTED + at_s, datetime.UTC)
    # Nova does not name the time zone.
    start = when.replace(tzinfo=None).isoformat()
    return nouns.ActionRecord(action, user, 'req', start, failed)


class DiedTest(unittest.TestCase):
    def died(self, *records) -> bool:
        return awake.died_with_host(records, BOOTED)

    def test_stopped_by_nobody_after_the_start(self) -> None:
        self.assertTrue(self.died(record('stop', 60)))
        self.assertTrue(self.died(record('stop', 60), record('create', -9)))
        self.assertTrue(
            self.died(
                record('start', 70, 'tenant', failed=True),
                record('stop', 60),
                record('create', -9),
            )
        )

    def test_shut_down_from_inside(self) -> None:
        self.assertFalse(self.died(record('stop', -60)))
        for action in ('start', 'reboot', 'create', 'live-migration'):
            self.assertFalse(
                self.died(record('stop', 60), record(action, 30, 'tenant'))
            )

    def test_stopped_by_somebody(self) -> None:
        for user in (fakes.US, 'tenant'):
            self.assertFalse(self.died(record('stop', 60, user)))
        self.assertFalse(self.died(record('shelve', 60)))
        self.assertFalse(self.died())


class AwakeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = fakes.Clock()
        self.cloud = fakes.Cloud(self.clock)
        self.cloud.reserved_mib = 0
        self.told: list = []
        self.asked: list = []
        self.error: Exception | None = None
        self.awake = self.service()

    def service(self, **changes) -> awake.Awake:
        settings = fakes.settings(**changes)
        self.hosts = Hosts(settings)
        return awake.Awake(
            self.cloud,
            self,
            self.hosts,
            Journal('w1', self.clock, 100, self.told.append),
            settings,
            self.clock,
            threading.Event(),
        )

    def status(self, host, timeout_s):
        self.asked.append(host)
        if self.error:
            raise self.error
        return types.SimpleNamespace(booted_unix_s=BOOTED)

    def stopped(self, name='a', *records, **changes) -> str:
        made = fakes.server(name, **{'vm_state': 'stopped', **changes})
        self.cloud.servers[made.id] = made
        self.cloud.records[made.id] = list(records or [record('stop', 60)])
        return made.id

    def test_started_again(self) -> None:
        a, b = self.stopped(), self.stopped('b')
        self.assertEqual({a, b}, set(self.awake.scan()))
        self.assertEqual(
            {('os-start', a), ('os-start', b)}, {*self.cloud.acts}
        )
        self.assertEqual([What.RETURNED] * 2, [e.what for e in self.told])
        self.assertEqual(['desk1'], self.asked, 'once for a host')

    def test_not_these(self) -> None:
        self.stopped('a', record('stop', 60, 'tenant'))
        self.stopped('b', record('stop', -60))
        self.stopped('c', extra_specs={})
        self.stopped('d', task_state='powering-on')
        self.stopped('e', vm_state='shelved_offloaded')
        self.assertEqual([], self.awake.scan())

    def test_only_where_there_is_room(self) -> None:
        a = self.stopped()
        self.cloud.reserved_mib = 8192
        self.assertEqual([], self.awake.scan())
        self.cloud.reserved_mib = 0
        self.hosts.asked(fakes.request(), self.clock.now)
        self.assertEqual([], self.awake.scan())
        self.hosts.returned('desk1', 'away')
        self.cloud.disable('desk1', 'to be mended')
        self.assertEqual([], self.awake.scan())
        self.cloud.disable('desk1', None)
        self.assertEqual([a], self.awake.scan())

    def test_a_host_that_does_not_tell(self) -> None:
        self.stopped()
        for self.error in (
            exception.HostSilent('desk1 did not answer'),
            exception.BadMessage('booted_unix_s', 'x', 'must be a number'),
        ):
            self.assertEqual([], self.awake.scan())

    def test_a_batch_at_a_time(self) -> None:
        for n in range(3):
            self.stopped(str(n))
        self.assertEqual(2, len(self.service(return_batch=2).scan()))

    def test_refused_rests(self) -> None:
        a = self.stopped()
        real = self.cloud.nudge

        def refuse(name, server_id):
            raise nouns.CloudConflict('409')

        self.cloud.nudge = refuse
        self.assertEqual([], self.awake.scan())
        self.cloud.nudge = real
        self.assertEqual([], self.awake.scan())
        self.clock.now += 61
        self.assertEqual([a], self.awake.scan())
