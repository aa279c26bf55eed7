# SPDX-License-Identifier: Apache-2.0
"""A slice that somebody else writes to is looked at, though not for ever."""

import asyncio
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from nova_desktop.agent import slice_watch
from nova_desktop.sensing import folder


class SliceWatchTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.path = Path(tempfile.mkdtemp()) / 'guests.slice'
        self.addCleanup(shutil.rmtree, self.path.parent)
        self.path.mkdir()
        self.looks = 0
        self.looked = asyncio.Event()
        self.is_changed = False
        self.watch = slice_watch.SliceWatch(self.path, self.look)
        self.addCleanup(self.watch.stop)
        self.enterContext(mock.patch.object(slice_watch, '_REST_S', 2.0))
        self.watch.start()

    def look(self) -> bool:
        self.looks += 1
        self.looked.set()
        return self.is_changed

    async def heard(self) -> None:
        async with asyncio.timeout(5):
            await self.looked.wait()
        self.looked.clear()

    def write(self, name: str = 'cpu.max') -> None:
        (self.path / name).write_text('max')

    async def test_a_write_is_heard(self) -> None:
        self.write()
        await self.heard()
        self.write('cgroup.procs')
        await asyncio.sleep(0.02)
        self.assertFalse(self.looked.is_set())

    async def test_whoever_goes_on_is_answered_once_in_a_while(self) -> None:
        self.is_changed = True
        for _ in range(20):
            self.write()
            await asyncio.sleep(0.001)
        self.assertEqual(1, self.looks)
        self.looked.clear()
        await self.heard()
        self.assertEqual(2, self.looks)

    async def test_a_slice_that_was_made_again_is_heard(self) -> None:
        shutil.rmtree(self.path)
        await self.heard()
        self.path.mkdir()
        await self.heard()
        self.write()
        await self.heard()

    async def test_without_inotify_nothing_fails(self) -> None:
        other = slice_watch.SliceWatch(self.path, self.look)
        refused = mock.Mock(side_effect=OSError(24, 'too many'))
        with (
            mock.patch.object(folder, 'FolderWatch', refused),
            self.assertLogs('nova_desktop.agent.slice_watch') as said,
        ):
            other.start()
        other.stop()
        self.assertIn('at the next tick only', said.output[0])
