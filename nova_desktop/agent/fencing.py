# SPDX-License-Identifier: Apache-2.0
"""Put guests behind the fence, and let them out, for whoever asks."""

import asyncio

from nova_desktop import exception
from nova_desktop.agent import loop, rungs
from nova_desktop.mechanism import fence

# For so long whoever cut the host off waits to hear that it is done.
_FENCED_S = 3.0
_BELONGS = 'Nova says that it belongs here'


class Fencing:
    """What nova-compute has done with the fence.

    ``store`` is ``None`` where nothing may be changed.
    """

    def __init__(
        self,
        store: fence.Fence | None,
        passes: loop.Loop,
        hands: rungs.Rungs,
    ) -> None:
        self._store = store
        self._loop = passes
        self._hands = hands
        self._asked = 0

    async def close(self, why: str) -> None:
        """Pause every guest until it is confirmed.

        Raise MechanismFailed if that is not so yet; it is still tried.
        """
        if self._store is None:
            raise exception.MechanismFailed('a dry run fences nobody')
        # On the disk at once: the thread that pauses may be kept waiting.
        await asyncio.to_thread(self._store.close, why)
        self._asked += 1
        self._loop.fence(why)
        try:
            await self._hands.settle(rungs.PAUSE, _FENCED_S)
            self._check()
        finally:
            self._asked -= 1
            if not self._asked:
                self._loop.fence('')
        # Whoever is started once this is answered is not behind it.
        await self._hands.settle(rungs.PAUSE, _FENCED_S)

    async def lift(self, server_id: str) -> None:
        """Let a guest run as far as the ladder does.

        Raise MechanismFailed while all guests are put behind the fence.
        """
        if self._store is None:
            return
        # Whoever is let out while all are put behind it would be in again.
        await self._hands.settle(rungs.PAUSE, _FENCED_S)
        if self._store.closed:
            raise exception.MechanismFailed(
                f'guest {server_id} is not let out while '
                f'{self._store.closed}: ask again later'
            )
        if await asyncio.to_thread(self._store.lift, server_id, _BELONGS):
            self._loop.step()
            self._hands.poke()

    def _check(self) -> None:
        problem = self._hands.problems().get(rungs.PAUSE, '')
        if not self._hands.is_settled(rungs.PAUSE):
            problem = 'libvirt is late'
        if problem:
            raise exception.MechanismFailed(
                f'guests are not all paused yet, it is still tried: {problem}'
            )
