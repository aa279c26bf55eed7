# SPDX-License-Identifier: Apache-2.0
"""All slow rungs together."""

import asyncio
import threading
import unittest

from nova_desktop import model
from nova_desktop.agent import rung, rungs
from nova_desktop.mechanism import noop

HELD = model.Hold(
    slice=model.SliceTarget(0.1),
    cores=model.CoreTarget((1,)),
    pause=model.PauseTarget(everybody=True),
)


class Slow(noop.NoopSlice):
    """A mechanism that waits for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go_on = threading.Event()

    def apply(self, target) -> None:
        self.may_go_on.wait(10)
        super().apply(target)


class RungsTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        post = asyncio.get_running_loop().call_soon_threadsafe
        self.cores, self.pause = noop.NoopSlice(), Slow()
        self.rungs = rungs.Rungs(
            [
                rung.Rung('cores', self.cores, model.CoreTarget(), post),
                rung.Rung('pause', self.pause, model.PauseTarget(), post),
            ]
        )
        self.addCleanup(self.rungs.stop)
        self.addCleanup(self.pause.may_go_on.set)
        self.rungs.start()

    async def test_each_gets_its_own_target(self) -> None:
        self.pause.may_go_on.set()
        self.rungs.want(HELD)
        await self.rungs.settle('cores', 10)
        await self.rungs.settle('pause', 10)
        self.assertEqual([HELD.cores], self.cores.applied)
        self.assertEqual([HELD.pause], self.pause.applied)
        self.assertEqual({'cores': '', 'pause': ''}, self.rungs.problems())

    async def test_done_is_about_who_is_paused(self) -> None:
        settled = asyncio.Event()
        self.rungs.on_settled = settled.set
        self.rungs.want(HELD)
        await settled.wait()
        self.assertFalse(self.rungs.is_done(HELD))
        self.pause.may_go_on.set()
        await self.rungs.settle('pause', 10)
        self.assertTrue(self.rungs.is_done(HELD))

    async def test_whoever_waits_does_not_wait_for_an_agent_that_stops(
        self,
    ) -> None:
        self.rungs.want(HELD)
        waiting = asyncio.create_task(self.rungs.settle('pause', 10))
        await asyncio.sleep(0)
        self.rungs.stop()
        await asyncio.wait_for(waiting, 1)

    async def test_settle_gives_up_in_time(self) -> None:
        self.rungs.want(HELD)
        await self.rungs.settle('pause', 0.05)
        self.assertFalse(self.rungs.is_done(HELD))

    async def test_unknown_rung_has_nothing_to_wait_for(self) -> None:
        await self.rungs.settle('no such', 10)

    async def test_told_what_is_wanted(self) -> None:
        told = []
        self.rungs.on_want = told.append
        self.rungs.want(HELD)
        self.rungs.want(HELD)
        self.assertEqual([HELD], told)
        self.rungs.renew()
        self.rungs.want(HELD)
        self.assertEqual([HELD, HELD], told)
