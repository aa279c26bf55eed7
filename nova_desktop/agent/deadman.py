# SPDX-License-Identifier: Apache-2.0
"""Fence the guests when nova-compute no longer says that all is well.

It may have died, or be cut off from the control plane, which may then start
the guests elsewhere. So it is silence that fences, not a call.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.agent.loop import CallLater, Timer
from nova_desktop.mechanism import durable

LOG = logging.getLogger(__name__)

WHY = 'Nova has not been heard to have this host for up'
LONGEST_S = 3600


class DeadMan:
    """A timer that is put off again and again.

    That it runs is kept in a file, so that an agent that is started again
    goes on with it. ``path`` is ``None`` where nobody may be fenced.
    """

    def __init__(
        self,
        close: Callable[[str], Awaitable[None]],
        path: Path | None,
        call_later: CallLater,
    ) -> None:
        self._close = close
        self._path = path
        self._call_later = call_later
        self._timer: Timer | None = None
        self._stored_s = 0
        self._closing: asyncio.Task[None] | None = None

    def load(self) -> None:
        """Go on with what an agent before this one was asked for."""
        if self._path is None or not self._path.exists():
            return
        try:
            self._stored_s = int(self._path.read_text())
        except (OSError, ValueError) as error:
            LOG.error('%s cannot be read: %s', self._path, error)
            self._stored_s = 1
        self._start(min(LONGEST_S, max(1, self._stored_s)))

    async def put_off(self, seconds: int) -> None:
        """Fence then, unless asked again; 0 for never.

        Raise MechanismFailed if an agent that is started again would not.
        """
        if self._path is None:
            raise exception.MechanismFailed('a dry run fences nobody')
        if bool(seconds) != bool(self._stored_s):
            await self._store(self._path, seconds)
        self.stop()
        if seconds:
            self._start(seconds)

    async def _store(self, path: Path, seconds: int) -> None:
        try:
            if seconds:
                text = f'{seconds}\n'
                await asyncio.to_thread(durable.replace, path, text)
            else:
                await asyncio.to_thread(durable.discard, path)
        except OSError as error:
            raise exception.MechanismFailed(
                f'{path} was not written: {error}'
            ) from error
        self._stored_s = seconds

    def stop(self) -> None:
        """Fence nobody any more; the next agent goes on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, seconds: int) -> None:
        self._timer = self._call_later(seconds, self._expired)

    def _expired(self) -> None:
        self._timer = None
        self._closing = asyncio.ensure_future(self._fence())

    async def _fence(self) -> None:
        try:
            await self._close(WHY)
        except exception.DesktopError as error:
            # It holds all the same, and is still tried.
            LOG.error('Guests are not all fenced yet: %s', error)
