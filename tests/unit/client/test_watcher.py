# SPDX-License-Identifier: Apache-2.0
"""What the watcher believes, without a bus."""

import asyncio
import queue
import unittest
from unittest import mock

import dbus_fast

from nova_desktop import client, exception, model
from nova_desktop.agent import interface
from nova_desktop.client import connection, watcher
from tests.unit.client.example import STATUS


def signal(sender: str, changed: dict[str, dbus_fast.Variant], **other: str):
    return dbus_fast.Message(
        message_type=dbus_fast.MessageType.SIGNAL,
        sender=sender,
        path=other.get('path', client.PATH),
        interface='org.freedesktop.DBus.Properties',
        member='PropertiesChanged',
        signature='sa{sv}as',
        body=[other.get('of', client.INTERFACE), changed, []],
    )


class SignalTest(unittest.TestCase):
    def setUp(self) -> None:
        self.said: list[model.Status | None] = []
        self.watcher = client.AgentWatcher(self.said.append, 1.0)
        self.addCleanup(self.watcher.stop)
        self.watcher._owner = ':1.5'
        self.watcher._known = interface.properties(STATUS)
        self.watcher._met = True
        self.change = {'Admit': dbus_fast.Variant('b', True)}

    def test_the_agent_is_believed(self) -> None:
        self.watcher._on_signal(signal(':1.5', self.change))
        self.assertTrue(self.said[0].cap.admit)
        self.assertEqual(STATUS.reason, self.said[0].reason)

    def test_nobody_else_is(self) -> None:
        self.watcher._on_signal(signal(':1.6', self.change))
        self.watcher._on_signal(signal(':1.5', self.change, path='/other'))
        self.watcher._on_signal(signal(':1.5', self.change, of='an.Other'))
        self.assertEqual([], self.said)

    def test_silence_is_told_once(self) -> None:
        self.watcher._fall_silent()
        self.watcher._fall_silent()
        self.assertEqual([None], self.said)

    def test_a_listener_that_fails_is_not_the_end(self) -> None:
        self.watcher._on_status = lambda status: 1 / 0
        with self.assertLogs('nova_desktop.client.watcher', 'ERROR'):
            self.watcher._on_signal(signal(':1.5', self.change))


class FollowTest(unittest.TestCase):
    """A watcher whose connection says what the test wants."""

    def setUp(self) -> None:
        self.said: queue.Queue[model.Status | None] = queue.Queue()
        self.watcher = client.AgentWatcher(self.said.put, 0.02)
        self.connection = self.watcher._connection = mock.create_autospec(
            connection.Connection, instance=True
        )
        self.connection.lost.side_effect = self.never
        self.connection.owner.return_value = ':1.5'
        self.connection.properties.return_value = interface.properties(STATUS)
        self.addCleanup(self.watcher.stop)

    async def never(self) -> None:
        await asyncio.Event().wait()

    def next(self) -> model.Status | None:
        return self.said.get(timeout=5)

    def test_an_owner_that_was_not_told_in_time_is_asked_for_again(
        self,
    ) -> None:
        late = exception.AgentSilent('too late')
        self.connection.owner.side_effect = [late, late, ':1.5']
        self.watcher.start()
        self.assertIsNone(self.next())
        self.assertEqual(STATUS.reason, self.next().reason)

    def test_whatever_is_wrong_is_not_the_end(self) -> None:
        good = interface.properties(STATUS)
        self.connection.properties.side_effect = [{'Odd': 1}, good]
        with (
            mock.patch.object(watcher, '_RETRY_S', 0.01),
            self.assertLogs('nova_desktop.client.watcher', 'ERROR'),
        ):
            self.watcher.start()
            self.assertIsNone(self.next())
            self.assertEqual(STATUS.reason, self.next().reason)
