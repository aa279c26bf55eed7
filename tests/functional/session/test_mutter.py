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


_MANAGER = 'org.gnome.SessionManager'
_MANAGER_PATH = '/org/gnome/SessionManager'
_MOCK = 'org.freedesktop.DBus.Mock'


class MutterCase(desk.DeskTest):
    """A login with mutter in it, and nothing else of GNOME."""

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


@unittest.skipUnless(
    desk.has('mutter', 'setpriv', 'gdbus'), 'mutter is not installed'
)
class MutterTest(MutterCase):
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


@unittest.skipUnless(
    desk.has('mutter', 'setpriv', 'gdbus'), 'mutter is not installed'
)
class InhibitorTest(MutterCase):
    """Beside a double of gnome-session."""

    async def start_manager(self, inhibited: bool) -> None:
        mock = ['/usr/bin/python3', '-m', 'dbusmock', '--session']
        names = [_MANAGER, _MANAGER_PATH, _MANAGER]
        self.manager = self.spawn([*mock, *names], desk.NOBODY)
        await asyncio.to_thread(self.gdbus, 'wait', _MANAGER)
        await self.answer(inhibited)

    async def answer(self, inhibited: bool) -> None:
        """Have it say so of idling, and no of all else."""
        code = f'ret = {inhibited} and args[0] == 8'
        await self.call('AddMethod', _MANAGER, 'IsInhibited', 'u', 'b', code)

    async def signal(self, member: str) -> None:
        inhibitor = "[<objectpath '/org/gnome/SessionManager/Inhibitor1'>]"
        await self.call('EmitSignal', _MANAGER, member, 'o', inhibitor)

    async def call(self, member: str, *arguments: str) -> None:
        await asyncio.to_thread(
            self.gdbus,
            *('call', '--session', '--dest', _MANAGER),
            *('--object-path', _MANAGER_PATH),
            *('--method', f'{_MOCK}.{member}', *arguments),
        )

    async def test_film_that_only_gnome_knows_of(self) -> None:
        await self.start_manager(inhibited=False)
        await self.serve()
        self.helper(uid=desk.NOBODY)
        seen = await self.until(lambda it: it.sessions == 1 and not it.active)
        self.assertFalse(seen.inhibited)
        before_s = seen.last_active_s
        await self.answer(True)
        await self.signal('InhibitorAdded')
        seen = await self.until(lambda it: it.inhibited)
        # A film is no input.
        self.assertFalse(seen.active)
        self.assertAlmostEqual(before_s or 0, seen.last_active_s or 0, 1)
        await self.answer(False)
        await self.signal('InhibitorRemoved')
        await self.until(lambda it: not it.inhibited)

    async def test_film_that_was_on_before_and_crashed_with_gnome(
        self,
    ) -> None:
        await self.start_manager(inhibited=True)
        await self.serve()
        self.helper(uid=desk.NOBODY)
        await self.until(lambda it: it.inhibited and not it.active)
        self.manager.kill()
        await self.until(lambda it: not it.inhibited)
        # And one that comes later than the helper is heard too.
        await self.start_manager(inhibited=True)
        await self.signal('InhibitorAdded')
        await self.until(lambda it: it.inhibited)

    async def test_manager_that_does_not_answer_may_have_one(self) -> None:
        await self.start_manager(inhibited=False)
        error = 'raise dbus.exceptions.DBusException("x", name="org.a.Busy")'
        await self.call('AddMethod', _MANAGER, 'IsInhibited', 'u', 'b', error)
        await self.serve()
        self.helper(uid=desk.NOBODY)
        await self.until(lambda it: it.inhibited and not it.active)
