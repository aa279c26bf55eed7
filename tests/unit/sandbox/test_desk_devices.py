# SPDX-License-Identifier: Apache-2.0
import asyncio
import os
import pathlib
import stat
import tempfile
import time
import unittest

from sandbox import desk_devices

SIZE = desk_devices.EVENT.size


def events(data: bytes) -> list[tuple[int, ...]]:
    """Return (type, code, value) of each event."""
    return [event[2:] for event in desk_devices.EVENT.iter_unpack(data)]


class DevicesTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = pathlib.Path(temporary.name) / 'input'
        self.keyboard, self.mouse = desk_devices.plug(
            self.dir, time.CLOCK_MONOTONIC
        )
        self.addCleanup(self.keyboard.close)
        self.addCleanup(self.mouse.close)

    def open(self, path: pathlib.Path) -> int:
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        return reader

    async def test_links_lead_to_the_devices_as_udev_makes_them(self) -> None:
        for name, node in (
            ('platform-i8042-serio-0-event-kbd', 'event0'),
            ('platform-i8042-serio-1-event-mouse', 'event1'),
        ):
            link = self.dir / 'by-path' / name
            self.assertEqual(pathlib.Path('..') / node, link.readlink())
            self.assertTrue(stat.S_ISFIFO(link.stat().st_mode))

    async def test_a_press_is_one_report_with_the_asked_clock(self) -> None:
        reader = self.open(self.dir / 'event0')
        t_mono = self.keyboard.press(30)
        data = os.read(reader, 4096)
        self.assertEqual([(4, 4, 30), (1, 30, 1), (0, 0, 0)], events(data))
        seconds, micros, *_rest = desk_devices.EVENT.unpack(data[:SIZE])
        stamp_ns = (seconds * 1_000_000 + micros) * 1000
        self.assertLess(abs(stamp_ns - t_mono), 100_000_000)
        self.assertLess(micros, 1_000_000)

    async def test_what_nobody_read_is_gone_after_a_while(self) -> None:
        self.mouse.move(1, 0)
        await asyncio.sleep(3 * desk_devices.STALE_S)
        with self.assertRaises(BlockingIOError):
            os.read(self.open(self.dir / 'event1'), 4096)

    async def test_draining_spares_what_is_fresh(self) -> None:
        self.keyboard.press(30)
        await asyncio.sleep(0.8 * desk_devices.STALE_S)
        self.keyboard.press(31)
        await asyncio.sleep(0.5 * desk_devices.STALE_S)
        data = os.read(self.open(self.dir / 'event0'), 4096)
        self.assertEqual([(4, 4, 31), (1, 31, 1), (0, 0, 0)], events(data))

    async def test_a_flood_with_no_reader_neither_blocks_nor_stays(
        self,
    ) -> None:
        for _ in range(2000):
            self.mouse.move(1, 1)
        await asyncio.sleep(3 * desk_devices.STALE_S)
        with self.assertRaises(BlockingIOError):
            os.read(self.open(self.dir / 'event1'), 4096)

    async def test_plugging_again_keeps_the_nodes_and_empties_them(
        self,
    ) -> None:
        before = (self.dir / 'event0').stat().st_ino
        reader = self.open(self.dir / 'event0')
        self.keyboard.press(30)
        again = desk_devices.plug(self.dir, time.CLOCK_MONOTONIC)
        for device in again:
            self.addCleanup(device.close)
        self.assertEqual(before, (self.dir / 'event0').stat().st_ino)
        with self.assertRaises(BlockingIOError):
            os.read(reader, 4096)
