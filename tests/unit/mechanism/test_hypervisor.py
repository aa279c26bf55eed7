# SPDX-License-Identifier: Apache-2.0
"""Which guests are ours, and what a broken connection means."""

import threading
import unittest
from unittest import mock

import libvirt

from nova_desktop import exception
from nova_desktop.mechanism import calls, domain_xml, libvirt_link
from tests.unit.mechanism import libvirt_double as double

PATIENCE_S = 10.0


class GuestsTest(double.LibvirtCase):
    def names(self) -> list[str]:
        return [guest.uuid for guest in self.hypervisor.guests()]

    def test_only_ours(self) -> None:
        self.connection.add('ours', devices=double.GPU)
        self.connection.add('owners', partition='/machine')
        self.connection.add('other', partition='/novadesktop/inner')
        (guest,) = self.hypervisor.guests()
        self.assertEqual(('ours', 1), guest.key)
        self.assertTrue(guest.is_running)
        self.assertTrue(guest.description.passthrough)

    def test_connects_late_and_once(self) -> None:
        self.assertEqual(0, self.connect.call_count)
        self.names()
        self.names()
        self.assertEqual(1, self.connect.call_count)

    def test_xml_is_read_once_for_each_run(self) -> None:
        domain = self.connection.add('a')
        self.names()
        self.names()
        self.assertEqual(['a'], self.connection.done('XMLDesc'))
        domain.number = 5
        self.names()
        self.assertEqual(['a', 'a'], self.connection.done('XMLDesc'))

    def test_device_given_later(self) -> None:
        domain = self.connection.add('a')
        self.names()
        heard = mock.Mock()
        self.hypervisor.on_change = heard
        domain.devices = double.GPU
        event = libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED
        self.connection.handlers[event](
            self.connection, domain, 'hostdev0', None
        )
        self.assertEqual(1, heard.call_count)
        (guest,) = self.hypervisor.guests()
        self.assertTrue(guest.description.passthrough)

    def test_changes_are_told(self) -> None:
        domain = self.connection.add('a')
        self.names()
        heard = mock.Mock()
        self.hypervisor.on_change = heard
        event = libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE
        self.connection.handlers[event](self.connection, domain, 2, 0, None)
        self.connection.closed(self.connection, 1, None)
        self.assertEqual(2, heard.call_count)

    def test_paused_by_somebody_is_not_paused_by_its_disk(self) -> None:
        domain = self.connection.add('a')
        domain.is_paused = True
        self.assertTrue(self.hypervisor.guests()[0].is_held)
        domain.reason = libvirt.VIR_DOMAIN_PAUSED_IOERROR
        guest = self.hypervisor.guests()[0]
        self.assertFalse(guest.is_held or guest.is_running)

    def test_ended_meanwhile(self) -> None:
        self.connection.add('a').errors['state'] = double.GONE
        self.connection.add('b').errors['XMLDesc'] = double.GONE
        self.connection.add('c')
        self.assertEqual(['c'], self.names())

    def test_error_is_told(self) -> None:
        self.connection.add('a').errors['state'] = double.BROKEN
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.names()
        self.assertIn('it broke', str(caught.exception))

    def test_broken_connection_is_made_again(self) -> None:
        self.connection.add('a')
        self.names()
        before = self.connection
        before.alive = False
        self.connection = double.Connection()
        self.connection.add('b')
        self.assertEqual(['b'], self.names())
        self.assertIn('close', before.calls)
        self.assertEqual(3, len(self.connection.handlers))

    def test_no_daemon_is_not_no_guests(self) -> None:
        failed = exception.MechanismFailed('no daemon')
        self.connect.side_effect = failed
        with self.assertRaises(exception.MechanismFailed):
            self.names()
        inner = self.group / 'qemu-1'
        inner.mkdir()
        (self.group / 'cgroup.procs').write_text('')
        (inner / 'cgroup.procs').write_text('9\n')
        with self.assertRaises(exception.MechanismFailed):
            self.names()
        (inner / 'cgroup.procs').write_text('')
        self.assertEqual([], self.names())

    def test_no_events_no_connection(self) -> None:
        with (
            mock.patch.object(
                double.Connection,
                'registerCloseCallback',
                side_effect=double.BROKEN,
            ),
            self.assertRaises(exception.MechanismFailed),
        ):
            self.names()
        self.assertEqual(['close'], self.connection.calls)
        self.assertEqual([], self.names())
        self.assertEqual(2, self.connect.call_count)


