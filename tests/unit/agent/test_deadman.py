# SPDX-License-Identifier: Apache-2.0
import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop import exception
from nova_desktop.agent import deadman


class Timers:
    """A loop's timers, rung by hand."""

    def __init__(self) -> None:
        self.set: dict[object, tuple] = {}

    def call_later(self, seconds, call):
        timer = mock.Mock()
        timer.cancel.side_effect = lambda: self.set.pop(timer, None)
        self.set[timer] = (seconds, call)
        return timer

    @property
    def seconds(self) -> list:
        return [seconds for seconds, _ in self.set.values()]

    def ring(self) -> None:
        for timer, (_, call) in list(self.set.items()):
            del self.set[timer]
            call()


class DeadManTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder, 'fence-in')
        self.timers = Timers()
        self.closed: list[str] = []
        self.error: Exception | None = None
        self.dead_man = self.made()

    def made(self) -> deadman.DeadMan:
        return deadman.DeadMan(self.close, self.path, self.timers.call_later)

    async def close(self, why: str) -> None:
        self.closed.append(why)
        if self.error is not None:
            raise self.error

    async def ring(self) -> None:
        self.timers.ring()
        await self.dead_man._closing

    async def test_silence_fences(self) -> None:
        await self.dead_man.put_off(60)
        await self.dead_man.put_off(50)
        self.assertEqual([50], self.timers.seconds)
        self.assertEqual([], self.closed)
        await self.ring()
        self.assertEqual([deadman.WHY], self.closed)

    async def test_never(self) -> None:
        await self.dead_man.put_off(60)
        await self.dead_man.put_off(0)
        self.assertEqual([], self.timers.seconds)
        self.assertFalse(self.path.exists())

    async def test_the_next_agent_goes_on(self) -> None:
        await self.dead_man.put_off(60)
        self.dead_man.stop()
        self.assertEqual([], self.timers.seconds)
        self.dead_man = self.made()
        self.dead_man.load()
        self.assertEqual([60], self.timers.seconds)
        await self.ring()
        self.assertEqual([deadman.WHY], self.closed)
        await self.dead_man.put_off(0)
        self.made().load()
        self.assertEqual([], self.timers.seconds)

    async def test_a_spoilt_record_fences_soon(self) -> None:
        self.path.write_text('x')
        with self.assertLogs('nova_desktop.agent.deadman', 'ERROR'):
            self.dead_man.load()
        self.assertEqual([1], self.timers.seconds)

    async def test_written_once(self) -> None:
        await self.dead_man.put_off(60)
        self.path.unlink()
        await self.dead_man.put_off(60)
        self.assertFalse(self.path.exists())

    async def test_a_record_that_cannot_be_written(self) -> None:
        self.path.mkdir()
        with self.assertRaises(exception.MechanismFailed):
            await self.dead_man.put_off(60)
        self.assertEqual([], self.timers.seconds)

    async def test_guests_that_are_late_are_told(self) -> None:
        self.error = exception.MechanismFailed('libvirt is late')
        await self.dead_man.put_off(1)
        with self.assertLogs('nova_desktop.agent.deadman', 'ERROR'):
            await self.ring()

    async def test_dry_run(self) -> None:
        dry = deadman.DeadMan(self.close, None, self.timers.call_later)
        dry.load()
        with self.assertRaises(exception.MechanismFailed):
            await dry.put_off(60)
