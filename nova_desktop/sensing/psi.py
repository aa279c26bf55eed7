# SPDX-License-Identifier: Apache-2.0
"""One pressure file of the kernel: its counter, and its word of a stall."""

import asyncio
import errno
import os
import select
from collections.abc import Callable
from pathlib import Path

WINDOWS_US = (500_000, 2_000_000)
"""The kernel's shortest window, and that for who lacks CAP_SYS_RESOURCE."""


class Gauge:
    """A pressure file that is held open, for it is read again and again."""

    def __init__(self, path: Path) -> None:
        """Open the file; raise OSError."""
        self._path = path
        self._refusal: OSError | None = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise
        except OSError as problem:
            self._refusal = problem
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def stalled_s(self) -> float:
        """Read how long some task of the group has waited, in seconds.

        Raises OSError, with ENODEV once the group is gone, and ValueError
        for a file of another shape.
        """
        text = os.pread(self._file, 4096, 0).decode()
        for line in text.splitlines():
            if line.startswith('some '):
                return int(line.rpartition('total=')[2]) / 1e6
        raise ValueError(f'{self._path} has no line "some"')

    def arm(self, share: float) -> int:
        """Have the kernel mark when tasks wait for that share of a window.

        Gives the descriptor that tells (EPOLLPRI), at most once in a window;
        raises OSError where the kernel takes no such trigger.
        """
        if self._refusal is not None:
            raise self._refusal
        for window_us in WINDOWS_US:
            least_us = max(1, int(share * window_us))
            try:
                os.write(self._file, f'some {least_us} {window_us}\0'.encode())
            except OSError as problem:
                if problem.errno != errno.EINVAL:
                    raise
                refusal = problem
            else:
                return self._file
        raise refusal

    def close(self) -> None:
        """Close the file; a trigger ends with it."""
        os.close(self._file)


class Alarm:
    """Hears the triggers of many gauges by one reader of the loop.

    The loop itself waits for EPOLLIN only, which a trigger never gives. So it
    reads an epoll of our own, in which the triggers are.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_stall: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._on_stall = on_stall
        self._epoll = select.epoll()
        loop.add_reader(self._epoll.fileno(), self._ready)

    def add(self, gauge: Gauge, share: float) -> None:
        """Hear of a gauge until it is closed; raise OSError as ``arm``."""
        self._epoll.register(gauge.arm(share), select.EPOLLPRI)

    def close(self) -> None:
        """Hear of none any more."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _ready(self) -> None:
        # When the loop looks at this epoll the kernel looks at the triggers,
        # and each tells once: none is left to be listed here. Only those of
        # groups that were removed are, and would be for ever.
        for file, events in self._epoll.poll(0):
            if events & select.EPOLLERR:
                self._epoll.unregister(file)
        self._on_stall()
