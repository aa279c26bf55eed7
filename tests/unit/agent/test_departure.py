# SPDX-License-Identifier: Apache-2.0
"""The delay lock is held, and released in time."""

import asyncio
import unittest

from nova_desktop import exception
from nova_desktop.agent import departure
from tests.unit.agent import crank


class Lock:
    """A lock that is given, or refused."""

    def __init__(self) -> None:
        self.longest_s = 5.0
        self.is_held = False
        self.refused = ''
        self.taken = asyncio.Event()
        self.tries = 0

    async def take(self) -> None:
        self.tries += 1
        self.taken.set()
        if self.refused:
            raise exception.MechanismFailed(self.refused)
        self.is_held = True

    def release(self) -> None:
        self.is_held = False


class DepartureTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.clock = crank.Clock()
        self.lock = Lock()
        self.announced = ''
        self.done = False
        self.departure = departure.Departure(
            self.lock,
            lambda: self.announced,
            lambda: self.done,
            self.clock,
            self.clock.call_later,
            0.01,
        )
        self.running = asyncio.ensure_future(self.departure.run())
        self.addAsyncCleanup(self.end)
        await self.taken()

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    async def taken(self) -> None:
        async with asyncio.timeout(5):
            await self.lock.taken.wait()
        self.lock.taken.clear()

    def announce(self, what: str) -> None:
        self.announced = what
        self.departure.follow()

    async def test_held_until_guests_are(self) -> None:
        self.announce('sleep')
        self.assertTrue(self.lock.is_held)
        self.clock.turn(1)
        self.departure.follow()
        self.assertTrue(self.lock.is_held)
        self.done = True
        self.departure.follow()
        self.assertFalse(self.lock.is_held)

    async def test_nothing_to_do_is_no_wait(self) -> None:
        self.done = True
        self.announce('sleep')
        self.assertFalse(self.lock.is_held)

    async def test_never_beyond_the_time_that_logind_gives(self) -> None:
        for longest_s in (5.0, 1.0, 0.0):
            with self.subTest(longest_s=longest_s):
                self.lock.longest_s = longest_s
                self.lock.is_held = True
                self.announce('sleep')
                self.clock.turn((longest_s or 5.0) * 0.89)
                self.assertTrue(self.lock.is_held)
                with self.assertLogs('nova_desktop.agent', 'WARNING'):
                    self.clock.turn((longest_s or 5.0) * 0.02)
                self.assertFalse(self.lock.is_held)
                self.announce('')
                self.assertEqual([], self.clock.timers)

    async def test_shutdown_waits_for_nobody(self) -> None:
        self.announce('shutdown')
        self.assertFalse(self.lock.is_held)

    async def test_taken_again_after_it_only(self) -> None:
        self.done = True
        self.announce('sleep')
        tries = self.lock.tries
        await asyncio.sleep(0.05)  # some retries long
        self.assertEqual(tries, self.lock.tries)
        self.announce('')
        await self.taken()
        self.assertTrue(self.lock.is_held)

    async def test_cancelled_before_guests_are_held(self) -> None:
        self.announce('sleep')
        self.announce('')
        self.assertTrue(self.lock.is_held)
        self.assertEqual([], self.clock.timers)

    async def test_refused_is_told_once_and_tried_again(self) -> None:
        self.lock.is_held = False
        self.lock.refused = 'logind gives no delay lock'
        with self.assertLogs('nova_desktop.agent', 'WARNING') as logged:
            for _ in range(3):
                await self.taken()
        self.assertEqual(1, len(logged.output))
        self.lock.refused = ''
        await self.taken()
        self.assertTrue(self.lock.is_held)

    async def test_lost_is_taken_again(self) -> None:
        self.lock.is_held = False
        await self.taken()
        self.assertTrue(self.lock.is_held)

    async def test_stop_lets_the_host_go(self) -> None:
        self.announce('sleep')
        self.departure.stop()
        self.assertFalse(self.lock.is_held)
        self.assertEqual([], self.clock.timers)
