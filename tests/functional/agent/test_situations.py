# SPDX-License-Identifier: Apache-2.0
"""What happens at a desk, and what the real agent makes of it.

One agent for all: real evdev reads from pipes that stand in for devices, a
real system bus with logind's double, real cgroups. Its holds are short: input
keeps the owner active for 0.3 s, away is after 0.8 s, 0.3 s when locked.
"""

import asyncio
import contextlib
import os
import pathlib
import struct
import time
import unittest
from collections.abc import Iterator
from typing import Any

import dbus_fast
import dbus_fast.aio

from tests.functional.agent import host

ALL = -1
CPUS = os.cpu_count() or 1
ACTIVE_US = round(0.02 * CPUS * 100_000)
TICKS_PER_S = os.sysconf('SC_CLK_TCK')
ROOT = '/org/freedesktop/login1'
MANAGER = 'org.freedesktop.login1.Manager'
SESSION = 'org.freedesktop.login1.Session'
MOCK = 'org.freedesktop.DBus.Mock'
PROPERTIES = 'org.freedesktop.DBus.Properties'
LONG = """
[presence]
active_hold_s = 0.3
locked_away_after_s = 0.3
away_after_s = 0.8
bump_hold_s = 0.25
"""


class DeskCase(unittest.TestCase):
    """A desk with an agent that all tests of a class share."""

    host: host.Host

    @classmethod
    def setUpClass(cls) -> None:
        if os.geteuid() or not host.CGROUPS.joinpath('cpu').is_dir():
            raise unittest.SkipTest('needs root and cgroup v1')
        cls.host = host.Host()
        cls.addClassCleanup(cls.host.close)
        cls.mouse = cls.host.add_device('event1', 'mouse')
        cls.pad = cls.host.add_device('event2', 'joystick')
        with cls.host.config.open('a') as config:
            config.write(LONG)
        cls.host.serve()

    def setUp(self) -> None:
        self.host.quota_is(ALL)
        self.is_now('away')

    def status(self) -> dict[str, Any]:
        """Read all that the agent says of itself, as often as it answers."""
        time.sleep(0.015)
        reply = host.call(
            self.host.bus.socket,
            'GetAll',
            's',
            host.NAME,
            interface=PROPERTIES,
        )
        return {name: each.value for name, each in reply.body[0].items()}

    def is_now(self, presence: str, within_s: float = 5.0) -> dict[str, Any]:
        """Wait for a presence and give the whole status with it."""

        def look() -> dict[str, Any] | None:
            status = self.status()
            return status if status['Presence'] == presence else None

        found: dict[str, Any] = host.wait_for(look, presence, within_s)
        return found

    def stays(self, presence: str, for_s: float) -> None:
        """Look again and again that a presence does not change."""
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            status = self.status()
            self.assertEqual(presence, status['Presence'], status['Reason'])

    def touch(self, node: pathlib.Path) -> None:
        """Let a device report one event."""
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK)
        os.write(fd, struct.pack('llHHi', 0, 0, 2, 0, 1))
        os.close(fd)

    def ask(
        self, path: str, interface: str, member: str, sig: str, *body: Any
    ) -> Any:
        """Call logind's double."""
        reply = host.call(
            self.host.bus.socket,
            member,
            sig,
            *body,
            name=host.LOGIND,
            path=path,
            interface=interface,
        )
        self.assertIsNone(reply.error_name, reply.body)
        return reply.body[0] if reply.body else None

    def emit(self, member: str, sig: str, *body: Any) -> None:
        """Have logind's double send a signal of the manager."""
        values = [
            dbus_fast.Variant(s, b) for s, b in zip(sig, body, strict=True)
        ]
        self.ask(
            ROOT, MOCK, 'EmitSignal', 'sssav', MANAGER, member, sig, values
        )

    def log_in(self, name: str = 'c1', **values: dbus_fast.Variant) -> str:
        """Open a session that ends with the test; give its path."""
        path = self.ask(
            ROOT, MOCK, 'AddSession', 'ssusb', name, 'seat0', 1000, 'o', False
        )
        self.addCleanup(self.log_out, name, path)
        # The double tells of it too early: until it is whole it is no sign.
        self.change(path, **values, Active=dbus_fast.Variant('b', True))
        self.emit('SessionNew', 'so', name, path)
        return str(path)

    def log_out(self, name: str, path: str) -> None:
        """End a session."""
        with contextlib.suppress(AssertionError):  # logind has restarted
            self.ask(ROOT, MOCK, 'RemoveObject', 's', path)
        self.emit('SessionRemoved', 'so', name, path)

    def change(self, path: str, **values: dbus_fast.Variant) -> None:
        """Change properties of a session."""
        for name, value in values.items():
            self.ask(path, PROPERTIES, 'Set', 'ssv', SESSION, name, value)

    def lock(self, path: str, locked: bool = True) -> None:
        """Lock or unlock a session, as its desktop tells logind."""
        self.change(path, LockedHint=dbus_fast.Variant('b', locked))

    @contextlib.contextmanager
    def inhibited(self, what: str, who: str) -> Iterator[None]:
        """Block something as a program does, until it ends."""
        fd = asyncio.run(self.block(what, who))
        self.tell_blocked(what)
        try:
            yield
        finally:
            os.close(fd)
            self.wait_unblocked(who)
            self.tell_blocked('')

    async def block(self, what: str, who: str) -> int:
        """Take an inhibitor; give the descriptor that holds it."""
        bus = dbus_fast.aio.MessageBus(
            f'unix:path={self.host.bus.socket}', negotiate_unix_fd=True
        )
        await bus.connect()
        message = dbus_fast.Message(
            destination=host.LOGIND,
            path=ROOT,
            interface=MANAGER,
            member='Inhibit',
            signature='ssss',
            body=[what, who, 'a test', 'block'],
        )
        try:
            return int((await bus.call(message)).unix_fds[0])
        finally:
            bus.disconnect()

    def tell_blocked(self, what: str) -> None:
        """Tell what is blocked now, which the double does not."""
        values = {'BlockInhibited': dbus_fast.Variant('s', what)}
        body = [
            dbus_fast.Variant('s', MANAGER),
            dbus_fast.Variant('a{sv}', values),
            dbus_fast.Variant('as', []),
        ]
        changed = (PROPERTIES, 'PropertiesChanged', 'sa{sv}as')
        self.ask(ROOT, MOCK, 'EmitSignal', 'sssav', *changed, body)

    def wait_unblocked(self, who: str) -> None:
        """Wait until logind's double has seen the descriptor closed."""

        def gone() -> bool:
            held = self.ask(ROOT, MANAGER, 'ListInhibitors', '')
            return all(each[1] != who for each in held)

        host.wait_for(gone, f'the end of what {who} blocked')


