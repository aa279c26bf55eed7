# SPDX-License-Identifier: Apache-2.0
"""The helper beside GNOME's real compositor, without a screen."""

import asyncio
import os
import subprocess
import time
import unittest
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.auth import AuthExternal

from tests.functional.session import desk

_MONITOR = 'org.gnome.Mutter.IdleMonitor'
_REMOTE = 'org.gnome.Mutter.RemoteDesktop'
_REMOTE_PATH = '/org/gnome/Mutter/RemoteDesktop'
_KEY_A = 0x61


@unittest.skipUnless(
    desk.has('mutter', 'setpriv', 'gdbus'), 'mutter is not installed'
)
class MutterTest(desk.DeskTest):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        await self.login('c1', desk.NOBODY)
        bus = ['dbus-daemon', '--session', '--nofork', '--print-address']
        self.session = self.spawn(bus, desk.NOBODY, stdout=subprocess.PIPE)
        assert self.session.stdout is not None
        address = await asyncio.to_thread(self.session.stdout.readline)
        self.env['DBUS_SESSION_BUS_ADDRESS'] = address.decode().strip()
        self.mutter = self.start_mutter()
        await asyncio.to_thread(self.gdbus, 'wait', _MONITOR)

    def start_mutter(self) -> subprocess.Popen[bytes]:
        command = ['mutter', '--headless', '--virtual-monitor', '640x480']
        return self.spawn([*command, '--no-x11'], desk.NOBODY)

    def gdbus(self, *arguments: str) -> None:
        if arguments[0] == 'wait':
            arguments = ('wait', '--session', '--timeout', '10', arguments[1])
        process = self.spawn(['gdbus', *arguments], desk.NOBODY)
        self.assertEqual(0, process.wait(15), self.log.read_text())

    async def keyboard(self) -> tuple[MessageBus, str]:
        """Make a keyboard of GNOME's remote desktop; it ends with the bus."""
        address = self.env['DBUS_SESSION_BUS_ADDRESS']
        # The session bus lets in nobody but its own user, not even root.
        os.seteuid(desk.NOBODY)
        try:
            bus = await MessageBus(
                address, auth=AuthExternal(uid=desk.NOBODY)
            ).connect()
        finally:
            os.seteuid(0)
        self.addAsyncCleanup(self._hang_up, bus)
        path = await self.to_desktop(bus, _REMOTE_PATH, '', 'CreateSession')
        await self.to_desktop(bus, path, '.Session', 'Start')
        return bus, path

    async def to_desktop(
        self,
        bus: MessageBus,
        path: str,
        interface: str,
        member: str,
        signature: str = '',
        *body: Any,
    ) -> Any:
        reply = await bus.call(
            Message(
                destination=_REMOTE,
                path=path,
                interface=_REMOTE + interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        assert reply is not None
        self.assertNotEqual(MessageType.ERROR, reply.message_type, reply.body)
        return reply.body[0] if reply.body else None

    async def test_idle_and_input(self) -> None:
        # Its Wayland side, which is asked first, has no idle protocol.
        self.env['WAYLAND_DISPLAY'] = 'wayland-0'
        await self.serve()
        self.helper(uid=desk.NOBODY)
        await self.until(lambda it: it.sessions == 1 and not it.active)
        self.assertIn('by mutter', self.log.read_text())
        bus, path = await self.keyboard()
        await self.until(lambda it: not it.active)
        start_s = time.monotonic()
        for pressed in (True, False):
            await self.to_desktop(
                *(bus, path, '.Session', 'NotifyKeyboardKeysym', 'ub'),
                *(_KEY_A, pressed),
            )
        await self.until(lambda it: it.active)
        took_ms = (self.changed_s - start_s) * 1000
        print(f'\nmutter: {took_ms:.1f} ms')
        self.assertLess(took_ms, 500)
        await self.until(lambda it: not it.active)

    async def test_compositor_that_comes_back_is_watched_again(self) -> None:
        await self.serve()
        self.helper(uid=desk.NOBODY)
        await self.until(lambda it: it.sessions == 1 and not it.active)
        self.mutter.kill()
        # While nobody tells, there may be somebody.
        await self.until(lambda it: it.active)
        self.start_mutter()
        await self.until(lambda it: not it.active)

    async def test_end_of_the_session_bus_is_a_clean_end(self) -> None:
        await self.serve()
        process = self.helper(uid=desk.NOBODY)
        await self.until(lambda it: it.sessions == 1)
        self.session.terminate()
        self.assertEqual(0, await self.ended(process))
        self.assertTrue(self.health().ok)
