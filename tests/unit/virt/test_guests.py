# SPDX-License-Identifier: Apache-2.0
import json
import unittest
from unittest import mock

import libvirt
from nova import exception as nova_exception
from nova.virt.libvirt import guest as libvirt_guest

from nova_desktop.virt import guest_files, guests

SERVER = 'b38a3f43-4be2-4046-897f-b67c2f5e0147'


def error(code: int) -> libvirt.libvirtError:
    made = libvirt.libvirtError('failed')
    made.err = (code,)
    return made


GONE = error(libvirt.VIR_ERR_NO_DOMAIN)
BROKEN = error(libvirt.VIR_ERR_INTERNAL_ERROR)


class GuestsTest(unittest.TestCase):
    def setUp(self) -> None:
        patch = mock.patch.object(libvirt_guest, 'libvirtmod_qemu')
        self.command = patch.start().virDomainQemuAgentCommand
        self.addCleanup(patch.stop)
        self.host = mock.Mock()

    def domains(self, *memory_kib) -> None:
        self.host.list_guests.return_value = [
            mock.Mock(_domain=mock.Mock(maxMemory=mock.Mock(side_effect=[x])))
            for x in memory_kib
        ]

    def test_memory_of_all_guests(self) -> None:
        self.domains(1024 * 512, 1024 * 256)
        self.assertEqual(768, guests.memory_mib(self.host))

    def test_guest_that_goes_meanwhile_counts_nothing(self) -> None:
        self.domains(1024 * 512, GONE)
        self.assertEqual(512, guests.memory_mib(self.host))

    def test_other_errors_are_not_taken_for_no_guest(self) -> None:
        self.domains(1024 * 512, BROKEN)
        with self.assertRaises(libvirt.libvirtError):
            guests.memory_mib(self.host)

    def test_guests_of_another_driver_are_told(self) -> None:
        ours = '<resource><partition>/novadesktop</partition></resource>'
        self.host.list_guests.return_value = [
            mock.Mock(
                uuid=name, get_xml_desc=mock.Mock(side_effect=[described])
            )
            for name, described in (
                ('old', '<domain/>'),
                ('new', f'<domain>{ours}</domain>'),
                ('gone', GONE),
            )
        ]
        with self.assertLogs('nova_desktop.virt.guests', 'WARNING') as said:
            found = guests.warn_of_those_outside(self.host)
        self.assertEqual(['old'], found)
        self.assertIn('old', said.output[0])

    def test_paused(self) -> None:
        connection = self.host.get_connection()
        domain = connection.lookupByUUIDString.return_value
        for state, paused in (
            (libvirt.VIR_DOMAIN_PAUSED, True),
            (libvirt.VIR_DOMAIN_RUNNING, False),
        ):
            domain.info.return_value = [state, 1, 1, 1, 1]
            self.assertEqual(paused, guests.is_paused(self.host, SERVER))
        domain.info.side_effect = GONE
        self.assertFalse(guests.is_paused(self.host, SERVER))
        domain.info.side_effect = BROKEN
        with self.assertRaises(libvirt.libvirtError):
            guests.is_paused(self.host, SERVER)

    def test_unknown_server_is_no_guest(self) -> None:
        lookup = self.host.get_connection().lookupByUUIDString
        lookup.side_effect = GONE
        with self.assertRaises(nova_exception.InstanceNotFound):
            guests.agent_of(self.host, SERVER, 5.0)

    def test_command_and_answer(self) -> None:
        self.command.return_value = '{"return": 7}'
        ask = guests.agent_of(self.host, SERVER, 0.2)
        self.assertEqual(7, ask('guest-file-open', {'path': '/x'}))
        _domain, text, wait_s, _flags = self.command.call_args.args
        self.assertEqual(
            {'execute': 'guest-file-open', 'arguments': {'path': '/x'}},
            json.loads(text),
        )
        self.assertEqual(1, wait_s)

    def test_guest_without_an_agent(self) -> None:
        self.command.side_effect = BROKEN
        ask = guests.agent_of(self.host, SERVER, 5.0)
        with self.assertRaisesRegex(
            guest_files.GuestAgentFailed, 'guest-file-open'
        ):
            ask('guest-file-open', {})
