# SPDX-License-Identifier: Apache-2.0
import subprocess
import threading
import unittest

from tests.unit.sandbox import bus


@unittest.skipUnless(bus.has_double(), 'python3-dbusmock is not installed')
class LogindDoubleTest(bus.BusTest):
    def setUp(self) -> None:
        super().setUp()
        self.start_logind()

    def test_the_owner_sits_at_seat0(self) -> None:
        sessions = self.call('Manager.ListSessions')
        for word in ('"c1"', '1000', '"owner"', '"seat0"'):
            self.assertIn(word, sessions)
        told = {
            name: self.property('Session', name)
            for name in ('Active', 'Remote', 'Class', 'Type', 'LockedHint')
        }
        self.assertEqual(
            {
                'Active': 'true',
                'Remote': 'false',
                'Class': '"user"',
                'Type': '"x11"',
                'LockedHint': 'false',
            },
            told,
        )

    def test_locking_emits_and_the_hint_follows_the_desktop(self) -> None:
        signals = self.watch()
        self.call('Manager.LockSession', 'string:c1')
        self.wait_for(lambda: 'member=Lock\n' in ''.join(signals))
        self.assertEqual('false', self.property('Session', 'LockedHint'))
        self.call('Session.SetLockedHint', 'boolean:true', session=True)
        self.assertEqual('true', self.property('Session', 'LockedHint'))
        self.wait_for(lambda: 'string "LockedHint"' in ''.join(signals))
        self.assertIn('member=PropertiesChanged', ''.join(signals))

    def test_inhibitors_are_listed_until_their_owner_is_gone(self) -> None:
        script = (
            'import dbus, sys; bus = dbus.SystemBus();'
            'm = bus.get_object("org.freedesktop.login1",'
            ' "/org/freedesktop/login1");'
            'fd = m.Inhibit("sleep:idle", "player", "film", "block",'
            ' dbus_interface="org.freedesktop.login1.Manager");'
            'print("held", flush=True); sys.stdin.read()'
        )
        player = subprocess.Popen(
            [bus.DEBIAN_PYTHON, '-c', script],
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert player.stdout
        self.assertEqual(b'held\n', player.stdout.readline())
        self.assertEqual(
            '"idle:sleep"', self.property('Manager', 'BlockInhibited')
        )
        self.assertIn('"player"', self.call('Manager.ListInhibitors'))
        player.communicate()
        self.wait_for(
            lambda: self.property('Manager', 'BlockInhibited') == '""'
        )
        self.assertNotIn('"player"', self.call('Manager.ListInhibitors'))

    def watch(self) -> list[str]:
        """Collect what the bus's monitor prints of logind's signals."""
        monitor = subprocess.Popen(
            ['dbus-monitor', '--system', "type='signal'"],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert monitor.stdout
        lines: list[str] = []
        reader = threading.Thread(target=lines.extend, args=(monitor.stdout,))
        reader.start()
        self.addCleanup(monitor.stdout.close)
        self.addCleanup(reader.join)
        self.addCleanup(monitor.wait)
        self.addCleanup(monitor.terminate)
        # The monitor tells of itself once it is at work.
        self.wait_for(lambda: lines)
        return lines
