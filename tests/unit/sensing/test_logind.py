# SPDX-License-Identifier: Apache-2.0
"""Sessions, against a real bus with a double of logind on it."""

import asyncio
import contextlib
import os
import pathlib
import subprocess
import unittest
from typing import Any
from unittest import mock

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from nova_desktop import exception, model
from nova_desktop.conf.sensing import DESKTOPS_OWN
from nova_desktop.sensing import logind, logind_api, system_bus

PYTHON = '/usr/bin/python3'
MOCK = 'org.freedesktop.DBus.Mock'
SESSION = 'org.freedesktop.login1.Session'
HAS_DOUBLE = pathlib.Path(
    '/usr/lib/python3/dist-packages/dbusmock/templates/logind.py'
).exists()
OWN_PID = 123456
"""The process that the double names as the holder of every inhibitor."""


class Bus:
    """A private bus, and the double of logind that may run on it."""

    def __init__(self) -> None:
        self.daemon = subprocess.Popen(
            ['dbus-daemon', '--session', '--nofork', '--print-address'],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.daemon.stdout is not None
        self.address = self.daemon.stdout.readline().strip()
        self.double: subprocess.Popen[bytes] | None = None

    def start_double(self) -> None:
        """Start the double; it takes logind's name when it is ready."""
        address = {
            'DBUS_SYSTEM_BUS_ADDRESS': self.address,
            'DBUS_SESSION_BUS_ADDRESS': self.address,
        }
        self.double = subprocess.Popen(
            [PYTHON, '-m', 'dbusmock', '--template', 'logind'],
            env=os.environ | address,
            stdout=subprocess.DEVNULL,
        )

    def stop_double(self) -> None:
        """End the double; its name leaves the bus."""
        if self.double is not None:
            self.double.terminate()
            self.double.wait()
            self.double = None

    def stop(self) -> None:
        """End everything."""
        self.stop_double()
        self.daemon.terminate()
        self.daemon.wait()
        if self.daemon.stdout is not None:
            self.daemon.stdout.close()


@unittest.skipUnless(HAS_DOUBLE, 'python3-dbusmock is not installed')
class SessionTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.bus = Bus()
        self.addCleanup(self.bus.stop)
        self.now_s = 1000.0
        self.changed = asyncio.Event()
        self.hand = await self.connect()
        self.source = self.make()

    async def asyncTearDown(self) -> None:
        await self.source.stop()
        self.hand.disconnect()

    def make(self, **others: Any) -> logind.SessionSource:
        return logind.SessionSource(self.connect, lambda: self.now_s, **others)

    async def connect(self) -> MessageBus:
        bus = MessageBus(
            bus_address=self.bus.address,
            bus_type=BusType.SYSTEM,
            negotiate_unix_fd=True,
        )
        return await bus.connect()

    async def lose_bus(self) -> None:
        self.bus.stop()
        with contextlib.suppress(EOFError, OSError):
            await asyncio.wait_for(self.hand.wait_for_disconnect(), 2)

    async def double(self) -> None:
        self.bus.start_double()
        for _ in range(300):
            if await system_bus.owner(self.hand, logind_api.SERVICE):
                return
            await asyncio.sleep(0.01)
        self.fail('the double of logind did not come up')

    async def start(self) -> None:
        await self.double()
        await self.source.start(self.changed.set)

    async def ask(self, path: str, member: str, sig: str, *body: Any) -> Any:
        """Call the double's own interface, or a session's."""
        interface = MOCK
        if member in ('Inhibit',):
            interface = logind_api.MANAGER
        elif member == 'SetLockedHint':
            interface = SESSION
        message = Message(
            destination=logind_api.SERVICE,
            path=path,
            interface=interface,
            member=member,
            signature=sig,
            body=list(body),
        )
        reply = await asyncio.wait_for(self.hand.call(message), 3)
        assert reply is not None
        for fd in reply.unix_fds:
            self.addCleanup(os.close, fd)
        self.assertNotEqual(MessageType.ERROR, reply.message_type, reply.body)
        return reply.body[0] if reply.body else None

    async def login(self, name: str, active: bool = True) -> str:
        path = await self.ask(
            logind_api.ROOT,
            'AddSession',
            'ssusb',
            name,
            'seat0',
            1000,
            'owner',
            active,
        )
        await self.emit('SessionNew', 'so', name, path)
        return str(path)

    async def emit(self, member: str, sig: str, *body: Any) -> None:
        """Have the double send one of logind's signals."""
        await self.ask(
            logind_api.ROOT,
            'EmitSignal',
            'sssav',
            logind_api.MANAGER,
            member,
            sig,
            [Variant(s, b) for s, b in zip(sig, body, strict=True)],
        )

    async def change(self, path: str, **values: Variant) -> None:
        await self.ask(path, 'UpdateProperties', 'sa{sv}', SESSION, values)

    async def until(self, **expected: Any) -> model.SessionFacts:
        """Wait for events until the facts are as expected."""
        async with asyncio.timeout(3):
            while True:
                facts = self.source.facts(self.now_s)
                if all(getattr(facts, k) == v for k, v in expected.items()):
                    return facts
                self.changed.clear()
                await self.changed.wait()

    async def until_health(self, ok: bool) -> model.Health:
        async with asyncio.timeout(3):
            while self.source.health(self.now_s).ok is not ok:
                self.changed.clear()
                await self.changed.wait()
        return self.source.health(self.now_s)

    async def test_nobody(self) -> None:
        await self.start()
        facts = self.source.facts(self.now_s)
        self.assertEqual(model.SessionFacts(), facts)
        self.assertTrue(self.source.health(self.now_s).ok)

    async def test_session_that_was_there_before(self) -> None:
        await self.double()
        await self.login('c1')
        await self.source.start(self.changed.set)
        facts = self.source.facts(self.now_s)
        self.assertEqual(model.SessionFacts(count=1, unlocked=1), facts)

    async def test_login_lock_and_unlock(self) -> None:
        await self.start()
        path = await self.login('c1')
        facts = await self.until(count=1, unlocked=1)
        self.assertEqual(1000.0, facts.last_sign_s)
        self.now_s = 1100.0
        await self.ask(path, 'SetLockedHint', 'b', True)
        facts = await self.until(unlocked=0)
        self.assertEqual(1000.0, facts.last_sign_s)
        self.now_s = 1200.0
        await self.ask(path, 'SetLockedHint', 'b', False)
        facts = await self.until(unlocked=1)
        self.assertEqual(1200.0, facts.last_sign_s)

    async def test_inactive_remote_and_other_classes(self) -> None:
        await self.start()
        path = await self.login('c1')
        await self.until(count=1, unlocked=1)
        await self.change(path, Active=Variant('b', False))
        await self.until(count=1, unlocked=0)
        await self.change(
            path, Active=Variant('b', True), Remote=Variant('b', True)
        )
        await self.until(count=1, unlocked=0, remote=1)
        for session_class in (
            'greeter',
            'lock-screen',
            'background',
            'background-light',
            'manager',
            'manager-early',
        ):
            await self.change(path, Class=Variant('s', session_class))
            await self.until(count=0, unlocked=0, remote=0)
            await self.change(path, Class=Variant('s', 'user'))
            await self.until(count=1)
        await self.change(path, State=Variant('s', 'closing'))
        await self.until(count=0)

    async def test_without_a_seat_is_remote(self) -> None:
        values = {
            'Class': Variant('s', 'user'),
            'State': Variant('s', 'active'),
            'Active': Variant('b', True),
            'LockedHint': Variant('b', False),
            'Remote': Variant('b', False),
        }
        for seat, remote in (('seat0', False), ('', True)):
            values['Seat'] = Variant('(so)', [seat, '/'])
            with mock.patch.object(system_bus, 'call', return_value=[values]):
                session = await logind_api._session(self.hand, '/c1')
            self.assertEqual(remote, session.remote)

    async def test_people_of_all_classes_count(self) -> None:
        await self.start()
        path = await self.login('c1')
        for session_class in (
            'user',
            'user-early',
            'user-incomplete',
            'user-light',
            'of-the-future',
        ):
            await self.change(path, Class=Variant('s', 'greeter'))
            await self.until(count=0)
            await self.change(path, Class=Variant('s', session_class))
            await self.until(count=1, unlocked=1)

    async def test_logout(self) -> None:
        await self.start()
        path = await self.login('c1')
        await self.until(count=1)
        await self.ask(logind_api.ROOT, 'RemoveObject', 's', path)
        await self.emit('SessionRemoved', 'so', 'c1', path)
        await self.until(count=0)

    async def test_only_idle_blocks_of_others_count(self) -> None:
        await self.start()
        for what, who, mode in (
            ('idle', 'Film', 'block'),
            ('sleep:idle', 'Call', 'block'),
            ('shutdown:sleep', 'Packages', 'block'),
            ('idle', 'Late', 'delay'),
        ):
            await self.inhibit(what, who, mode)
        await self.source._read()
        facts = self.source.facts(self.now_s)
        self.assertEqual(('Call', 'Film'), facts.inhibitors)
        mine = self.make(own_pid=OWN_PID)
        await mine.start(lambda: None)
        self.assertEqual((), mine.facts(self.now_s).inhibitors)
        await mine.stop()

    async def test_the_desktops_own_blocks_do_not_count(self) -> None:
        self.source = self.make(ignored_inhibitors=DESKTOPS_OWN)
        await self.start()
        for who in (
            'gsd-power',
            'GSD-Media-Keys',
            'gnome-session-binary',
            'kded5',
            'org_kde_powerdevil',
            'PowerDevil',
            'xfce4-power-manager',
            'NetworkManager',
            'UPower',
            'ModemManager',
        ):
            await self.inhibit('idle', who, 'block')
        for who in ('vlc', 'not gsd-power', 'Firefox kded'):
            await self.inhibit('idle', who, 'block')
        await self.inhibit('idle', 'mpv', 'block-weak')
        await self.source._read()
        facts = self.source.facts(self.now_s)
        self.assertEqual(
            ('Firefox kded', 'mpv', 'not gsd-power', 'vlc'), facts.inhibitors
        )

    async def inhibit(self, what: str, who: str, mode: str) -> None:
        await self.ask(
            logind_api.ROOT, 'Inhibit', 'ssss', what, who, 'a test', mode
        )

    async def test_inhibitor_is_told_by_its_property(self) -> None:
        await self.start()
        await self.inhibit('idle', 'Film', 'block')
        await self.ask(
            logind_api.ROOT,
            'EmitSignal',
            'sssav',
            system_bus.PROPERTIES,
            'PropertiesChanged',
            'sa{sv}as',
            [
                Variant('s', logind_api.MANAGER),
                Variant('a{sv}', {'BlockInhibited': Variant('s', 'idle')}),
                Variant('as', []),
            ],
        )
        await self.until(inhibitors=('Film',))

    async def test_departure_is_noted(self) -> None:
        await self.start()
        for member, name in (
            ('PrepareForSleep', 'sleep'),
            ('PrepareForShutdown', 'shutdown'),
        ):
            for begins in (True, False):
                self.changed.clear()
                await self.emit(member, 'b', begins)
                await asyncio.wait_for(self.changed.wait(), 2)
                expected = name if begins else ''
                self.assertEqual(expected, self.source.departing)

    async def test_departure_that_was_announced_before(self) -> None:
        await self.double()
        for name, expected in (
            ('PreparingForSleep', 'sleep'),
            ('PreparingForShutdown', 'shutdown'),
        ):
            await system_bus.call(
                self.hand,
                Message(
                    destination=logind_api.SERVICE,
                    path=logind_api.ROOT,
                    interface=MOCK,
                    member='UpdateProperties',
                    signature='sa{sv}',
                    body=[logind_api.MANAGER, {name: Variant('b', True)}],
                ),
            )
            source = self.make()
            await source.start(self.changed.set)
            self.addAsyncCleanup(source.stop)
            self.assertEqual(expected, source.departing)
            # What was heard since is the newer.
            self.changed.clear()
            await self.emit('PrepareForSleep', 'b', False)
            await asyncio.wait_for(self.changed.wait(), 2)
            await source._read()
            self.assertEqual('', source.departing)

    async def test_waking_from_sleep_is_a_sign(self) -> None:
        await self.start()
        for member, begins, expected in (
            ('PrepareForShutdown', False, None),
            ('PrepareForSleep', True, None),
            ('PrepareForSleep', False, 1000.0),
        ):
            self.changed.clear()
            await self.emit(member, 'b', begins)
            await asyncio.wait_for(self.changed.wait(), 2)
            seen = self.source.facts(self.now_s)
            self.assertEqual(expected, seen.last_sign_s)

    async def test_a_stranger_cannot_announce_a_departure(self) -> None:
        await self.start()
        forged = Message(
            message_type=MessageType.SIGNAL,
            path=logind_api.ROOT,
            interface=logind_api.MANAGER,
            member='PrepareForSleep',
            signature='b',
            body=[True],
            sender=':1.99',
        )
        self.source._on_message(forged)
        self.assertEqual('', self.source.departing)
        forged.member = 'PropertiesChanged'
        with mock.patch.object(self.source._dirty, 'set') as read_again:
            self.source._on_message(forged)
        read_again.assert_not_called()

    async def test_logind_lost_and_back(self) -> None:
        await self.start()
        await self.login('c1')
        await self.until(count=1)
        self.bus.stop_double()
        health = await self.until_health(False)
        self.assertIn('logind', health.reason)
        await self.double()
        await self.until_health(True)
        # Its sessions are read anew, and are no sign of a person.
        self.assertEqual(0, self.source.facts(self.now_s).count)

    async def outage(self, locked_after: bool) -> model.SessionFacts:
        """Let logind go and come back with the session as told."""
        self.now_s += 100.0
        self.bus.stop_double()
        await self.until_health(False)
        self.now_s += 100.0
        # Its sessions are there before it is asked, as after its restart.
        with mock.patch.object(self.source._dirty, 'set'):
            await self.double()
            path = await self.login('c1')
            await self.ask(path, 'SetLockedHint', 'b', locked_after)
        self.source._dirty.set()
        await self.until_health(True)
        return self.source.facts(self.now_s)

    async def test_unlocked_in_an_outage_is_a_sign(self) -> None:
        await self.start()
        path = await self.login('c1')
        await self.until(unlocked=1)
        await self.ask(path, 'SetLockedHint', 'b', True)
        await self.until(unlocked=0)
        seen = await self.outage(locked_after=True)
        self.assertEqual((0, 1000.0), (seen.unlocked, seen.last_sign_s))
        seen = await self.outage(locked_after=False)
        self.assertEqual((1, 1400.0), (seen.unlocked, seen.last_sign_s))
        seen = await self.outage(locked_after=False)
        self.assertEqual((1, 1400.0), (seen.unlocked, seen.last_sign_s))

    async def test_bus_lost_and_back(self) -> None:
        self.source = self.make(heartbeat_s=0.05)
        await self.start()
        await self.lose_bus()
        health = await self.until_health(False)
        self.assertIn('bus', health.reason)
        self.bus = Bus()
        self.addCleanup(self.bus.stop)
        self.hand.disconnect()
        self.hand = await self.connect()
        await self.double()
        await self.until_health(True)

    async def test_a_bus_without_signals_is_not_believed(self) -> None:
        self.source = self.make(heartbeat_s=0.02)
        await self.start()
        error = TimeoutError('no match')
        with (
            mock.patch.object(logind, '_RETRY_S', 0.02),
            mock.patch.object(system_bus, 'subscribe', side_effect=error),
        ):
            assert self.source._bus is not None
            self.source.departing = 'sleep'
            self.source._bus.disconnect()
            await self.until_health_by_looking(False)
            await asyncio.sleep(0.2)
            health = self.source.health(self.now_s)
            self.assertIn('no match', health.reason)
            self.source._heartbeat_s = 60.0
        await self.until_health(True)
        # Nobody knows whether the host went to sleep meanwhile.
        self.assertEqual('', self.source.departing)
        await self.login('c1')
        await self.until(count=1)

    async def test_can_be_started_again(self) -> None:
        await self.start()
        await self.login('c1')
        await self.until(count=1)
        await self.source.stop()
        self.now_s = 2000.0
        await self.source.start(self.changed.set)
        self.assertTrue(self.source.health(self.now_s).ok)
        facts = self.source.facts(self.now_s)
        self.assertEqual((1, 1000.0), (facts.count, facts.last_sign_s))

    async def test_failure_of_a_reading_is_not_the_end(self) -> None:
        self.source = self.make(heartbeat_s=0.02)
        await self.start()
        error = ZeroDivisionError('a bug')
        with mock.patch.object(logind_api, 'picture', side_effect=error):
            health = await self.until_health_by_looking(False)
            self.assertIn('a bug', health.reason)
        await self.until_health(True)

    async def until_health_by_looking(self, ok: bool) -> model.Health:
        async with asyncio.timeout(3):
            while self.source.health(self.now_s).ok is not ok:
                await asyncio.sleep(0.01)
        return self.source.health(self.now_s)

    async def test_silent_logind_grows_stale(self) -> None:
        await self.start()
        assert self.bus.double is not None
        self.assertTrue(self.source.health(self.now_s + 90).ok)
        stale = self.source.health(self.now_s + 91)
        self.assertFalse(stale.ok)
        self.assertIn('90 s', stale.reason)

    async def test_missing_logind_is_said_at_the_start(self) -> None:
        with self.assertRaisesRegex(exception.HostUnready, 'systemd-logind'):
            await self.source.start(self.changed.set)
        self.assertFalse(self.source.health(self.now_s).ok)

    async def test_missing_bus_is_said_at_the_start(self) -> None:
        await self.lose_bus()
        with self.assertRaisesRegex(exception.BusUnavailable, 'system bus'):
            await self.source.start(self.changed.set)

    async def test_stop_is_quiet_and_can_be_repeated(self) -> None:
        await self.start()
        await self.source.stop()
        await self.source.stop()
        self.assertFalse(self.source.health(self.now_s).ok)
