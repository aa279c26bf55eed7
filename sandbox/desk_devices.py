# SPDX-License-Identifier: Apache-2.0
"""Stand in for a keyboard and a mouse: FIFOs in place of evdev nodes."""

import array
import asyncio
import collections
import contextlib
import fcntl
import os
import pathlib
import stat
import struct
import termios
import time

# struct input_event of <linux/input.h>: seconds, microseconds, type, code,
# value; and the codes used, from <linux/input-event-codes.h>.
EVENT = struct.Struct('llHHi')
EV_SYN, EV_KEY, EV_REL, EV_MSC = 0, 1, 2, 4
SYN_REPORT, MSC_SCAN, REL_X, REL_Y = 0, 4, 0, 1

KEYBOARD = 'platform-i8042-serio-0-event-kbd'
MOUSE = 'platform-i8042-serio-1-event-mouse'

# A real evdev queue is empty at each open; a FIFO keeps what nobody read.
STALE_S = 0.05


class Device:
    """One input device whose events nobody has to read."""

    def __init__(self, path: pathlib.Path, clock: int) -> None:
        """Make the FIFO; clock is what stamps events, as EVIOCSCLOCKID."""
        self.path = path
        self._clock = clock
        self._written: collections.deque[tuple[float, int]]
        self._written = collections.deque()
        self._draining = False
        if not path.exists() or not stat.S_ISFIFO(path.stat().st_mode):
            path.unlink(missing_ok=True)
            os.mkfifo(path, 0o660)
        # Open for reading too: without a reader a write would raise SIGPIPE.
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._drain_all()

    def report(self, *values: tuple[int, int, int]) -> int:
        """Write one report, ended by SYN_REPORT; return its monotonic ns."""
        events = [*values, (EV_SYN, SYN_REPORT, 0)]
        t_mono = time.monotonic_ns()
        stamp_us = time.clock_gettime_ns(self._clock) // 1000
        data = b''.join(
            EVENT.pack(*divmod(stamp_us, 1_000_000), *event)
            for event in events
        )
        # Full is a queue that overflowed: evdev drops events then, too.
        with contextlib.suppress(BlockingIOError):
            os.write(self._fd, data)
            self._written.append((time.monotonic(), len(data)))
            self._drain_later()
        return t_mono

    def close(self) -> None:
        """Close the FIFO; it stays, as a reader may hold it open."""
        os.close(self._fd)
        self._fd = -1

    def _drain_later(self) -> None:
        if not self._draining:
            self._draining = True
            asyncio.get_running_loop().call_later(STALE_S, self._drain)

    def _drain(self) -> None:
        """Take out what nobody read in time, and only that."""
        self._draining = False
        if self._fd < 0:
            return
        now = time.monotonic()
        while self._written and self._written[0][0] <= now - STALE_S:
            self._written.popleft()
        fresh = sum(size for _when, size in self._written)
        stale = self._unread() - fresh
        if stale > 0:
            with contextlib.suppress(BlockingIOError):
                os.read(self._fd, stale)
        if self._written:
            self._drain_later()

    def _drain_all(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, 65536):
                pass

    def _unread(self) -> int:
        count = array.array('i', [0])
        fcntl.ioctl(self._fd, termios.FIONREAD, count)
        return count[0]


class Keyboard(Device):
    """The keyboard."""

    def press(self, code: int) -> int:
        """Press a key; return the monotonic ns just before."""
        return self.report((EV_MSC, MSC_SCAN, code), (EV_KEY, code, 1))

    def release(self, code: int) -> int:
        """Release a key."""
        return self.report((EV_MSC, MSC_SCAN, code), (EV_KEY, code, 0))


class Mouse(Device):
    """The mouse."""

    def move(self, right: int, down: int) -> int:
        """Move; return the monotonic ns just before."""
        return self.report((EV_REL, REL_X, right), (EV_REL, REL_Y, down))


def plug(directory: pathlib.Path, clock: int) -> tuple[Keyboard, Mouse]:
    """Make both devices in a directory, with udev's links by path."""
    by_path = directory / 'by-path'
    by_path.mkdir(parents=True, exist_ok=True)
    keyboard = Keyboard(directory / 'event0', clock)
    mouse = Mouse(directory / 'event1', clock)
    for name, device in ((KEYBOARD, keyboard), (MOUSE, mouse)):
        link = by_path / name
        link.unlink(missing_ok=True)
        link.symlink_to(pathlib.Path('..') / device.path.name)
    return keyboard, mouse
