# SPDX-License-Identifier: Apache-2.0
"""Input devices: seen at once, never read, never trusted when broken."""

import asyncio
import os
import shutil
import struct
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from nova_desktop import exception, model
from nova_desktop.model import DeviceClass
from nova_desktop.sensing import devices, evdev

WINDOW_S = 0.05
SECRET = 0x1E


def key_event(code: int = SECRET) -> bytes:
    """Build a key press as the kernel would write it."""
    return struct.pack('llHHi', 12, 345678, 1, code, 1) + struct.pack(
        'llHHi', 12, 345678, 0, 0, 0
    )


class Clock:
    """A clock that is cranked by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class InputTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp()) / 'input'
        (self.dir / 'by-path').mkdir(parents=True)
        self.addCleanup(shutil.rmtree, self.dir.parent)
        self.clock = Clock()
        self.event = asyncio.Event()
        self.events = 0
        self.source = evdev.InputSource(self.dir, self.clock, WINDOW_S)
        self.writers: dict[str, int] = {}

    async def asyncTearDown(self) -> None:
        await self.source.stop()
        for fd in self.writers.values():
            os.close(fd)

    def told(self) -> None:
        self.events += 1
        self.event.set()

    def plug(self, name: str, link: str = '') -> None:
        """Make a device and keep a writer, as a hand that may move."""
        if link:
            (self.dir / 'by-path' / link).symlink_to(f'../{name}')
        os.mkfifo(self.dir / name)
        self.writers[name] = os.open(
            self.dir / name, os.O_RDWR | os.O_NONBLOCK
        )

    def unplug(self, name: str) -> None:
        os.close(self.writers.pop(name))
        (self.dir / name).unlink()

    def touch(self, name: str) -> None:
        os.write(self.writers[name], key_event())

    async def start(self) -> None:
        await self.source.start(self.told)

    async def wait(self) -> None:
        """Wait for one event."""
        await asyncio.wait_for(self.event.wait(), 2)
        self.event.clear()

    async def until_healthy(self, ok: bool = True) -> model.Health:
        for _ in range(200):
            health = self.source.health(self.clock())
            if health.ok is ok:
                return health
            await asyncio.sleep(0.01)
        self.fail(f'health stays {health}')

    def facts(self) -> model.InputFacts:
        return self.source.facts(self.clock())

    async def test_key_is_seen_at_its_moment(self) -> None:
        self.plug('event0', 'platform-i8042-serio-0-event-kbd')
        await self.start()
        self.assertEqual(model.InputFacts(), self.facts())
        self.clock.now_s = 1234.5
        self.touch('event0')
        await self.wait()
        self.assertEqual(model.InputFacts(last_key_s=1234.5), self.facts())

    async def test_pointer_is_told_apart_and_its_windows_counted(self) -> None:
        self.plug('event1', 'pci-0000:00:14.0-usb-0:1:1.0-event-mouse')
        await self.start()
        for window in (1, 2, 3, 4):
            self.clock.now_s = 1000.0 + window * WINDOW_S
            self.touch('event1')
            await self.wait()
            seen = self.facts()
            self.assertEqual(self.clock.now_s, seen.last_pointer_s)
            self.assertIsNone(seen.last_key_s)
            self.assertEqual(min(window, 3), seen.pointer_windows)
            await asyncio.sleep(WINDOW_S * 1.5)
        self.clock.now_s += 10 * WINDOW_S
        self.assertEqual(0, self.facts().pointer_windows)

    async def test_one_burst_is_one_window(self) -> None:
        self.plug('event1', 'usb-mouse-event-mouse')
        await self.start()
        for _ in range(50):
            self.touch('event1')
        await self.wait()
        await asyncio.sleep(WINDOW_S * 3)
        self.assertEqual(1, self.events)
        self.assertEqual(1, self.facts().pointer_windows)

    async def test_flood_wakes_once_in_a_window(self) -> None:
        self.plug('event1', 'usb-mouse-event-mouse')
        await self.start()
        loop = asyncio.get_running_loop()
        end_s = loop.time() + WINDOW_S * 6
        while loop.time() < end_s:
            self.touch('event1')
            await asyncio.sleep(0.001)
        self.assertGreaterEqual(self.events, 3)
        self.assertLessEqual(self.events, 8)

    async def test_device_rests_closed_and_is_armed_again(self) -> None:
        self.plug('event0')
        await self.start()
        self.touch('event0')
        await self.wait()
        for _ in range(20):
            if len(self.open_fds('event0')) == 1:
                break
            await asyncio.sleep(0.001)
        self.assertEqual(1, len(self.open_fds('event0')))
        self.assertTrue(self.source.health(self.clock()).ok)
        await asyncio.sleep(WINDOW_S * 1.5)
        self.assertEqual(2, len(self.open_fds('event0')))
        self.touch('event0')
        await self.wait()
        self.assertEqual(2, self.events)

    def open_fds(self, name: str) -> list[str]:
        """Find this process's descriptors of a node, the writer's with it."""
        found = []
        for link in Path('/proc/self/fd').iterdir():
            try:
                target = link.readlink()
            except OSError:
                continue
            if target == self.dir / name:
                found.append(link.name)
        return found

    async def test_stop_closes_all(self) -> None:
        self.plug('event0')
        self.plug('event1')
        await self.start()
        self.assertEqual(2, len(self.open_fds('event1')))
        await self.source.stop()
        self.assertEqual(1, len(self.open_fds('event0')))
        self.assertEqual(1, len(self.open_fds('event1')))
        self.assertFalse(self.source.health(self.clock()).ok)

    async def test_can_be_started_again(self) -> None:
        self.plug('event0')
        await self.start()
        await self.source.stop()
        await self.start()
        self.touch('event0')
        await self.wait()
        self.assertTrue(self.source.health(self.clock()).ok)

    async def test_what_was_typed_does_not_stay(self) -> None:
        self.plug('event0')
        await self.start()
        self.touch('event0')
        await self.wait()
        kept = bytes(devices._drain_buffer)
        self.assertEqual(bytes(len(kept)), kept)

    async def test_joystick_and_unnamed_devices_are_keys(self) -> None:
        self.plug('event2', 'usb-pad-event-joystick')
        self.plug('event3')
        await self.start()
        for name in ('event2', 'event3'):
            self.clock.now_s += 1
            self.touch(name)
            await self.wait()
            self.assertEqual(self.clock.now_s, self.facts().last_key_s)

    async def test_ignored_device_is_neither_opened_nor_missed(self) -> None:
        def classify(node: Path) -> DeviceClass:
            if node.name == 'event5':
                return DeviceClass.IGNORED
            return DeviceClass.KEY

        self.source = evdev.InputSource(
            self.dir, self.clock, WINDOW_S, classify
        )
        self.plug('event0')
        self.plug('event5')
        await self.start()
        self.assertEqual(1, len(self.open_fds('event5')))
        self.assertTrue(self.source.health(self.clock()).ok)

    def told_by_udev(self) -> Path:
        """Classify by a database that says it in one word."""
        database = self.dir.parent / 'data'
        database.mkdir()

        def classify(node: Path) -> DeviceClass:
            entry = database / f'c13:{node.name}'
            if not entry.exists():
                return devices.by_links(node)
            return DeviceClass(entry.read_text())

        self.source = evdev.InputSource(
            self.dir, self.clock, WINDOW_S, classify, database
        )
        return database

    def enter(self, database: Path, name: str, kind: DeviceClass) -> None:
        """Write as udev does: beside the entry, then in its place."""
        draft = database / f'.#c13:{name}x'
        draft.write_text(kind.value)
        draft.rename(database / f'c13:{name}')

    async def test_class_that_udev_tells_after_all_else(self) -> None:
        database = self.told_by_udev()
        self.plug('event0')
        await self.start()
        self.plug('event7')
        await self.wait()
        self.assertEqual(2, len(self.open_fds('event7')))
        self.enter(database, 'event7', DeviceClass.IGNORED)
        await self.wait()
        self.assertEqual(1, len(self.open_fds('event7')))
        self.assertTrue(self.source.health(self.clock()).ok)
        self.enter(database, 'event0', DeviceClass.POINTER)
        await self.wait()
        self.touch('event0')
        await self.wait()
        self.assertEqual(self.clock.now_s, self.facts().last_pointer_s)
        self.assertIsNone(self.facts().last_key_s)

    async def test_what_udev_tells_of_other_devices_wakes_nobody(self) -> None:
        database = self.told_by_udev()
        self.plug('event0')
        await self.start()
        for name in ('b8:0', '+power_supply:BAT0', 'n2', 'c1300:1'):
            (database / name).write_text('')
        await asyncio.sleep(0.05)
        self.assertEqual(0, self.events)

    async def test_keyboard_counts_while_the_lid_is_ignored(self) -> None:
        database = self.told_by_udev()
        self.enter(database, 'event3', DeviceClass.IGNORED)
        self.plug('event3')
        self.plug('event4', 'usb-dock-event-kbd')
        await self.start()
        self.touch('event3')
        await asyncio.sleep(WINDOW_S)
        self.assertEqual(model.InputFacts(), self.facts())
        self.touch('event4')
        await self.wait()
        self.assertEqual(self.clock.now_s, self.facts().last_key_s)

    async def test_plugged_in_later(self) -> None:
        self.plug('event0')
        await self.start()
        self.plug('event7', 'usb-mouse-event-mouse')
        await self.until_healthy()
        self.touch('event7')
        await asyncio.sleep(0.02)
        self.assertEqual(self.clock.now_s, self.facts().last_pointer_s)

    async def test_link_that_comes_after_the_device(self) -> None:
        self.plug('event0')
        self.plug('event7')
        await self.start()
        (self.dir / 'by-path' / 'usb-x-event-mouse').symlink_to('../event7')
        await self.wait()
        self.touch('event7')
        await self.wait()
        self.assertIsNone(self.facts().last_key_s)
        self.assertIsNotNone(self.facts().last_pointer_s)

    async def test_unplugged(self) -> None:
        self.plug('event0')
        self.plug('event1')
        await self.start()
        self.unplug('event1')
        await self.until_healthy()
        self.unplug('event0')
        await self.wait()
        health = await self.until_healthy(False)
        self.assertIn('no input device', health.reason)

    async def test_same_name_is_another_device(self) -> None:
        self.plug('event0')
        await self.start()
        self.unplug('event0')
        self.plug('event0')
        await self.wait()
        await self.until_healthy()
        self.touch('event0')
        await self.wait()
        self.assertEqual(self.clock.now_s, self.facts().last_key_s)

    async def test_unreadable_device_is_named_and_recovers(self) -> None:
        self.plug('event0')
        self.plug('event1')
        with self.refused('event1'):
            await self.start()
            health = self.source.health(self.clock())
        self.assertFalse(health.ok)
        self.assertIn('event1', health.reason)
        self.assertIn('as root', health.reason)
        (self.dir / 'event1').chmod(0o600)
        await self.wait()
        self.assertTrue(self.source.health(self.clock()).ok)

    def refused(self, name: str) -> 'mock._patch[object]':
        """Have a node refused, which root cannot be by its mode."""
        real = os.open

        def refuse(path: Path, flags: int) -> int:
            if Path(path).name == name:
                raise PermissionError(13, 'Permission denied')
            return real(path, flags)

        return mock.patch.object(devices.os, 'open', refuse)

    async def test_start_without_any_readable_device(self) -> None:
        self.plug('event0')
        with (
            self.refused('event0'),
            self.assertRaisesRegex(exception.InputUnreadable, 'event0'),
        ):
            await self.start()

    async def test_start_without_the_directory(self) -> None:
        source = evdev.InputSource(self.dir / 'none', self.clock)
        with self.assertRaisesRegex(exception.InputUnreadable, 'none'):
            await source.start(self.told)
        self.assertFalse(source.health(self.clock()).ok)

    async def test_device_that_fails_when_read(self) -> None:
        self.plug('event0')
        await self.start()
        gone = OSError(19, 'No such device')
        with mock.patch.object(devices, 'discard', side_effect=gone):
            self.touch('event0')
            await self.wait()
        health = self.source.health(self.clock())
        self.assertFalse(health.ok)
        self.assertIn('No such device', health.reason)
        self.assertIsNone(self.facts().last_key_s)

    async def test_what_cannot_be_waited_for_is_not_believed(self) -> None:
        self.plug('event0')
        await self.start()
        (self.dir / 'event1').write_text('')
        health = await self.until_healthy(False)
        await asyncio.sleep(0.05)
        health = self.source.health(self.clock())
        self.assertIn('event1', health.reason)

    async def test_touch_is_told_though_no_thread_can_start(self) -> None:
        self.plug('event0')
        await self.start()
        full = RuntimeError("can't start new thread")
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        with mock.patch.object(loop, 'run_in_executor', side_effect=full):
            self.touch('event0')
            await self.wait()
        self.assertEqual(1000.0, self.facts().last_key_s)

    async def test_device_that_cannot_be_armed_again_is_told(self) -> None:
        self.plug('event0')
        await self.start()
        self.touch('event0')
        await self.wait()
        with self.refused('event0'):
            await self.wait()
        health = self.source.health(self.clock())
        self.assertFalse(health.ok)
        self.assertIn('event0', health.reason)

    async def test_change_that_nobody_told_of_is_found(self) -> None:
        self.plug('event0')
        await self.start()
        assert self.source._watch is not None
        self.source._watch.close()
        with mock.patch.object(evdev, 'REPAIR_S', 0.01):
            self.plug('event1')
            health = self.source.health(self.clock())
            self.assertIn('event1', health.reason)
            with mock.patch.object(self.source._watch, 'refresh'):
                await self.until_healthy()
            self.source._watch = None

    async def test_directory_that_goes_and_comes_back(self) -> None:
        self.plug('event0')
        await self.start()
        with mock.patch.object(evdev, 'REPAIR_S', 0.05):
            moved = self.dir.rename(self.dir.with_name('moved'))
            health = await self.until_healthy(False)
            self.assertIn('cannot be read', health.reason)
            await asyncio.sleep(0.2)
            self.assertLess(self.events, 10)
            moved.rename(self.dir)
            await self.until_healthy()
