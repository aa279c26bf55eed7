# SPDX-License-Identifier: Apache-2.0
"""One input device that tells once when it is touched, then rests."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from nova_desktop.sensing import devices


class Trap:
    """Hold one device: armed (open), resting (closed) or broken (``error``).

    After a touch it is closed for ``window_s``: a flood of events costs one
    wake-up per window, and what is typed meanwhile never reaches the agent.
    """

    def __init__(
        self,
        node: Path,
        loop: asyncio.AbstractEventLoop,
        window_s: float,
        on_touch: Callable[[], None],
        on_broken: Callable[[], None],
    ) -> None:
        self.error = ''
        self._node = node
        self._loop = loop
        self._window_s = window_s
        self._on_touch = on_touch
        self._on_broken = on_broken
        self._fd: int | None = None
        self._rest: asyncio.TimerHandle | None = None

    @property
    def watching(self) -> bool:
        """Say whether a touch is seen now or at the end of the rest."""
        return self._fd is not None or self._rest is not None

    def arm(self) -> None:
        """Open the device and wait for a touch; a failure is in ``error``."""
        self._rest = None
        try:
            fd = devices.open_node(self._node)
        except OSError as problem:
            self.error = f'{self._node} cannot be opened: {problem.strerror}'
            return
        try:
            self._loop.add_reader(fd, self._ready)
        except OSError as problem:  # a file in the place of a device
            os.close(fd)
            self.error = f'{self._node} has no events: {problem.strerror}'
            return
        self._fd, self.error = fd, ''

    def close(self) -> None:
        """Disarm for good."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        fd = self._disarm()
        if fd is not None:
            os.close(fd)

    def _rearm(self) -> None:
        self.arm()
        if self.error:
            self._on_broken()

    def _disarm(self) -> int | None:
        fd, self._fd = self._fd, None
        if fd is not None:
            self._loop.remove_reader(fd)
        return fd

    def _ready(self) -> None:
        fd = self._fd
        if fd is None:
            return
        try:
            touched = devices.discard(fd)
        except OSError as problem:
            self.close()
            self.error = f'{self._node} is gone: {problem.strerror}'
            self._on_broken()
            return
        if not touched:
            return
        self._disarm()
        self._rest = self._loop.call_later(self._window_s, self._rearm)
        self._on_touch()
        # The kernel makes the one who closes an event device wait for a
        # grace period of milliseconds: not the loop.
        self._loop.run_in_executor(None, os.close, fd)
