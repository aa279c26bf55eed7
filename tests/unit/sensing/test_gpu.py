# SPDX-License-Identifier: Apache-2.0
"""Who uses the GPUs, on a fake /proc: no machine here has one."""

import asyncio
import os
import pathlib
import shutil
import tempfile
import unittest
from typing import Any
from unittest import mock

from nova_desktop import model
from nova_desktop.sensing import drm, gpu, nvidia

GUESTS = 'novadesktop.slice'
CARD = '0000:03:00.0'
PERSON = 1000


def fdinfo(client: int = 1, card: str = CARD, **engines_ns: int) -> str:
    """Word what a driver tells of one client."""
    lines = [
        'pos:\t0',
        'drm-driver:\tamdgpu',
        f'drm-pdev:\t{card}',
        f'drm-client-id:\t{client}',
        'drm-memory-vram:\t1 KiB',
    ]
    lines += [f'drm-engine-{it}:\t{engines_ns[it]} ns' for it in engines_ns]
    return '\n'.join(lines) + '\n'


class Host:
    """A fake /proc and /sys/class/drm."""

    def __init__(self, root: pathlib.Path) -> None:
        self.proc, self.drm = root / 'proc', root / 'drm'
        self.now_s = 100.0
        self.proc.mkdir()
        self.drm.mkdir()
        for name in ('version', 'card0', 'card0-DP-1', 'renderD128'):
            (self.drm / name).touch()

    def process(self, pid: int, guest: bool = False) -> None:
        """Let a process run."""
        directory = self.proc / str(pid)
        (directory / 'fd').mkdir(parents=True)
        (directory / 'fdinfo').mkdir()
        (directory / 'fd/0').symlink_to('/dev/null')
        group = f'/{GUESTS}/machine-1' if guest else '/user.slice'
        (directory / 'cgroup').write_text(f'0::{group}\n')

    def use(self, pid: int, text: str, file: int = 7) -> None:
        """Let it have a GPU open, of which the driver tells this."""
        link = self.proc / f'{pid}/fd/{file}'
        if not link.is_symlink():
            link.symlink_to('/dev/dri/renderD128')
        (self.proc / f'{pid}/fdinfo/{file}').write_text(text)


class HostCase(unittest.TestCase):
    def setUp(self) -> None:
        root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, root)
        self.host = Host(root)


class ParseTest(unittest.TestCase):
    def test_engines_of_a_client(self) -> None:
        text = fdinfo(4, gfx=2_000_000_000, dec=0)
        text += 'drm-engine-capacity-gfx:\t2\ndrm-cycles-ccs:\t77\n'
        self.assertEqual(
            ((CARD, '4'), {(CARD, 'gfx'): 1.0, (CARD, 'dec'): 0.0}),
            drm.parse(text),
        )

    def test_device_without_a_place_goes_by_its_driver(self) -> None:
        found = drm.parse('drm-driver:\tv3d\ndrm-client-id:\t9\n')
        self.assertEqual((('v3d', '9'), {}), found)

    def test_other_files_are_no_clients(self) -> None:
        self.assertIsNone(drm.parse('pos:\t0\nflags:\t02\n'))
        self.assertIsNone(drm.parse('drm-driver:\tast\n'))
        with self.assertRaises(ValueError):
            drm.parse('drm-client-id:\t1\ndrm-engine-gfx:\tmuch\n')


class ClientsTest(HostCase):
    def setUp(self) -> None:
        super().setUp()
        self.clients = drm.Clients(self.host.proc, GUESTS)

    def test_client_that_several_share_counts_once_and_is_the_owners(
        self,
    ) -> None:
        for pid in (10, 11):
            self.host.process(pid, guest=pid == 10)
            self.host.use(pid, fdinfo(1, gfx=5))
            self.host.use(pid, fdinfo(1, gfx=5), file=8)
        self.host.process(12, guest=True)
        self.host.use(12, fdinfo(2, gfx=5))
        found = self.clients.read()
        self.assertEqual({(CARD, '1'), (CARD, '2')}, set(found))
        self.assertFalse(found[CARD, '1'].guest)
        self.assertTrue(found[CARD, '2'].guest)

    def test_new_process_is_seen_at_once_an_old_one_in_its_turn(self) -> None:
        self.host.process(10)
        self.assertEqual({}, self.clients.read())
        self.host.use(10, fdinfo(gfx=5))
        self.host.process(11)
        self.host.use(11, fdinfo(2, gfx=5))
        self.assertIn((CARD, '2'), self.clients.read())
        for _ in range(6):
            found = self.clients.read()
        self.assertIn((CARD, '1'), found)

    def test_process_and_file_that_go_under_the_look(self) -> None:
        for pid in (10, 11):
            self.host.process(pid)
            self.host.use(pid, fdinfo(pid, gfx=5))
        self.clients.read()
        shutil.rmtree(self.host.proc / '10')
        (self.host.proc / '11/fdinfo/7').unlink()
        self.assertEqual({}, self.clients.read())

    def test_closed_process_of_a_person_is_an_error(self) -> None:
        self.host.process(10)
        refused = PermissionError(13, 'Permission denied')
        for uid, expected in ((0, False), (110, False), (PERSON, True)):
            status = mock.Mock(st_uid=uid)
            with (
                mock.patch.object(drm.os, 'readlink', side_effect=refused),
                mock.patch.object(drm.os, 'stat', return_value=status),
            ):
                clients = drm.Clients(self.host.proc, GUESTS)
                if expected:
                    with self.assertRaises(PermissionError):
                        clients.read()
                else:
                    self.assertEqual({}, clients.read())

    def test_has_gpu(self) -> None:
        self.assertTrue(drm.has_gpu(self.host.drm))
        (self.host.drm / 'renderD128').unlink()
        # A frame buffer, as virtual machines and servers have it.
        self.assertFalse(drm.has_gpu(self.host.drm))
        self.assertFalse(drm.has_gpu(self.host.drm / 'none'))