class OpenTest(unittest.TestCase):
    def test_library_is_missing(self) -> None:
        with (
            mock.patch.object(libvirt_link, 'libvirt', None),
            self.assertRaises(exception.MechanismFailed) as caught,
        ):
            libvirt_link.Opener('test:///').open()
        self.assertIn('not installed', str(caught.exception))

    def test_no_daemon(self) -> None:
        uri = 'qemu+unix:///system?socket=/nonexistent'
        with self.assertRaises(exception.MechanismFailed) as caught:
            libvirt_link.Opener(uri).open()
        self.assertIn('/nonexistent', str(caught.exception))

    def test_no_answer(self) -> None:
        go_on, closed = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        late = mock.Mock()
        late.close.side_effect = closed.set

        def stopped(uri: str) -> mock.Mock:
            go_on.wait(PATIENCE_S)
            return late

        opener = libvirt_link.Opener('test:///', within_s=0.01)
        with mock.patch.object(libvirt, 'open', side_effect=stopped) as tried:
            for words in ('does not answer', 'still does not answer'):
                with self.assertRaises(exception.MechanismFailed) as caught:
                    opener.open()
                self.assertIn(words, str(caught.exception))
            self.assertEqual(1, tried.call_count)
            go_on.set()
            self.assertTrue(closed.wait(PATIENCE_S))


class CallsTest(double.LibvirtCase):
    def test_one_that_hangs_holds_up_no_other(self) -> None:
        go_on, done = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        stuck = self.connection.add('stuck')

        def hang(what: str) -> None:
            if what == 'suspend':
                go_on.wait(PATIENCE_S)
                done.set()

        stuck.before = hang
        self.connection.add('b')
        self.connection.add('gone').errors['suspend'] = double.GONE
        self.connection.add('bad').errors['suspend'] = double.BROKEN
        guests = self.hypervisor.guests()
        made = calls.Calls(workers=2, within_s=0.2)
        answers = made.each(guests, lambda each: each.domain.suspend())
        self.assertEqual({'b': None}, answers.given)
        self.assertEqual({'stuck', 'bad'}, set(answers.failed))
        self.assertIn('in time', answers.failed['stuck'])
        self.assertEqual('it broke', answers.failed['bad'])
        # Not a second thread that waits for the same.
        answers = made.each(guests[:2], lambda each: each.domain.suspend())
        self.assertEqual({'stuck'}, set(answers.failed))
        self.assertEqual(1, self.connection.done('suspend').count('stuck'))
        go_on.set()
        self.assertTrue(done.wait(PATIENCE_S))

    def test_bug_is_logged(self) -> None:
        self.connection.add('a')
        with self.assertLogs('nova_desktop.mechanism.calls', 'ERROR'):
            answers = calls.Calls().each(
                self.hypervisor.guests(), lambda each: 1 // 0
            )
        self.assertIn('ZeroDivisionError', answers.failed['a'])


class DescriptionTest(unittest.TestCase):
    def read(self, devices: str, rest: str = '') -> domain_xml.Description:
        return domain_xml.read(
            f'<domain>{rest}<devices>{devices}</devices></domain>'
        )

    def test_passed_devices(self) -> None:
        for devices, passed in (
            (double.GPU, True),
            ("<hostdev mode='subsystem' type='mdev'/>", True),
            ("<interface type='hostdev'/>", True),
            ("<hostdev mode='subsystem' type='usb'/>", False),
            ('', False),
        ):
            found = self.read(devices + double.BALLOON)
            self.assertEqual(passed, found.passthrough, devices)
            self.assertEqual(not passed, found.balloon, devices)

    def test_memory_that_stays(self) -> None:
        self.assertFalse(self.read('').balloon)
        self.assertFalse(self.read("<memballoon model='none'/>").balloon)
        for rest in (
            '<memoryBacking><hugepages/></memoryBacking>',
            '<memoryBacking><locked/></memoryBacking>',
            "<launchSecurity type='sev'/>",
        ):
            self.assertFalse(self.read(double.BALLOON, rest).balloon, rest)

    def test_taps(self) -> None:
        found = self.read(
            double.TAP.format('tap1')
            + double.TAP.format('tap0')
            + "<interface type='user'><target dev='x'/></interface>"
            "<interface type='bridge'/>"
        )
        self.assertEqual(('tap1', 'tap0'), found.taps)
