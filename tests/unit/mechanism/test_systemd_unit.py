# SPDX-License-Identifier: Apache-2.0
"""What systemd is told, on a bus of its own with a double of systemd."""

import asyncio
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from typing import Any
from unittest import mock

import dbus_fast
import dbus_fast.aio
import dbus_fast.service

from nova_desktop import model
from nova_desktop.mechanism import systemd_unit

NAME = 'novadesktop.slice'
SYSTEMD = 'org.freedesktop.systemd1'
INFINITY = 2**64 - 1
WAIT_S = 10
CONFIG = """<busconfig>
  <type>system</type><listen>unix:path={socket}</listen>
  <policy context="default">
    <allow user="*"/> <allow own="*"/>
    <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
HELD = model.Hold(
    slice=model.SliceTarget(cpus=0.25),
    cores=model.CoreTarget((1, 9)),
    disk=model.DiskTarget(bytes_per_s=1000),
)
OTHER = model.Hold(slice=model.SliceTarget(cpus=1.5))


class WordsTest(unittest.TestCase):
    def test_quota_is_what_the_kernel_has(self) -> None:
        for period_us in (10_000, 30_000, 100_000, 999_999):
            for cpus in (0.0, 0.1, 1 / 3, 0.9999, 7.7):
                quota_us = max(1000, round(cpus * period_us))
                told = systemd_unit.cpu(model.SliceTarget(cpus), period_us)
                self.assertEqual(('t', period_us), told['CPUQuotaPeriodUSec'])
                per_second_us = told['CPUQuotaPerSecUSec'][1]
                # As systemd computes what it writes.
                written = per_second_us * period_us // 1_000_000
                self.assertEqual(quota_us, written, (cpus, period_us))

    def test_class_is_the_weight(self) -> None:
        for idle, weight in ((True, 0), (False, 100)):
            told = systemd_unit.cpu(model.SliceTarget(0.5, idle), 100_000)
            self.assertEqual(('t', weight), told['CPUWeight'])

    def test_mask_of_cpus(self) -> None:
        for cpus, mask in (
            (None, b''),
            ((0,), b'\x01'),
            ((1, 9), b'\x02\x02'),
            ((64,), b'\x00' * 8 + b'\x01'),
        ):
            told = systemd_unit.cores(model.CoreTarget(cpus))
            self.assertEqual({'AllowedCPUs': ('ay', mask)}, told)


class Manager(dbus_fast.service.ServiceInterface):
    """Takes what it is told, or refuses it, or does not answer in time."""

    def __init__(self) -> None:
        super().__init__(f'{SYSTEMD}.Manager')
        self.calls: list[tuple[str, bool, dict[str, Any]]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.called = asyncio.Event()
        self.refusal = ''

    @dbus_fast.service.method(name='SetUnitProperties')
    async def set_unit_properties(
        self,
        name: 's',  # noqa: F821
        runtime: 'b',  # noqa: F821
        values: 'a(sv)',  # noqa: F821
    ):
        told = {name: (each.signature, each.value) for name, each in values}
        self.calls.append((name, runtime, told))
        self.called.set()
        await self.may_answer.wait()
        if self.refusal:
            raise dbus_fast.DBusError(f'{SYSTEMD}.No', self.refusal)


@unittest.skipUnless(shutil.which('dbus-daemon'), 'needs dbus-daemon')
class FollowTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        config = root / 'bus.conf'
        config.write_text(CONFIG.format(socket=root / 'bus'))
        daemon = subprocess.Popen(
            ['dbus-daemon', f'--config-file={config}', '--print-address=1'],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.terminate)
        self.addCleanup(daemon.stdout.close)
        self.address = daemon.stdout.readline().strip()
        self.systemd = Manager()
        bus = await self.connect()
        bus.export('/org/freedesktop/systemd1', self.systemd)
        await bus.request_name(SYSTEMD)
        self.memory: int | None = None
        self.disks = ['8:0', '8:16']
        self.unit = systemd_unit.SliceUnit(
            self.connect,
            NAME,
            disks=lambda: self.disks,
            memory_limit_bytes=lambda: self.memory,
        )

    async def connect(self) -> dbus_fast.aio.MessageBus:
        bus = dbus_fast.aio.MessageBus(bus_address=self.address)
        await bus.connect()
        self.addCleanup(bus.disconnect)
        return bus

    def last(self) -> dict[str, Any]:
        return self.systemd.calls[-1][2]

    async def test_shape_of_the_call(self) -> None:
        self.memory = 4096
        await self.unit.follow(HELD)
        ((name, runtime, told),) = self.systemd.calls
        self.assertEqual((NAME, True), (name, runtime))
        each = [('/dev/block/8:0', 1000), ('/dev/block/8:16', 1000)]
        self.assertEqual(
            {
                'CPUWeight': ('t', 0),
                'CPUQuotaPeriodUSec': ('t', 100_000),
                'CPUQuotaPerSecUSec': ('t', 250_000),
                'AllowedCPUs': ('ay', b'\x02\x02'),
                'IOReadBandwidthMax': ('a(st)', each),
                'IOWriteBandwidthMax': ('a(st)', each),
                'IOReadIOPSMax': ('a(st)', []),
                'IOWriteIOPSMax': ('a(st)', []),
                'MemoryHigh': ('t', 4096),
            },
            told,
        )

    async def test_only_what_differs_is_told(self) -> None:
        await self.unit.follow(HELD)
        await self.unit.follow(HELD)
        self.assertEqual(1, len(self.systemd.calls))
        await self.unit.follow(model.Hold(HELD.slice, disk=HELD.disk))
        self.assertEqual({'AllowedCPUs': ('ay', b'')}, self.last())
        self.disks.append('8:32')
        await self.unit.follow(HELD)
        self.assertEqual(
            {'AllowedCPUs', 'IOReadBandwidthMax', 'IOWriteBandwidthMax'},
            set(self.last()),
        )
        self.unit.forget_told()
        await self.unit.follow(HELD)
        self.assertEqual(9, len(self.last()))

    async def test_latest_wins_one_at_a_time(self) -> None:
        self.systemd.may_answer.clear()
        first = asyncio.create_task(self.unit.follow(HELD))
        await asyncio.wait_for(self.systemd.called.wait(), WAIT_S)
        for cpus in (0.5, 0.75, None):
            await self.unit.follow(model.Hold(model.SliceTarget(cpus)))
        self.assertEqual(1, len(self.systemd.calls))
        self.systemd.may_answer.set()
        await asyncio.wait_for(first, WAIT_S)
        self.assertEqual(2, len(self.systemd.calls))
        self.assertEqual(('t', INFINITY), self.last()['CPUQuotaPerSecUSec'])

    async def test_refusal_is_logged_once_and_told_again(self) -> None:
        self.systemd.refusal = 'not today'
        with self.assertLogs(systemd_unit.LOG.logger, 'WARNING') as logs:
            await self.unit.follow(OTHER)
            await self.unit.follow(HELD)
        self.assertEqual(1, len(logs.output))
        self.assertIn('not today', logs.output[0])
        # Only a change is a reason to try again.
        self.systemd.refusal = ''
        await self.unit.follow(HELD)
        self.assertEqual(2, len(self.systemd.calls))
        await self.unit.follow(OTHER)
        self.assertEqual(9, len(self.last()))

    async def test_silence_is_bounded(self) -> None:
        self.systemd.may_answer.clear()
        with (
            mock.patch.object(systemd_unit, '_TIMEOUT_S', 0.1),
            self.assertLogs(systemd_unit.LOG.logger, 'WARNING') as logs,
        ):
            await asyncio.wait_for(self.unit.follow(HELD), WAIT_S)
        self.assertIn('in time', logs.output[0])
        self.systemd.may_answer.set()
        silent = len(self.systemd.calls)  # none where even that was slow
        await self.unit.follow(OTHER)
        self.assertEqual(silent + 1, len(self.systemd.calls))

    async def test_no_bus(self) -> None:
        async def refuse() -> dbus_fast.aio.MessageBus:
            raise ConnectionRefusedError('no bus')

        unit = systemd_unit.SliceUnit(refuse, NAME)
        with self.assertLogs(systemd_unit.LOG.logger, 'WARNING'):
            await unit.follow(HELD)

    async def test_limit_that_cannot_be_read(self) -> None:
        def broken() -> None:
            raise RuntimeError('a bug')

        unit = systemd_unit.SliceUnit(
            self.connect, NAME, memory_limit_bytes=broken
        )
        with self.assertLogs(systemd_unit.LOG.logger, 'WARNING') as logs:
            await unit.follow(HELD)
        self.assertIn('a bug', logs.output[0])

    async def test_forget(self) -> None:
        await self.unit.follow(HELD)
        await self.unit.forget()
        told = self.last()
        self.assertEqual(('t', INFINITY), told['CPUQuotaPerSecUSec'])
        self.assertEqual(('t', INFINITY), told['CPUQuotaPeriodUSec'])
        self.assertEqual(('t', INFINITY), told['MemoryHigh'])
        self.assertEqual(('ay', b''), told['AllowedCPUs'])
        self.assertEqual(('a(st)', []), told['IOWriteBandwidthMax'])
        # Whoever goes on after all tells again what is held.
        await self.unit.follow(HELD)
        self.assertEqual(('t', 250_000), self.last()['CPUQuotaPerSecUSec'])
        self.assertEqual(('ay', b'\x02\x02'), self.last()['AllowedCPUs'])
