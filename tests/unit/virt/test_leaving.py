# SPDX-License-Identifier: Apache-2.0
import inspect
import types
import unittest

from nova_desktop.virt import leaving
from tests.unit.virt import statuses

GUEST = types.SimpleNamespace(uuid='guest')


class Stock:
    """Two operations as Nova's driver has them, one calling the other."""

    def __init__(self, agent: statuses.FakeLink) -> None:
        self.agent = agent
        self.desktop = types.SimpleNamespace(
            leaving=leaving.Leaving(agent, 300, 2.0),
            note_departure=lambda name: agent.calls.append(('departs', name)),
        )

    def power_off(self, instance, timeout=0):
        self.agent.calls.append(('off', timeout))
        if timeout < 0:
            raise ValueError(timeout)
        return timeout

    def migrate(self, context, instance, dest):
        return self.power_off(instance, timeout=1)

    def live_migration(self, context, instance):
        self.agent.calls.append(('move',))


class Driver(Stock):
    power_off = leaving.with_share(Stock.power_off)
    migrate = leaving.with_share(Stock.migrate)
    live_migration = leaving.with_share(Stock.live_migration, departs=True)


class LeavingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.agent = statuses.FakeLink(statuses.status())
        self.driver = Driver(self.agent)

    def test_share_is_held_around_the_operation(self) -> None:
        self.assertEqual(5, self.driver.power_off(GUEST, 5))
        self.assertEqual(
            [('leave', 'guest', 300), ('off', 5), ('done', 'guest')],
            self.agent.calls,
        )

    def test_instance_by_name(self) -> None:
        self.driver.power_off(timeout=5, instance=GUEST)
        self.assertEqual(('leave', 'guest', 300), self.agent.calls[0])

    def test_nested_operations_hold_it_once(self) -> None:
        self.driver.migrate(None, GUEST, 'other')
        self.assertEqual(
            [('leave', 'guest', 300), ('off', 1), ('done', 'guest')],
            self.agent.calls,
        )

    def test_departure_is_noted(self) -> None:
        self.driver.live_migration(None, GUEST)
        self.assertEqual(
            [
                ('departs', 'guest'),
                ('leave', 'guest', 300),
                ('move',),
                ('done', 'guest'),
            ],
            self.agent.calls,
        )

    def test_share_ends_with_a_failure(self) -> None:
        with self.assertRaises(ValueError):
            self.driver.power_off(GUEST, -1)
        self.assertEqual(('done', 'guest'), self.agent.calls[-1])
        self.driver.power_off(GUEST)
        self.assertEqual(2, self.agent.calls.count(('leave', 'guest', 300)))

    def test_silent_agent_blocks_nothing(self) -> None:
        agent = statuses.FakeLink(None, grants=False)
        with self.assertLogs('nova_desktop.virt.leaving', 'WARNING'):
            self.assertEqual(5, Driver(agent).power_off(GUEST, 5))

    def test_signature_is_the_stock_one(self) -> None:
        self.assertEqual(
            inspect.getfullargspec(Stock.migrate),
            inspect.getfullargspec(Driver.migrate),
        )