class HandsTest(DeskCase):
    def test_typing(self) -> None:
        self.log_in()
        self.is_now('active')  # he has just logged in
        self.is_now('away')
        self.touch(self.host.key)
        self.host.quota_is(ACTIVE_US, 1)
        self.assertEqual('input', self.is_now('active')['Source'])

    def test_mouse_only(self) -> None:
        self.log_in()
        self.is_now('active')
        self.is_now('away')
        for _ in range(15):
            self.touch(self.mouse)
            time.sleep(0.05)
        status = self.is_now('active', 0.2)
        self.assertNotIn('bumped', status['Reason'])

    def test_bumped_desk_throttles_and_has_no_other_consequence(self) -> None:
        self.touch(self.mouse)
        self.host.quota_is(ACTIVE_US, 1)
        seen = set()
        while (status := self.status())['Presence'] == 'active':
            self.assertIn('bumped', status['Reason'])
            seen.add(status['ReclaimDue'])
        self.assertEqual({False}, seen)
        self.is_now('away')

    def test_gamepad(self) -> None:
        self.log_in()
        self.is_now('active')
        self.is_now('away')
        self.touch(self.pad)
        status = self.is_now('active', 1)
        self.assertIn('a key or button', status['Reason'])

    def test_mouse_of_1000_hz_costs_next_to_nothing(self) -> None:
        self.log_in()
        before = self.cpu_s()
        end_s = time.monotonic() + 2
        while time.monotonic() < end_s:
            self.touch(self.mouse)
            time.sleep(0.001)
        used_s = self.cpu_s() - before
        self.is_now('active', 0.2)
        # Ten windows a second here, two by default: five times its cost.
        self.assertLess(used_s / 2, 0.1)

    def cpu_s(self) -> float:
        assert self.host.agent is not None
        stat = pathlib.Path(f'/proc/{self.host.agent.pid}/stat').read_text()
        user, system = stat.rpartition(')')[2].split()[11:13]
        return (int(user) + int(system)) / TICKS_PER_S

    def test_keyboard_plugged_in_later(self) -> None:
        node = self.host.add_device('event9', 'kbd')
        self.addCleanup(node.unlink)
        time.sleep(0.1)
        self.touch(node)
        self.is_now('active', 1)


