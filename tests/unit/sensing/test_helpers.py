# SPDX-License-Identifier: Apache-2.0
"""Reports of helpers, on a real bus with a double of logind on it."""

import asyncio
import os
import pathlib
import unittest

from dbus_fast import Message
from dbus_fast.aio import MessageBus

from nova_desktop import exception
from nova_desktop.sensing import helper_book as book
from nova_desktop.sensing import helpers, logind_api, system_bus
from tests.unit.sensing import test_logind

HERE = book.Said(active=True, inhibited=False, idle_ms=0, backend='x11')
HAS_DOUBLE = pathlib.Path(
    '/usr/lib/python3/dist-packages/dbusmock/templates/logind.py'
).exists()


@unittest.skipUnless(HAS_DOUBLE, 'python3-dbusmock is not installed')
class HelperTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.bus = test_logind.Bus()
        self.addCleanup(self.bus.stop)
        self.now_s = 1000.0
        self.changed = asyncio.Event()
        self.bus.start_double()
        self.hand = await self.connect()
        async with asyncio.timeout(5):
            while not await system_bus.owner(self.hand, logind_api.SERVICE):
                await asyncio.sleep(0.01)
        await self.login('c1', os.getuid())
        await self.login('c2', os.getuid() + 1)
        self.source = helpers.HelperSource(self.connect, lambda: self.now_s)
        await self.source.start(self.changed.set)
        self.addAsyncCleanup(self.source.stop)

    async def connect(self) -> MessageBus:
        made = await MessageBus(bus_address=self.bus.address).connect()
        self.addCleanup(made.disconnect)
        return made

    async def login(self, session_id: str, uid: int) -> None:
        await system_bus.call(
            self.hand,
            Message(
                destination=logind_api.SERVICE,
                path=logind_api.ROOT,
                interface=test_logind.MOCK,
                member='AddSession',
                signature='ssusb',
                body=[session_id, 'seat0', uid, 'owner', True],
            ),
        )

    async def helper(self) -> MessageBus:
        """Let a helper of c1 report."""
        bus = await self.connect()
        assert bus.unique_name is not None
        await self.source.report(bus.unique_name, 'c1', HERE)
        return bus

    async def until_health(self, ok: bool) -> str:
        async with asyncio.timeout(3):
            while self.source.health(self.now_s).ok is not ok:
                self.changed.clear()
                await self.changed.wait()
        return self.source.health(self.now_s).reason

    async def test_nobody_has_no_say(self) -> None:
        self.assertTrue(self.source.health(self.now_s).ok)
        self.assertEqual(0, self.source.facts(self.now_s).sessions)

    async def test_report_is_an_event(self) -> None:
        await self.helper()
        self.assertTrue(self.changed.is_set())
        facts = self.source.facts(self.now_s)
        self.assertEqual((True, 1), (facts.active, facts.sessions))

    async def test_killed_helper(self) -> None:
        bus = await self.helper()
        bus.disconnect()
        self.assertIn('c1 has vanished', await self.until_health(False))
        # Started again after a failure, the source has not forgotten.
        await self.source.stop()
        await self.source.start(self.changed.set)
        self.assertIn('c1 has vanished', await self.until_health(False))
        await self.helper()
        await self.until_health(True)

    async def test_clean_end(self) -> None:
        bus = await self.helper()
        assert bus.unique_name is not None
        self.source.bye(':1.999', 'c1')
        self.assertEqual(1, self.source.facts(self.now_s).sessions)
        self.source.bye(bus.unique_name, 'c1')
        self.assertEqual(0, self.source.facts(self.now_s).sessions)
        bus.disconnect()
        self.assertTrue(self.source.health(self.now_s).ok)

    async def test_helper_that_left_while_nobody_listened(self) -> None:
        bus = await self.helper()
        await self.source.stop()
        self.assertFalse(self.source.health(self.now_s).ok)
        bus.disconnect()
        await self.source.start(self.changed.set)
        self.assertIn('vanished', self.source.health(self.now_s).reason)

    async def test_session_that_ended_while_nobody_listened(self) -> None:
        bus = await self.helper()
        bus.disconnect()
        await self.until_health(False)
        await self.source.stop()
        await system_bus.call(
            self.hand,
            Message(
                destination=logind_api.SERVICE,
                path=logind_api.ROOT,
                interface=test_logind.MOCK,
                member='RemoveObject',
                signature='s',
                body=['/org/freedesktop/login1/session/c1'],
            ),
        )
        await self.source.start(self.changed.set)
        self.assertTrue(self.source.health(self.now_s).ok)

    async def test_bus_lost(self) -> None:
        await self.helper()
        self.bus.stop()
        self.assertIn('bus is gone', await self.until_health(False))
        with self.assertRaisesRegex(exception.BusUnavailable, 'system bus'):
            await self.source.start(self.changed.set)
        with self.assertRaises(helpers.Refused):
            await self.source.report(':1.1', 'c1', HERE)

    async def test_strangers_are_refused(self) -> None:
        name = self.hand.unique_name
        assert name is not None
        for sender, session_id, why in (
            (name, 'c2', 'not a session of a person'),
            (name, 'c99', 'not a session of a person'),
            (':1.999', 'c1', 'cannot be looked up'),
        ):
            with self.assertRaisesRegex(helpers.Refused, why):
                await self.source.report(sender, session_id, HERE)
        self.assertEqual(0, self.source.facts(self.now_s).sessions)
        self.assertFalse(self.changed.is_set())

    async def test_bad_values(self) -> None:
        name = self.hand.unique_name
        assert name is not None
        for session_id in ('', '../c1', 'c' * 65):
            with self.assertRaisesRegex(exception.BadValue, 'session_id'):
                await self.source.report(name, session_id, HERE)
        bad = book.Said(True, False, 0, 'x11\n')
        with self.assertRaisesRegex(exception.BadValue, 'backend'):
            await self.source.report(name, 'c1', bad)

    async def test_crowd(self) -> None:
        results = await asyncio.gather(
            *(self.source.report(f':9.{i}', 'c1', HERE) for i in range(60)),
            return_exceptions=True,
        )
        kinds = [type(each) for each in results]
        self.assertEqual(28, kinds.count(book.TooMany))
        self.assertEqual(32, kinds.count(helpers.Refused))

    async def test_a_stranger_cannot_end_a_session(self) -> None:
        bus = await self.helper()
        bus.disconnect()
        await self.until_health(False)
        forged = Message.new_signal(
            logind_api.ROOT,
            logind_api.MANAGER,
            'SessionRemoved',
            'so',
            ['c1', '/x'],
        )
        forged.sender = ':1.99'
        self.source._on_message(forged)
        self.assertFalse(self.source.health(self.now_s).ok)
