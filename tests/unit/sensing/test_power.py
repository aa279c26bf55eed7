# SPDX-License-Identifier: Apache-2.0
"""What the kernel shows of batteries and heat, and what becomes of it."""

import asyncio
import pathlib
import tempfile
import threading
import unittest
from typing import Any
from unittest import mock

from nova_desktop import model
from nova_desktop.sensing import power, supplies

Battery = supplies.Battery


class Tree:
    """A fake /sys/class."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.supplies = root / 'power_supply'
        self.thermal = root / 'thermal'
        self.supplies.mkdir()
        self.thermal.mkdir()

    def supply(self, name: str, **files: str) -> pathlib.Path:
        return self._write(self.supplies / name, files)

    def zone(self, number: int, temp: int, **trips: int) -> pathlib.Path:
        """Make a zone; degrees Celsius, with a trip point per kind."""
        files = {'temp': str(temp * 1000)}
        for index, (kind, limit) in enumerate(trips.items()):
            files[f'trip_point_{index}_type'] = kind
            files[f'trip_point_{index}_temp'] = str(limit * 1000)
        return self._write(self.thermal / f'thermal_zone{number}', files)

    @staticmethod
    def _write(where: pathlib.Path, files: dict[str, str]) -> pathlib.Path:
        where.mkdir(exist_ok=True)
        for name, text in files.items():
            (where / name).write_text(f'{text}\n')
        return where


class TreeCase(unittest.TestCase):
    def setUp(self) -> None:
        name = self.enterContext(tempfile.TemporaryDirectory())
        self.tree = Tree(pathlib.Path(name))


class BatteryTest(TreeCase):
    def read(self) -> Battery:
        return supplies.battery(self.tree.supplies)

    def test_desktop_is_on_mains(self) -> None:
        mains = Battery(present=False, discharging=False)
        self.assertEqual(mains, self.read())
        self.tree.supply('AC', type='Mains', online='1')
        self.assertEqual(mains, self.read())
        self.tree.supplies = self.tree.root / 'none'
        self.assertEqual(mains, self.read())

    def test_battery_of_a_mouse_is_none(self) -> None:
        self.tree.supply(
            'hidpp_battery_0',
            type='Battery',
            scope='Device',
            status='Discharging',
            capacity='5',
        )
        self.assertEqual(Battery(False, False), self.read())

    def test_empty_bay_is_none(self) -> None:
        self.tree.supply('BAT1', type='Battery', present='0')
        self.assertEqual(Battery(False, False), self.read())

    def test_laptop(self) -> None:
        for status, online, discharging in (
            ('Discharging', '0', True),
            ('Charging', '1', False),
            ('Full', '1', False),
            ('Not charging', '1', False),
            # A dock that gives less than the host takes.
            ('Discharging', '1', False),
            # Asked in the second in which the plug was pulled.
            ('Full', '0', False),
            ('Unknown', '0', None),
            ('', '0', None),
            ('Unknown', '1', False),
        ):
            self.tree.supply('AC', type='Mains', online=online)
            self.tree.supply(
                'BAT0', type='Battery', status=status, capacity='71'
            )
            self.assertEqual(
                Battery(True, discharging, 71.0), self.read(), status
            )

    def test_usb_c_is_a_supply(self) -> None:
        self.tree.supply('BAT0', type='Battery', status='Discharging')
        self.tree.supply('ucsi-1', type='USB', online='1')
        self.assertEqual(Battery(True, False), self.read())

    def test_two_batteries(self) -> None:
        self.tree.supply(
            'BAT0', type='Battery', status='Unknown', capacity='80'
        )
        self.tree.supply(
            'BAT1', type='Battery', status='Discharging', capacity='20'
        )
        self.assertEqual(Battery(True, True, 20.0), self.read())

    def test_charge_that_is_no_number(self) -> None:
        self.tree.supply(
            'BAT0', type='Battery', status='Full', capacity='lots'
        )
        self.assertEqual(Battery(True, False, None), self.read())

    def test_class_that_cannot_be_listed_is_not_known(self) -> None:
        self.tree.supplies = self.tree.root / 'file'
        self.tree.supplies.write_text('')
        self.assertEqual(Battery(), self.read())


class HeatTest(TreeCase):
    def hot(self, margin_c: float = 10, before: bool = False) -> bool | None:
        zones = supplies.zones(self.tree.thermal)
        return supplies.too_hot(zones, margin_c, before)

    def test_no_limit_is_not_known(self) -> None:
        self.assertIsNone(self.hot())
        self.tree.zone(0, 99, passive=90, active=50)
        self.tree.zone(1, 99, critical=0)  # as some firmware says for none
        self.assertIsNone(self.hot())
        self.tree.thermal = self.tree.root / 'none'
        self.assertIsNone(self.hot())

    def test_margin_below_the_lowest_limit(self) -> None:
        self.tree.zone(1, 40, critical=105)
        for temp, hot in ((84, False), (85, True), (120, True)):
            self.tree.zone(0, temp, passive=60, hot=95, critical=105)
            self.assertEqual(hot, self.hot(), temp)

    def test_cools_down_by_more(self) -> None:
        for temp, hot in ((84, True), (80, True), (79, False)):
            self.tree.zone(0, temp, hot=95)
            self.assertEqual(hot, self.hot(before=True), temp)

    def test_zone_without_temperature_is_passed_over(self) -> None:
        zone = self.tree.zone(0, 99, hot=95)
        (zone / 'temp').write_text('')
        self.assertIsNone(self.hot())
        self.tree.zone(1, 50, hot=95)
        self.assertFalse(self.hot())


class NoBus:
    """A system bus that is not there."""

    async def __call__(self) -> Any:
        raise FileNotFoundError('no bus')


class SourceTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        name = self.enterContext(tempfile.TemporaryDirectory())
        self.tree = Tree(pathlib.Path(name))
        self.now_s = 100.0
        self.event = asyncio.Event()

    async def start(self, poll_s: float = 0.02) -> power.PowerSource:
        source = power.PowerSource(
            NoBus(), lambda: self.now_s, self.tree.root, poll_s
        )
        self.addAsyncCleanup(source.stop)
        await source.start(self.event.set)
        return source

    async def test_desktop_without_upower_is_healthy_and_on_mains(
        self,
    ) -> None:
        source = await self.start()
        self.assertEqual(
            model.PowerFacts(has_battery=False, on_battery=False),
            source.facts(self.now_s),
        )
        health = source.health(self.now_s)
        self.assertTrue(health.ok)
        self.assertIn('not asked yet', health.reason)

    async def test_kernel_is_polled(self) -> None:
        self.tree.supply('BAT0', type='Battery', status='Full', capacity='100')
        self.tree.zone(0, 50, hot=95)
        source = await self.start()
        self.assertFalse(source.facts(self.now_s).on_battery)
        self.event.clear()
        self.tree.supply('BAT0', status='Discharging', capacity='90')
        await asyncio.wait_for(self.event.wait(), 5)
        self.assertEqual(
            model.PowerFacts(True, True, 90.0, too_hot=False),
            source.facts(self.now_s),
        )
        self.event.clear()
        self.tree.zone(0, 94, hot=95)
        await asyncio.wait_for(self.event.wait(), 5)
        self.assertTrue(source.facts(self.now_s).too_hot)

    async def test_old_reading_is_not_known_and_not_the_owner(self) -> None:
        self.tree.supply('BAT0', type='Battery', status='Full', capacity='100')
        source = await self.start(poll_s=10.0)
        late_s = self.now_s + 30.1
        self.assertFalse(source.facts(late_s - 0.2).on_battery)
        self.assertEqual(
            model.PowerFacts(has_battery=True), source.facts(late_s)
        )
        health = source.health(late_s)
        self.assertTrue(health.ok)
        self.assertIn('30 s', health.reason)

    async def test_firmware_that_hangs_is_asked_once(self) -> None:
        gate = threading.Event()
        self.addCleanup(gate.set)
        calls: list[pathlib.Path] = []

        def hang(root: pathlib.Path) -> Battery:
            calls.append(root)
            gate.wait(10)
            return Battery(True, True)

        with (
            mock.patch.object(supplies, 'battery', hang),
            mock.patch.object(power, '_READ_S', 0.05),
        ):
            source = await asyncio.wait_for(self.start(), 1)
            self.assertIsNone(source.facts(self.now_s).on_battery)
            self.assertTrue(source.health(self.now_s).ok)
            await asyncio.sleep(0.3)
            self.assertEqual(1, len(calls))
            gate.set()
            await asyncio.wait_for(self.event.wait(), 5)
            self.assertTrue(source.facts(self.now_s).on_battery)

    async def test_stop_ends_the_polls(self) -> None:
        source = await self.start()
        await source.stop()
        with mock.patch.object(supplies, 'battery') as read:
            await asyncio.sleep(0.06)
        read.assert_not_called()

    async def test_real_class_can_be_read(self) -> None:
        source = power.PowerSource(
            NoBus(), lambda: self.now_s, pathlib.Path('/sys/class')
        )
        self.addAsyncCleanup(source.stop)
        await source.start(self.event.set)
        self.assertIsNotNone(source.facts(self.now_s).has_battery)
