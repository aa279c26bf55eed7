# SPDX-License-Identifier: Apache-2.0
"""Whether the network is metered, and how properties are followed."""

import asyncio
import contextlib
import signal
import unittest
from typing import Any
from unittest import mock

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from nova_desktop import model
from nova_desktop.sensing import metered, properties
from tests.unit.sensing import doubles

NAME = doubles.NETWORK_MANAGER


@unittest.skipUnless(
    (doubles.TEMPLATES / 'networkmanager.py').exists(),
    'python3-dbusmock is not installed',
)
class MeteredTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.bus = doubles.Bus()
        self.addCleanup(self.bus.stop)
        self.changed = asyncio.Event()
        self.connections: list[MessageBus] = []
        self.source = metered.MeteredSource(self.connect)
        self.addAsyncCleanup(self.source.stop)

    async def connect(self) -> MessageBus:
        bus = await self.bus.connect()
        self.connections.append(bus)
        return bus

    async def double(self, value: int | None = None) -> None:
        await self.bus.double('networkmanager', NAME)
        if value is not None:
            await self.bus.call(
                NAME,
                metered.PATH,
                'AddProperty',
                'ssv',
                NAME,
                'Metered',
                Variant('u', value),
            )

    async def set(self, value: int) -> None:
        await self.bus.change(
            NAME, metered.PATH, NAME, Metered=Variant('u', value)
        )

    async def until(self, value: bool | None, error: str = '') -> None:
        async with asyncio.timeout(5):
            while (
                self.source.facts(0).metered is not value
                or error not in self.source.health(0).reason
            ):
                self.changed.clear()
                await self.changed.wait()
        self.assertTrue(self.source.health(0).ok)

    async def until_error(self, error: str) -> None:
        async with asyncio.timeout(5):
            while error not in self.source.health(0).reason:
                await asyncio.sleep(0.01)
        self.assertEqual(model.NetworkFacts(), self.source.facts(0))
        self.assertTrue(self.source.health(0).ok)

    async def test_every_value(self) -> None:
        await self.double(1)
        await self.source.start(self.changed.set)
        await self.until(True)
        for value, found in ((2, False), (3, True), (4, False), (0, None)):
            await self.set(value)
            await self.until(found)
        await self.set(1)
        await self.until(True)
        await self.set(77)
        await self.until(None)
        self.assertEqual('', self.source.health(0).reason)
        self.assertEqual(1, len(self.connections))

    async def test_without_network_manager(self) -> None:
        await self.source.start(self.changed.set)
        await self.until_error('does not run')

    async def test_of_before_it_knew_of_metered(self) -> None:
        await self.double()
        await self.source.start(self.changed.set)
        async with asyncio.timeout(5):
            while self.source.health(0).reason:
                await self.changed.wait()
        self.assertEqual(model.NetworkFacts(), self.source.facts(0))

    async def test_comes_and_goes(self) -> None:
        await self.source.start(self.changed.set)
        await self.until_error('does not run')
        await self.double(1)
        # What an AddProperty of the double changes, it does not tell.
        await self.set(3)
        await self.until(True)
        self.bus.end_double(NAME)
        await self.until(None, 'does not run')

    async def test_bus_is_lost_and_found(self) -> None:
        await self.double(1)
        await self.source.start(self.changed.set)
        await self.until(True)
        with mock.patch.object(properties, '_RETRY_S', 0.05):
            lost, self.bus = self.bus, doubles.Bus()
            self.addCleanup(self.bus.stop)
            lost.stop()
            await self.until(None)
            await self.until_error('does not run')
            await self.double(1)
            await self.set(1)
            await self.until(True)

    async def test_bus_is_not_there(self) -> None:
        async def nowhere() -> Any:
            raise FileNotFoundError('no such socket')

        source = metered.MeteredSource(nowhere)
        await source.start(self.fail)
        await asyncio.sleep(0.05)
        self.assertEqual(model.NetworkFacts(), source.facts(0))
        self.assertTrue(source.health(0).ok)
        self.assertIn('no such socket', source.health(0).reason)
        await source.stop()

    async def test_silence_is_found_out_by_the_heartbeat(self) -> None:
        self.source = metered.MeteredSource(self.connect, heartbeat_s=0.05)
        self.addAsyncCleanup(self.source.stop)
        await self.double(1)
        await self.source.start(self.changed.set)
        await self.until(True)
        process = self.bus.doubles[NAME]
        with mock.patch('nova_desktop.sensing.system_bus.CALL_TIMEOUT_S', 0.2):
            process.send_signal(signal.SIGSTOP)
            try:
                await self.until(None)
            finally:
                process.send_signal(signal.SIGCONT)

    async def test_signal_of_somebody_else_is_not_heard(self) -> None:
        await self.double(1)
        await self.source.start(self.changed.set)
        await self.until(True)
        self.changed.clear()
        stranger = await self.bus.connect()
        self.addCleanup(stranger.disconnect)
        watch = self.source._manager
        with mock.patch.object(watch, '_dirty', asyncio.Event()) as dirty:
            for destination in (self.connections[0].unique_name, None):
                await stranger.send(
                    Message(
                        message_type=MessageType.SIGNAL,
                        destination=destination,
                        path=metered.PATH,
                        interface='org.freedesktop.DBus.Properties',
                        member='PropertiesChanged',
                        signature='sa{sv}as',
                        body=[NAME, {'Metered': Variant('u', 2)}, []],
                    )
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(dirty.wait(), 0.2)
            self.assertFalse(dirty.is_set())
        self.assertTrue(self.source.facts(0).metered)

    async def test_stop_leaves_the_bus(self) -> None:
        await self.double(1)
        await self.source.start(self.changed.set)
        await self.until(True)
        await self.source.stop()
        self.assertFalse(self.connections[0].connected)
        self.assertEqual(model.NetworkFacts(), self.source.facts(0))
