# SPDX-License-Identifier: Apache-2.0
"""Programs that want the host for themselves, by their processes."""

import asyncio
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest
from typing import Any

from nova_desktop import model
from nova_desktop.sensing import apps

LONG = 'a-game-of-a-long-name'


class Processes:
    """A fake /proc."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        (root / 'stat').write_text('cpu')
        (root / 'self').mkdir()

    def add(
        self, pid: int, comm: str, exe: str = '', cgroup: str = '/'
    ) -> None:
        where = self.root / str(pid)
        where.mkdir(exist_ok=True)
        (where / 'comm').write_text(f'{comm[:15]}\n')
        (where / 'cgroup').write_text(f'0::{cgroup}\n4:cpu:{cgroup}\n')
        (where / 'exe').unlink(missing_ok=True)
        if exe:
            (where / 'exe').symlink_to(exe)

    def end(self, pid: int) -> None:
        shutil.rmtree(self.root / str(pid))


class AppsTest(unittest.TestCase):
    def setUp(self) -> None:
        name = self.enterContext(tempfile.TemporaryDirectory())
        self.proc = Processes(pathlib.Path(name))
        self.now_s = 10.0
        self.events = 0

    def source(self, *names: str, **others: Any) -> apps.AppSource:
        return apps.AppSource(
            self.proc.root, names, lambda: self.now_s, **others
        )

    def running(self, source: apps.AppSource) -> tuple[str, ...] | None:
        source.look()
        return source.facts(self.now_s).running

    def test_by_name_of_the_process_or_of_its_file(self) -> None:
        self.proc.add(1, 'init', '/sbin/init')
        self.proc.add(2, 'kthreadd')
        source = self.source('doom', 'FooGame-Linux', LONG)
        self.assertEqual((), self.running(source))
        self.assertIsNone(source.facts(0).last_seen_s)
        self.proc.add(10, 'doom')
        self.assertEqual(('doom',), self.running(source))
        # As the engine has it that names its main thread so.
        self.proc.add(11, 'GameThread', '/opt/foo/FooGame-Linux')
        self.assertEqual(('FooGame-Linux', 'doom'), self.running(source))
        self.proc.end(10)
        self.proc.add(12, LONG)
        self.assertEqual(('FooGame-Linux', LONG), self.running(source))

    def test_replaced_file_is_the_same_program(self) -> None:
        self.proc.add(10, 'x', '/usr/bin/doom (deleted)')
        self.assertEqual(('doom',), self.running(self.source('doom')))

    def test_names_that_are_alike_are_others(self) -> None:
        self.proc.add(10, 'doomed', '/usr/bin/doomed')
        self.proc.add(11, 'Doom', '/opt/doom/run')
        self.assertEqual((), self.running(self.source('doom')))

    def test_end_is_remembered(self) -> None:
        self.proc.add(10, 'doom')
        source = self.source('doom')
        self.running(source)
        self.now_s = 20.0
        self.running(source)
        self.proc.end(10)
        self.now_s = 22.0
        self.running(source)
        self.assertEqual(
            model.AppFacts((), 'doom', 20.0), source.facts(self.now_s)
        )

    def test_child_that_becomes_the_program(self) -> None:
        source = self.source('doom')
        self.proc.add(10, 'sh', '/bin/sh')
        self.assertEqual((), self.running(source))
        self.proc.add(10, 'doom', '/usr/games/doom')
        self.assertEqual(('doom',), self.running(source))

    def test_old_process_that_becomes_the_program(self) -> None:
        source = self.source('doom')
        self.proc.add(10, 'sh', '/bin/sh')
        for _ in range(7):
            self.running(source)
        self.proc.add(10, 'doom', '/usr/games/doom')
        found = [self.running(source) for _ in range(5)]
        self.assertEqual(('doom',), found[-1])

    def test_number_that_another_process_took(self) -> None:
        source = self.source('doom')
        self.proc.add(10, 'doom')
        for _ in range(7):
            self.assertEqual(('doom',), self.running(source))
        self.proc.add(10, 'sh')
        found = [self.running(source) for _ in range(5)]
        self.assertEqual((), found[-1])

    def test_guest_is_not_the_owners(self) -> None:
        name = 'qemu-system-x86_64'
        partition = '/novadesktop.slice/machine-qemu.scope/emulator'
        self.proc.add(10, name, f'/usr/bin/{name}', partition)
        source = self.source(name, guests='novadesktop.slice')
        self.assertEqual((), self.running(source))
        self.proc.add(11, name, f'/usr/bin/{name}', '/user.slice/x')
        self.assertEqual((name,), self.running(source))

    def test_proc_that_cannot_be_listed_is_not_known(self) -> None:
        source = self.source('doom')
        self.running(source)
        shutil.rmtree(self.proc.root)
        self.assertIsNone(self.running(source))
        health = source.health(self.now_s)
        self.assertTrue(health.ok)
        self.assertIn('listed', health.reason)
        self.proc.root.mkdir()
        self.proc.add(10, 'doom')
        self.assertEqual(('doom',), self.running(source))
        self.assertEqual('', source.health(self.now_s).reason)


class TimerTest(unittest.IsolatedAsyncioTestCase):
    async def test_real_program_is_seen_to_come_and_go(self) -> None:
        name = self.enterContext(tempfile.TemporaryDirectory())
        game = pathlib.Path(name, LONG)
        shutil.copy('/bin/sleep', game)
        changed = asyncio.Event()
        source = apps.AppSource(
            pathlib.Path('/proc'), [LONG], time.monotonic, poll_s=0.05
        )
        self.addAsyncCleanup(source.stop)
        await source.start(changed.set)
        self.assertEqual((), source.facts(0).running)
        process = subprocess.Popen([game, '100'])
        try:
            await asyncio.wait_for(changed.wait(), 5)
            self.assertEqual((LONG,), source.facts(0).running)
            changed.clear()
        finally:
            process.kill()
            process.wait()
        await asyncio.wait_for(changed.wait(), 5)
        facts = source.facts(0)
        self.assertEqual(((), LONG), (facts.running, facts.last))

    async def test_nothing_is_looked_at_without_names(self) -> None:
        source = apps.AppSource(
            pathlib.Path('/nonexistent'), [], lambda: 0.0, poll_s=0.01
        )
        await source.start(self.fail)
        await asyncio.sleep(0.05)
        self.assertEqual(model.AppFacts(), source.facts(0))
        self.assertEqual(model.Health(True), source.health(0))

    async def test_stop_ends_the_looks(self) -> None:
        source = apps.AppSource(
            pathlib.Path('/nonexistent'), ['doom'], lambda: 0.0, poll_s=0.01
        )
        await source.start(lambda: None)
        self.assertIsNone(source.facts(0).running)
        await source.stop()
        source._complaint = 'stopped'
        await asyncio.sleep(0.05)
        self.assertEqual('stopped', source.health(0).reason)
