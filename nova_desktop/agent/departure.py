# SPDX-License-Identifier: Apache-2.0
"""The host goes to sleep or is shut down: it waits for us, not for long."""

import asyncio
from collections.abc import Callable

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.agent.loop import CallLater, Timer
from nova_desktop.mechanism import delay_lock

LOG = logging.getLogger(__name__)

# Part of the time that logind gives, kept for a host too busy to be in time.
_MARGIN = 0.1
# What logind gives where it is not asked.
_LONGEST_S = 5.0


class Departure:
    """Holds the delay lock, and releases it as soon as all is done.

    ``departing`` names what logind has announced; ``is_done`` says whether
    guests are paused, or cannot be.
    """

    def __init__(
        self,
        lock: delay_lock.DelayLock,
        departing: Callable[[], str],
        is_done: Callable[[], bool],
        clock: Callable[[], float],
        call_later: CallLater,
        retry_s: float,
    ) -> None:
        self._lock = lock
        self._departing = departing
        self._is_done = is_done
        self._clock = clock
        self._call_later = call_later
        self._retry_s = retry_s
        self._now = ''
        self._began_s = 0.0
        self._timer: Timer | None = None
        self._over = asyncio.Event()
        self._problem = ''

    async def run(self) -> None:
        """Take the lock, and again whenever it is not held, for ever."""
        while True:
            if not self._now and not self._lock.is_held:
                await self._take()
            self._over.clear()
            try:
                async with asyncio.timeout(self._retry_s):
                    await self._over.wait()
            except TimeoutError:
                continue

    def follow(self) -> None:
        """Look at what is announced; to be called after each decision."""
        now = self._departing()
        if now != self._now:
            self._end()
            self._now = now
            if now:
                self._begin()
            else:
                self._over.set()
        if self._timer is not None and self._may_go():
            self._release('guests are held')

    def stop(self) -> None:
        """Let the host go."""
        self._end()
        self._lock.release()

    def _begin(self) -> None:
        self._began_s = self._clock()
        longest_s = self._lock.longest_s or _LONGEST_S
        self._timer = self._call_later(longest_s * (1 - _MARGIN), self._late)

    def _may_go(self) -> bool:
        # Those that shall be saved at a shutdown have to run for it.
        return self._now == 'shutdown' or self._is_done()

    def _late(self) -> None:
        LOG.warning('Guests could not all be paused before the host leaves')
        self._release('there is no more time')

    def _release(self, why: str) -> None:
        self._end()
        self._lock.release()
        LOG.info(
            'The host may go on with %s after %.0f ms: %s',
            self._now,
            (self._clock() - self._began_s) * 1000,
            why,
        )

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _take(self) -> None:
        try:
            await self._lock.take()
        except exception.MechanismFailed as error:
            if str(error) != self._problem:
                LOG.warning(
                    'Before the host sleeps there may be no time to pause '
                    'guests: %s',
                    error,
                )
            self._problem = str(error)
            return
        self._problem = ''
        if self._now and self._timer is None:
            self._lock.release()  # it was announced meanwhile
