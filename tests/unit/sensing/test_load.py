# SPDX-License-Identifier: Apache-2.0
"""The owner's load: the host's without the guests'."""

import asyncio
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from typing import Any

from nova_desktop import exception, model
from nova_desktop.sensing import load

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

    def test_pressure_is_that_of_the_worst_group(self) -> None:
        line = 'some avg10=9.00 avg60=9.00 avg300=9.00 total={}\nfull total=0'
        paths = tuple(
            self.host.write(name, line.format(1000000))
            for name in ('user', 'system')
        )
        source = self.source(pressure=paths)
        source.sample()
        self.host.now_s += 10.0
        paths[1].write_text(line.format(3000000))
        source.sample()
        self.assertAlmostEqual(0.2, self.facts(source).cpu_pressure or 0)

    def test_disk_and_memory_pressure_are_found_beside(self) -> None:
        line = 'some avg10=9.00 avg60=9.00 avg300=9.00 total={}\n'
        cpu = self.host.write('cpu.pressure', line.format(0))
        disk = self.host.write('io.pressure', line.format(0))
        memory = self.host.write('memory.pressure', line.format(0))
        source = self.source(pressure=(cpu,))
        source.sample()
        self.host.now_s += 10.0
        disk.write_text(line.format(5000000))
        memory.write_text(line.format(99000000))
        source.sample()
        seen = self.facts(source)
        self.assertEqual(
            (0.0, 0.5, 1.0),
            (seen.cpu_pressure, seen.io_pressure, seen.memory_pressure),
        )
        # A kernel or a group without them has no say.
        disk.unlink()
        self.host.now_s += 10.0
        source.sample()
        self.assertIsNone(self.facts(source).io_pressure)
        self.assertTrue(source.health(self.host.now_s).ok)

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

    def test_real_proc_can_be_read(self) -> None:
        self.assertGreater(load.busy_s(Path('/proc')), 0.0)
        self.assertGreater(load.available(Path('/proc')) or 0.0, 0.0)

    def test_files_of_another_shape_are_refused(self) -> None:
        path = self.host.write('other', 'hello\n')
        with self.assertRaises(ValueError):
            load.usage_s(path)
        with self.assertRaises(ValueError):
            load.stalled_s(path)


class TimerTest(unittest.IsolatedAsyncioTestCase):
    async def test_samples_each_period_until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        source = load.LoadSource(
            Path('/proc'), lambda: 0.0, loop.time, period_s=0.02
        )
        ticks = asyncio.Semaphore(0)
        await source.start(ticks.release)
        for _ in range(3):
            await asyncio.wait_for(ticks.acquire(), 2)
        self.assertIsNotNone(source.facts(loop.time()).owner_cpus)
        await source.stop()
        await asyncio.sleep(0.06)
        self.assertTrue(ticks.locked())
        self.assertFalse(source.health(loop.time()).ok)

    async def test_start_says_what_is_missing(self) -> None:
        source = load.LoadSource(
            Path('/proc'), Path('/nonexistent/cpu.stat'), lambda: 0.0
        )
        with self.assertRaisesRegex(exception.HostUnready, '/nonexistent'):
            await source.start(lambda: None)
