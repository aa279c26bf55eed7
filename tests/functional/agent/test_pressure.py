# SPDX-License-Identifier: Apache-2.0
"""Waiting tasks, in real groups and told by the real kernel."""

import asyncio
import contextlib
import os
import pathlib
import subprocess
import time
import unittest
from collections.abc import Iterator

from nova_desktop.sensing import load, pressure

ROOTS = (
    pathlib.Path('/sys/fs/cgroup/unified'),
    pathlib.Path('/sys/fs/cgroup'),
)
ROOT = next((each for each in ROOTS if (each / 'cgroup.stat').exists()), None)
SHARE = 0.2
# Each waits half of its time for the one CPU that both may use.
BURN = ('taskset', '-c', '0', 'sh', '-c', 'while :; do :; done')


def _has_pressure() -> bool:
    if ROOT is None or os.geteuid() != 0:
        return False
    with contextlib.suppress(OSError):
        pathlib.Path('/proc/pressure/cpu').read_text()
        return True
    return False


@unittest.skipUnless(_has_pressure(), 'needs root, cgroup v2 and PSI')
class PressureTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        assert ROOT is not None
        self.parent = ROOT / f'ndtest-pressure-{os.getpid()}'
        self.make('')
        self.owners = self.make('user.slice')
        self.guests = self.make('guests')
        self.told = asyncio.Semaphore(0)

    def make(self, name: str) -> pathlib.Path:
        path = self.parent / name
        path.mkdir()
        self.addCleanup(self.remove, path)
        return path

    def remove(self, path: pathlib.Path) -> None:
        end_s = time.monotonic() + 5
        while path.exists():
            # Who was killed leaves the group a moment later.
            with contextlib.suppress(OSError):
                path.rmdir()
            self.assertLess(time.monotonic(), end_s)
            time.sleep(0.01)

    @contextlib.contextmanager
    def busy(self, group: pathlib.Path) -> Iterator[None]:
        running = [subprocess.Popen(BURN) for _ in range(2)]
        try:
            for each in running:
                (group / 'cgroup.procs').write_text(str(each.pid))
            yield
        finally:
            for each in running:
                each.kill()
                each.wait()

    async def start(self, period_s: float = 600.0) -> load.LoadSource:
        source = load.LoadSource(
            pathlib.Path('/proc'),
            lambda: 0.0,
            time.monotonic,
            period_s,
            waiting=pressure.OwnersPressure(
                self.parent, {'guests'}, dict.fromkeys(pressure.KINDS, SHARE)
            ),
        )
        await source.start(self.told.release)
        self.addAsyncCleanup(source.stop)
        return source

    def waited(self, source: load.LoadSource) -> float:
        return source.facts(time.monotonic()).cpu_pressure or 0.0

    async def test_waiting_owner_is_told_long_before_the_period_ends(
        self,
    ) -> None:
        source = await self.start()
        with self.busy(self.owners):
            # The second time, all of what is compared was waiting.
            for _ in range(2):
                await asyncio.wait_for(self.told.acquire(), 15)
            self.assertGreater(self.waited(source), SHARE)

    async def test_waiting_guests_are_nobody(self) -> None:
        source = await self.start()
        with self.busy(self.guests), contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.told.acquire(), 5)
            self.fail('the kernel told of guests that wait')
        source.sample()
        self.assertLess(self.waited(source), SHARE)

    async def test_group_that_is_made_again_is_heard_again(self) -> None:
        source = await self.start()
        self.remove(self.owners)
        # The kernel tells of that as of a stall.
        await asyncio.wait_for(self.told.acquire(), 5)
        self.assertEqual(0.0, self.waited(source))
        self.owners.mkdir()
        source.sample()
        with self.busy(self.owners):
            for _ in range(2):
                await asyncio.wait_for(self.told.acquire(), 15)
            self.assertGreater(self.waited(source), SHARE)