class SourceTest(HostCase, unittest.IsolatedAsyncioTestCase):
    def source(self, **others: Any) -> gpu.GpuSource:
        source = gpu.GpuSource(
            self.host.proc,
            self.host.drm,
            lambda: self.host.now_s,
            GUESTS,
            **others,
        )
        self.addAsyncCleanup(source.stop)
        return source

    def facts(self, source: gpu.GpuSource) -> model.GpuFacts:
        return source.facts(self.host.now_s)

    def health(self, source: gpu.GpuSource) -> model.Health:
        return source.health(self.host.now_s)

    async def test_busiest_engine_of_each_side(self) -> None:
        for pid, guest in ((10, False), (11, False), (12, True)):
            self.host.process(pid, guest)
            self.host.use(pid, fdinfo(pid, gfx=7 * 10**9, dec=0))
        source = self.source()
        await source.look()
        self.assertEqual(model.GpuFacts(), self.facts(source))
        self.host.now_s += 10.0
        self.host.use(10, fdinfo(10, gfx=8 * 10**9, dec=2 * 10**9))
        self.host.use(11, fdinfo(11, gfx=10 * 10**9, dec=0))
        self.host.use(12, fdinfo(12, gfx=12 * 10**9, dec=0))
        # What this one used may be of long ago.
        self.host.process(13)
        self.host.use(13, fdinfo(13, gfx=99 * 10**9))
        await source.look()
        seen = self.facts(source)
        self.assertAlmostEqual(0.4, seen.owner_busy or 0)
        self.assertAlmostEqual(0.5, seen.guests_busy or 0)
        self.assertTrue(self.health(source).ok)

    async def test_host_without_gpu_is_healthy_and_reads_nothing(self) -> None:
        shutil.rmtree(self.host.drm)
        source = self.source(period_s=0.02)
        with mock.patch.object(drm.Clients, 'read') as read:
            await source.start(lambda: None)
            await asyncio.sleep(0.05)
        read.assert_not_called()
        self.host.now_s += 1000.0
        self.assertTrue(self.health(source).ok)
        self.assertEqual(model.GpuFacts(), self.facts(source))

    async def test_failed_look_is_not_believed_and_told(self) -> None:
        self.host.process(10)
        self.host.use(10, fdinfo(gfx=1))
        source = self.source()
        told = mock.Mock()
        await source.start(told)
        refused = PermissionError(13, 'Permission denied')
        with mock.patch.object(drm.Clients, 'read', side_effect=refused):
            await source.look()
            await source.look()
        health = self.health(source)
        self.assertFalse(health.ok)
        self.assertIn('CAP_SYS_PTRACE', health.reason)
        told.assert_called_once()
        self.host.use(10, 'drm-client-id:\t1\ndrm-engine-gfx:\tmuch\n')
        await source.look()
        self.assertFalse(self.health(source).ok)
        self.host.use(10, fdinfo(gfx=1))
        await source.look()
        self.assertTrue(self.health(source).ok)

    async def test_look_that_hangs_is_stale_and_not_joined(self) -> None:
        source = self.source(period_s=10.0)
        await source.look()
        held = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hang() -> dict[Any, Any]:
            asyncio.run_coroutine_threadsafe(held.wait(), loop).result()
            return {}

        with (
            mock.patch.object(drm.Clients, 'read', side_effect=hang) as read,
            mock.patch.object(gpu, '_READ_S', 0.02),
        ):
            await source.look()
            await source.look()
            self.assertEqual(1, read.call_count)
            self.assertTrue(self.health(source).ok)
            self.host.now_s += 31.0
            self.assertFalse(self.health(source).ok)
            held.set()
            with mock.patch.object(gpu, '_READ_S', 5.0):
                await source.look()
        self.assertTrue(self.health(source).ok)

    async def test_both_kinds_of_gpu(self) -> None:
        own_driver = mock.Mock(spec=nvidia.Nvidia, missing='')
        own_driver.has_gpu.return_value = True
        own_driver.read.side_effect = [(0.6, 0.1), None]
        source = self.source(own_driver=own_driver)
        await source.look()
        self.assertEqual(model.GpuFacts(0.6, 0.1), self.facts(source))
        own_driver.missing = 'what uses it is not seen'
        await source.look()
        self.assertEqual(
            model.Health(True, 'what uses it is not seen'),
            self.health(source),
        )
        own_driver.read.side_effect = nvidia.Unreadable('GPU is lost')
        await source.look()
        self.assertIn('GPU is lost', self.health(source).reason)
        self.assertFalse(self.health(source).ok)


class RealProcTest(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, 'looks into every process')
    def test_real_processes_can_be_looked_into(self) -> None:
        clients = drm.Clients(pathlib.Path('/proc'), GUESTS)
        self.assertIsInstance(clients.read(), dict)
