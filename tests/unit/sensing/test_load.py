# SPDX-License-Identifier: Apache-2.0
"""The owner's load: the host's without the guests'."""

import asyncio
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from nova_desktop import exception, model
from nova_desktop.sensing import load, pressure

TICKS = os.sysconf('SC_CLK_TCK')


class Host:
    """A fake tree of the counters that are read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now_s = 100.0
        self.guests_s: float | None = 0.0
        (root / 'proc').mkdir()
        self.run(0.0)

    def run(self, busy_s: float) -> None:
        """Let the machine have been busy for so long since it booted."""
        part = int(busy_s * TICKS / 5)
        idle = 10**6
        (self.root / 'proc/stat').write_text(
            f'cpu  {part} {part} {part} {idle} {idle} {part} {part} 77 5 5\n'
            'cpu0 1 2 3 4 5 6 7 8 9 10\n'
        )

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.write_text(text)
        return path


class LoadTest(unittest.TestCase):
    def setUp(self) -> None:
        root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, root)
        self.host = Host(root)

    def source(self, **others: Any) -> load.LoadSource:
        paths: dict[str, Any] = {'guests': lambda: self.host.guests_s}
        return load.LoadSource(
            self.host.root / 'proc',
            clock=lambda: self.host.now_s,
            **paths | others,
        )

    def facts(self, source: load.LoadSource) -> model.LoadFacts:
        return source.facts(self.host.now_s)

    def test_first_sample_says_nothing(self) -> None:
        source = self.source()
        source.sample()
        self.assertEqual(model.LoadFacts(), self.facts(source))
        self.assertTrue(source.health(self.host.now_s).ok)

    def test_guests_are_taken_off(self) -> None:
        source = self.source()
        source.sample()
        self.host.now_s += 10.0
        self.host.run(20.0)
        self.host.guests_s = 15.0
        source.sample()
        self.assertAlmostEqual(0.5, self.facts(source).owner_cpus or 0)
        self.assertIsNone(self.facts(source).cpu_pressure)

    def test_unknown_guests_leave_all_to_the_owner(self) -> None:
        for before, after in ((None, 15.0), (15.0, None), (15.0, 3.0)):
            source = self.source()
            self.host.run(0.0)
            self.host.guests_s = before
            source.sample()
            self.host.now_s += 10.0
            self.host.run(20.0)
            self.host.guests_s = after
            source.sample()
            self.assertAlmostEqual(2.0, self.facts(source).owner_cpus or 0)

    def test_both_kinds_of_usage_file(self) -> None:
        v1 = ('cpuacct.usage', '{:.0f}000000000\n')
        v2 = ('cpu.stat', 'usage_usec {:.0f}000000\nuser_usec 1\n')
        for host, guests in ((v1, v2), (v2, v1)):
            paths = [
                self.host.write(f'{who}-{name}', text.format(1))
                for who, (name, text) in (('host', host), ('guests', guests))
            ]
            source = self.source(host_usage=paths[0], guests=paths[1])
            source.sample()
            self.host.now_s += 10.0
            self.host.run(9999.0)
            paths[0].write_text(host[1].format(31))
            paths[1].write_text(guests[1].format(11))
            source.sample()
            self.assertAlmostEqual(2.0, self.facts(source).owner_cpus or 0)

    def waited(self, group: str, kind: str, total_us: int) -> Path:
        """Write how long tasks of a group waited."""
        directory = self.host.root / 'groups' / group
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f'{kind}.pressure'
        path.write_text(
            f'some avg10=9.00 avg60=9.00 avg300=9.00 total={total_us}\n'
            'full avg10=9.00 avg60=9.00 avg300=9.00 total=1\n'
        )
        return path

    def waiting(self) -> pressure.OwnersPressure:
        found = pressure.OwnersPressure(
            self.host.root / 'groups', {'guests'}, {}
        )
        self.addCleanup(found.close)
        return found

    def test_pressure_is_that_of_the_worst_group(self) -> None:
        for group in ('user', 'system', 'guests'):
            self.waited(group, 'cpu', 1000000)
        source = self.source(waiting=self.waiting())
        source.sample()
        self.host.now_s += 10.0
        self.waited('user', 'cpu', 2000000)
        self.waited('system', 'cpu', 3000000)
        self.waited('guests', 'cpu', 9000000)
        source.sample()
        self.assertAlmostEqual(0.2, self.facts(source).cpu_pressure or 0)

    def test_each_resource_has_a_pressure(self) -> None:
        for kind in pressure.KINDS:
            self.waited('user', kind, 0)
        source = self.source(waiting=self.waiting())
        source.sample()
        self.host.now_s += 10.0
        disk = self.waited('user', 'io', 5000000)
        self.waited('user', 'memory', 99000000)
        source.sample()
        seen = self.facts(source)
        self.assertEqual(
            (0.0, 0.5, 1.0),
            (seen.cpu_pressure, seen.io_pressure, seen.memory_pressure),
        )
        # A kernel or a group without a file has no say, once it is reopened.
        disk.unlink()
        source = self.source(waiting=self.waiting())
        for _ in range(2):
            self.host.now_s += 10.0
            source.sample()
        self.assertIsNone(self.facts(source).io_pressure)
        self.assertTrue(source.health(self.host.now_s).ok)

    def test_unreadable_pressure_is_no_reading(self) -> None:
        self.waited('user', 'io', 0).write_text('hello')
        source = self.source(waiting=self.waiting())
        source.sample()
        self.assertFalse(source.health(self.host.now_s).ok)

    def test_memory_that_can_be_had(self) -> None:
        for text, expected in (
            ('MemTotal: 1000 kB\nMemAvailable: 250 kB\n', 0.25),
            ('MemAvailable: 0 kB\nMemFree: 7 kB\nMemTotal: 9 kB\n', 0.0),
            ('MemAvailable: 12 kB\nMemTotal: 9 kB\n', 1.0),
        ):
            self.host.write('proc/meminfo', text)
            source = self.source()
            source.sample()
            self.host.now_s += 10.0
            source.sample()
            seen = self.facts(source)
            self.assertEqual(expected, seen.memory_available)

    def test_memory_of_another_shape_is_not_believed(self) -> None:
        for text in ('', 'MemTotal: 9 kB', 'MemTotal: 0 kB', 'MemTotal: x'):
            self.host.write('proc/meminfo', text)
            source = self.source()
            source.sample()
            self.assertFalse(source.health(self.host.now_s).ok, text)

    def test_broken_counter_is_no_reading(self) -> None:
        source = self.source()
        source.sample()
        for text in ('', 'cpu x y z', 'cpu  1 2'):
            self.host.write('proc/stat', text)
            source.sample()
            self.assertFalse(source.health(self.host.now_s).ok)
            self.assertEqual(model.LoadFacts(), self.facts(source))
        self.host.run(1.0)
        source.sample()
        self.assertTrue(source.health(self.host.now_s).ok)
        # What passed while it was broken is not counted in one go.
        self.assertEqual(model.LoadFacts(), self.facts(source))

    def test_old_sample_is_stale(self) -> None:
        source = self.source(period_s=5.0)
        source.sample()
        self.assertTrue(source.health(self.host.now_s + 15).ok)
        health = source.health(self.host.now_s + 15.1)
        self.assertFalse(health.ok)
        self.assertIn('15 s', health.reason)


class TimerTest(unittest.IsolatedAsyncioTestCase):
    def source(self, **others: Any) -> load.LoadSource:
        self.loop = asyncio.get_running_loop()
        self.asked = asyncio.Semaphore(0)
        self.told = asyncio.Semaphore(0)

        def guests() -> float:
            self.asked.release()
            return 0.0

        source = load.LoadSource(
            Path('/proc'), guests, self.loop.time, **others
        )
        self.addAsyncCleanup(source.stop)
        return source

    async def test_samples_each_period_until_stopped(self) -> None:
        source = self.source(period_s=0.02)
        await source.start(self.told.release)
        for _ in range(4):
            await asyncio.wait_for(self.asked.acquire(), 2)
        self.assertIsNotNone(source.facts(self.loop.time()).owner_cpus)
        # Each says something new of the whole host.
        self.assertFalse(self.told.locked())
        await source.stop()
        await asyncio.sleep(0.06)
        self.assertTrue(self.asked.locked())
        self.assertFalse(source.health(self.loop.time()).ok)

    async def test_change_of_health_is_told(self) -> None:
        root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, root)
        counter = root / 'cpuacct.usage'
        counter.write_text('1')
        source = self.source(period_s=0.02, host_usage=counter)
        await source.start(self.told.release)
        for text, healthy in (('x', False), ('2', True)):
            counter.write_text(text)
            await asyncio.wait_for(self.told.acquire(), 2)
            self.assertIs(healthy, source.health(self.loop.time()).ok)

    async def test_stall_is_sampled_and_told_before_the_period_ends(
        self,
    ) -> None:
        waiting = mock.Mock(spec=pressure.OwnersPressure)
        waiting.read.return_value = {}
        source = self.source(period_s=600.0, waiting=waiting)
        await source.start(self.told.release)
        [(_loop, stalled), _] = waiting.listen.call_args
        await self.asked.acquire()
        begin_s = self.loop.time()
        # Three kinds of stall at once are one sample, which comes only when
        # it says something of a share of time.
        for _ in range(3):
            stalled()
        await asyncio.wait_for(self.told.acquire(), 2)
        self.assertGreater(self.loop.time(), begin_s + load.LEAST_S - 0.1)
        await self.asked.acquire()
        self.assertTrue(self.asked.locked())
        self.assertTrue(self.told.locked())
        await source.stop()
        waiting.close.assert_called_once()

    async def test_start_says_what_is_missing(self) -> None:
        source = load.LoadSource(
            Path('/proc'), Path('/nonexistent/cpu.stat'), lambda: 0.0
        )
        with self.assertRaisesRegex(exception.HostUnready, '/nonexistent'):
            await source.start(lambda: None)
