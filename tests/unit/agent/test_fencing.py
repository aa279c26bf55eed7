# SPDX-License-Identifier: Apache-2.0
"""nova-compute has guests fenced, and lets them out."""

import asyncio
import pathlib
import tempfile
import unittest

from nova_desktop import exception, model
from nova_desktop.agent import fencing, rungs
from nova_desktop.mechanism import fence
from tests.unit.agent import crank

WHY = 'the control plane is not seen'


class FencingTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder) / 'fence.json'
        self.store = fence.Fence(self.path, lambda: 50.0)
        self.bench = crank.Bench()
        self.bench.teller.fence = self.store
        await self.bench.start()
        self.hands = self.bench.hands
        self.fencing = fencing.Fencing(self.store, self.bench.loop, self.hands)

    @property
    def status(self) -> model.Status:
        assert self.bench.teller.status is not None
        return self.bench.teller.status

    def find(self, stays_closed: bool = True) -> None:
        """Do what the rung does."""
        guests = [('a', 1), ('b', 2)]
        self.store.look(guests, {*guests}, lambda uuid: True, stays_closed)
        self.bench.loop.step()

    def wanted(self) -> model.PauseTarget:
        return self.hands.wanted[-1].pause

    async def test_on_the_disk_wanted_and_wanted_no_longer(self) -> None:
        seen = []

        async def settle(name: str, within_s: float) -> None:
            seen.append((name, fence.Fence(self.path).closed, self.wanted()))

        self.hands.settle = settle
        await self.fencing.close(WHY)
        target = model.PauseTarget(everybody=True, fence=WHY)
        # Answered once it is over: whoever is started then is not in.
        self.assertEqual(
            [
                (rungs.PAUSE, WHY, target),
                (rungs.PAUSE, WHY, model.PauseTarget()),
            ],
            seen,
        )
        # It closes all the same where nobody could be asked meanwhile.
        self.assertEqual(WHY, self.store.closed)

    async def test_what_is_not_so_yet_is_an_error(self) -> None:
        for problem, settled in (('libvirt is gone', True), ('', False)):
            self.hands.wrong = {rungs.PAUSE: problem}
            self.hands.done = settled
            with self.assertRaises(exception.MechanismFailed) as caught:
                await self.fencing.close(WHY)
            text = str(caught.exception)
            self.assertIn(problem or 'libvirt is late', text)
        self.assertEqual(WHY, self.store.closed)

    async def test_two_at_once_are_wanted_until_both_are_done(self) -> None:
        ends = [asyncio.Event(), asyncio.Event()]
        waiting = list(ends)
        begun = asyncio.Semaphore(0)

        async def settle(name: str, within_s: float) -> None:
            if waiting:
                begun.release()
                await waiting.pop(0).wait()

        self.hands.settle = settle
        works = [asyncio.ensure_future(self.fencing.close(w)) for w in 'xy']
        for _ in works:
            await begun.acquire()
        ends[0].set()
        await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        self.assertTrue(self.wanted().fence)
        ends[1].set()
        await asyncio.gather(*works)
        self.assertEqual('', self.wanted().fence)

    async def test_status_and_record(self) -> None:
        self.store.close(WHY)
        self.find()
        self.assertEqual(('a', 'b'), self.status.fenced)
        self.assertEqual(50.0, self.status.fenced_since_unix_s)
        self.find(stays_closed=False)
        await self.fencing.lift('a')
        self.assertEqual(('b',), self.status.fenced)
        self.assertEqual(1, self.hands.poked)
        said = [entry[2:] for entry in self.bench.said('guest a')]
        self.assertEqual(
            [
                ['free', 'fenced', WHY],
                ['fenced', 'free', 'Nova says that it belongs here'],
            ],
            said,
        )
        await self.fencing.lift('a')
        self.assertEqual(1, self.hands.poked)

    async def test_nobody_is_let_out_while_it_closes(self) -> None:
        self.store.close(WHY)
        self.find()
        with self.assertRaises(exception.MechanismFailed) as caught:
            await self.fencing.lift('a')
        self.assertIn(WHY, str(caught.exception))
        self.assertEqual({'a', 'b'}, set(self.store.members))

    async def test_dry_run_has_no_fence(self) -> None:
        dry = fencing.Fencing(None, self.bench.loop, self.hands)
        await dry.lift('a')
        with self.assertRaises(exception.MechanismFailed):
            await dry.close(WHY)
