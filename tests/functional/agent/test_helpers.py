# SPDX-License-Identifier: Apache-2.0
"""What a login's helper reports, and what the real agent makes of it."""

import asyncio
import os
import unittest

import dbus_fast
import dbus_fast.aio

from tests.functional.agent import host

SESSIONS = f'{host.NAME}.Sessions'
PROPERTIES = 'org.freedesktop.DBus.Properties'
ACTIVE_S = 0.3


class HelperTest(unittest.IsolatedAsyncioTestCase):
    """A login whose input nobody but its helper sees."""

    async def asyncSetUp(self) -> None:
        if os.geteuid() or not host.CGROUPS.joinpath('cpu').is_dir():
            raise unittest.SkipTest('needs root and cgroup v1')
        self.host = host.Host()
        self.addCleanup(self.host.close)
        await asyncio.to_thread(self.host.serve)
        self.helper = await self.connect()
        await self.call(
            'AddSession',
            'ssusb',
            ['c7', 'seat0', os.geteuid(), 'root', True],
            name=host.LOGIND,
            path='/org/freedesktop/login1',
            interface='org.freedesktop.DBus.Mock',
        )
        await self.until('away')

    async def connect(self) -> dbus_fast.aio.MessageBus:
        """Connect to the bus for as long as the test lasts."""
        address = f'unix:path={self.host.bus.socket}'
        bus = await dbus_fast.aio.MessageBus(address).connect()
        self.addCleanup(bus.disconnect)
        return bus

    async def call(
        self,
        member: str,
        signature: str,
        body: list[object],
        name: str = host.NAME,
        path: str = host.PATH,
        interface: str = SESSIONS,
    ) -> dbus_fast.Message:
        """Call as the helper, on the connection that is its life."""
        reply = await self.helper.call(
            dbus_fast.Message(
                destination=name,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )
        assert reply is not None
        return reply

    async def report(self, active: bool, inhibited: bool = False) -> None:
        """Report on the session."""
        reply = await self.call(
            'Report', 'sbbts', ['c7', active, inhibited, 0, 'test']
        )
        self.assertIsNone(reply.error_name, reply.body)

    async def until(self, presence: str) -> str:
        """Wait for a presence; give the source that decided it."""
        async with asyncio.timeout(10):
            while True:
                reply = await self.call(
                    'GetAll', 's', [host.NAME], interface=PROPERTIES
                )
                if reply.error_name is None:
                    said = reply.body[0]
                    if said['Presence'].value == presence:
                        return str(said['Source'].value)
                await asyncio.sleep(0.05)

    async def test_input_that_only_the_login_sees(self) -> None:
        await self.report(active=True)
        self.assertEqual('helpers', await self.until('active'))
        # It lasts for as long as the login says so.
        await asyncio.sleep(2 * ACTIVE_S)
        self.assertEqual('helpers', await self.until('active'))
        await self.report(active=False)
        await self.until('away')

    async def test_film_that_only_the_login_sees(self) -> None:
        await self.report(active=False, inhibited=True)
        self.assertEqual('helpers', await self.until('active'))
        await asyncio.sleep(2 * ACTIVE_S)
        self.assertEqual('helpers', await self.until('active'))

    async def test_helper_that_dies_leaves_its_session_unknown(self) -> None:
        await self.report(active=False)
        await self.until('away')
        dead, self.helper = self.helper, await self.connect()
        dead.disconnect()
        self.assertEqual('helpers', await self.until('unknown'))

    async def test_helper_that_ends_on_purpose_has_no_say(self) -> None:
        await self.report(active=True)
        await self.until('active')
        reply = await self.call('Bye', 's', ['c7'])
        self.assertIsNone(reply.error_name, reply.body)
        await self.until('away')

    async def test_session_of_somebody_else(self) -> None:
        await asyncio.to_thread(self.host.bus.add_session)
        reply = await self.call(
            'Report', 'sbbts', ['c1', True, False, 0, 'test']
        )
        self.assertEqual(
            'org.freedesktop.DBus.Error.AccessDenied', reply.error_name
        )
