# SPDX-License-Identifier: Apache-2.0
import pathlib
import tempfile
import unittest
from unittest import mock

from nova.virt.libvirt import config as vconfig
from nova.virt.libvirt import guest as libvirt_guest

from nova_desktop.virt import partition

OURS = '<resource><partition>/novadesktop</partition></resource>'
OTHER = '<resource><partition>/machine</partition></resource>'
TUNED = (
    '<domain><cputune><shares>5</shares><period>1000</period>'
    '<quota>500</quota></cputune></domain>'
)


def config() -> vconfig.LibvirtConfigGuest:
    described = vconfig.LibvirtConfigGuest()
    described.virt_type = 'qemu'
    described.name = 'instance-1'
    described.uuid = 'b38a3f43-4be2-4046-897f-b67c2f5e0147'
    described.os_type = 'hvm'
    described.cputune = vconfig.LibvirtConfigGuestCPUTune()
    described.cputune.quota = 500
    return described


class PlacedTest(unittest.TestCase):
    def test_plain_domain(self) -> None:
        self.assertEqual(
            f'<domain>{OURS}</domain>', partition.placed('<domain/>', True)
        )

    def test_other_partition_is_replaced(self) -> None:
        self.assertEqual(
            f'<domain>{OURS}</domain>',
            partition.placed(f'<domain>{OTHER}</domain>', True),
        )

    def test_placed_domain_is_not_touched(self) -> None:
        xml = f'<domain>\n  {OURS}\n</domain>'
        self.assertIs(xml, partition.placed(xml, False))

    def test_own_bandwidth_is_dropped(self) -> None:
        xml = partition.placed(TUNED, False)
        self.assertNotIn('quota', xml)
        self.assertNotIn('period', xml)
        self.assertIn('<shares>5</shares>', xml)

    def test_own_bandwidth_is_kept(self) -> None:
        self.assertIn('<quota>500</quota>', partition.placed(TUNED, True))

    def test_what_is_no_domain_passes(self) -> None:
        for xml in ('', 'no xml', '<network/>', mock.sentinel.xml, None):
            self.assertIs(xml, partition.placed(xml, False))
            self.assertIs(xml, partition.unplaced(xml))

    def test_unplaced(self) -> None:
        self.assertEqual(
            '<domain/>', partition.unplaced(f'<domain>{OURS}</domain>')
        )


class ConfigTest(unittest.TestCase):
    def test_partition_is_in_the_xml(self) -> None:
        placed = partition.DesktopGuestConfig.of(config(), True)
        self.assertIsInstance(placed, vconfig.LibvirtConfigGuest)
        domain = placed.format_dom()
        self.assertEqual('/novadesktop', domain.findtext('resource/partition'))
        self.assertEqual('500', domain.findtext('cputune/quota'))

    def test_bandwidth_is_dropped_from_the_xml_alone(self) -> None:
        placed = partition.DesktopGuestConfig.of(config(), False)
        self.assertIsNone(placed.format_dom().find('cputune'))
        self.assertEqual(500, placed.cputune.quota)

    def test_mock_passes(self) -> None:
        self.assertIs(
            mock.sentinel.config,
            partition.DesktopGuestConfig.of(mock.sentinel.config, True),
        )


class LeavingGuestTest(unittest.TestCase):
    def arrives(self, inside: str, to_stock: bool, keep: bool = True) -> str:
        domain = mock.Mock()
        domain.XMLDesc.return_value = f'<domain>{inside}</domain>'
        stock = libvirt_guest.Guest(domain)
        guest = partition.leaving_guest(stock, to_stock, keep)
        return guest.get_xml_desc(dump_migratable=True)

    def test_stock_host_gets_no_partition(self) -> None:
        self.assertEqual('<domain/>', self.arrives(OURS, to_stock=True))
        self.assertEqual('<domain></domain>', self.arrives('', to_stock=True))

    def test_workstation_gets_it_wherever_the_guest_was_started(self) -> None:
        for inside in (OURS, '', OTHER):
            self.assertEqual(
                f'<domain>{OURS}</domain>', self.arrives(inside, False)
            )

    def test_unknown_host_gets_the_guest_as_it_is(self) -> None:
        guest = mock.Mock()
        self.assertIs(guest, partition.leaving_guest(guest, None, True))

    def test_limits_of_its_own_are_left_behind(self) -> None:
        quota = '<cputune><quota>1</quota></cputune>'
        self.assertNotIn('quota', self.arrives(quota, False, keep=False))


class HostTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def test_missing_partition_is_said(self) -> None:
        with self.assertLogs('nova_desktop.virt.partition', 'ERROR') as said:
            self.assertFalse(partition.warn_if_missing(self.root))
        self.assertIn('nova-desktop-agent --prepare', said.output[0])

    def test_both_kinds_of_partition_are_found(self) -> None:
        for place in ('novadesktop.slice', 'cpu/novadesktop.partition'):
            with self.subTest(place):
                (self.root / place).mkdir(parents=True)
                self.assertTrue(partition.warn_if_missing(self.root))
                (self.root / place).rmdir()

    def test_cgroup_version(self) -> None:
        self.assertFalse(partition.unified(self.root))
        (self.root / 'cgroup.controllers').touch()
        self.assertTrue(partition.unified(self.root))