class NoHandsTest(DeskCase):
    def test_reading(self) -> None:
        self.log_in()
        self.touch(self.host.key)
        self.is_now('active')
        status = self.is_now('idle', 1)
        self.assertFalse(status['Admit'])
        self.assertFalse(status['ReclaimDue'])

    def test_film(self) -> None:
        self.log_in()
        with self.inhibited('idle', 'vlc'):
            host.wait_for(lambda: 'vlc' in self.status()['Reason'], 'vlc')
            self.stays('active', 1.2)

    def test_player_that_crashed(self) -> None:
        with self.inhibited('idle', 'vlc'):
            self.is_now('active')
        self.is_now('away')

    def test_video_call(self) -> None:
        self.log_in()
        with self.inhibited('sleep:idle', 'Call'):
            self.is_now('active')
            self.stays('active', 1.2)

    def test_call_behind_a_locked_screen(self) -> None:
        path = self.log_in()
        with self.inhibited('idle', 'Call'):
            self.is_now('active')
            self.lock(path)
            self.stays('active', 0.8)

    def test_download_that_blocks_only_sleep_is_nobody(self) -> None:
        with self.inhibited('sleep', 'Packages'):
            self.stays('away', 0.5)

    def test_desktop_that_blocks_idling_for_itself(self) -> None:
        with self.inhibited('idle', 'gsd-power'):
            self.stays('away', 0.5)

    def test_screensaver_that_does_not_lock(self) -> None:
        path = self.log_in()
        self.touch(self.host.key)
        self.is_now('active')
        self.change(path, IdleHint=dbus_fast.Variant('b', True))
        self.is_now('idle', 1)
        self.is_now('away')

    def test_desktop_that_never_says_that_it_is_locked(self) -> None:
        self.log_in()
        self.touch(self.host.key)
        begin_s = time.monotonic()
        self.is_now('away')
        self.assertGreaterEqual(time.monotonic() - begin_s, 0.7)


class SessionTest(DeskCase):
    def test_locked(self) -> None:
        path = self.log_in()
        self.touch(self.host.key)
        begin_s = time.monotonic()
        self.lock(path)
        status = self.is_now('away')
        self.assertLess(time.monotonic() - begin_s, 0.75)
        self.assertEqual('sessions', status['Source'])
        self.assertIn('locked', status['Reason'])

    def test_fingerprint_unlock(self) -> None:
        path = self.log_in()
        self.is_now('active')
        self.lock(path)
        self.is_now('away')
        self.lock(path, False)
        status = self.is_now('active', 0.3)
        self.assertEqual('sessions', status['Source'])

    def test_switched_user(self) -> None:
        path = self.log_in()
        self.is_now('active')
        self.change(path, Active=dbus_fast.Variant('b', False))
        status = self.is_now('away')
        self.assertEqual('sessions', status['Source'])
        self.log_in('c2')
        self.assertEqual('sessions', self.is_now('active')['Source'])

    def test_most_present_of_two_wins(self) -> None:
        self.lock(self.log_in('c1'))
        self.log_in('c2', Remote=dbus_fast.Variant('b', True))
        self.is_now('active')
        self.stays('active', 0.8)

    def test_greeter(self) -> None:
        self.log_in('c1', Class=dbus_fast.Variant('s', 'greeter'))
        self.stays('away', 0.5)

    def test_ssh_editing(self) -> None:
        self.log_in('c1', Remote=dbus_fast.Variant('b', True))
        self.assertIn('remote', self.is_now('active')['Reason'])
        self.stays('active', 1.2)

    def test_remote_desktop_without_a_seat(self) -> None:
        seat = dbus_fast.Variant('(so)', ['', '/'])
        self.log_in('c1', Seat=seat)
        self.assertIn('remote', self.is_now('active')['Reason'])
        self.stays('active', 1.2)


class HostTest(DeskCase):
    def test_suspended_laptop(self) -> None:
        self.emit('PrepareForSleep', 'b', True)
        host.wait_for(lambda: not self.status()['Admit'], 'no admission')
        self.assertIn('sleep', self.status()['Reason'])
        self.emit('PrepareForSleep', 'b', False)
        self.assertIn('woke', self.is_now('active', 0.3)['Reason'])
        host.wait_for(lambda: self.status()['Admit'], 'admission')

    def test_logind_restart(self) -> None:
        double = self.host.bus._running[1]
        double.terminate()
        double.wait()
        status = self.is_now('unknown')
        self.assertIn('logind', status['Sources']['sessions'])
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        self.host.bus._running.pop()
        self.host.bus.start_logind()
        status = self.is_now('away')
        self.assertEqual('ok', status['Sources']['sessions'])

    def test_source_that_flaps(self) -> None:
        bad = self.host.dir / 'input/event7'
        for _ in range(5):
            bad.symlink_to('nowhere')
            status = self.is_now('unknown')
            self.assertIn('event7', status['Sources']['input'])
            self.assertFalse(status['Admit'])
            bad.unlink()
        self.is_now('away')
        self.assertNotIn('Traceback', self.host.log.read_text())
