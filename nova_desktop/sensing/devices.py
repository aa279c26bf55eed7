# SPDX-License-Identifier: Apache-2.0
"""Which input devices there are and what a person does with them."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from nova_desktop import model

Classify = Callable[[Path], model.DeviceClass]
"""Tells the class of a device node; asked again whenever links change."""

LINK_FOLDERS = ('by-path', 'by-id')
"""Where udev names a device after what it is."""

# Far longer than a step of the kernel's time stamps.
_SETTLED_S = 1.0

_DRAIN_BYTES = 4096
# A pipe holds 64 KiB: more than that is a writer that will not stop.
_DRAIN_READS = 16

_drain_buffer = bytearray(_DRAIN_BYTES)
_ZEROS = bytes(_DRAIN_BYTES)


def listing(input_dir: Path) -> set[str]:
    """Name the event devices of a directory.

    Raises OSError where the directory cannot be read.
    """
    names = os.listdir(input_dir)  # noqa: PTH208 - half the cost of iterdir
    return {name for name in names if name.startswith('event')}


class Listing:
    """The event devices of a directory, named again only when it changed.

    The kernel stamps each change with the time, in steps of milliseconds: a
    stamp tells of all that came before only once it is older than a step.
    """

    def __init__(self, input_dir: Path, clock: Callable[[], float]) -> None:
        """Take the directory and a monotonic clock."""
        self._dir = input_dir
        self._clock = clock
        self._changed_ns = -1
        self._seen_s = 0.0
        self._settled: set[str] | None = None

    def read(self) -> set[str]:
        """Name the devices; raise OSError where they cannot be read."""
        now_s = self._clock()
        changed_ns = os.stat(self._dir).st_mtime_ns  # noqa: PTH116 - cheaper
        if changed_ns != self._changed_ns:
            self._changed_ns, self._seen_s = changed_ns, now_s
            self._settled = None
        if self._settled is not None:
            return self._settled
        names = listing(self._dir)
        if now_s > self._seen_s + _SETTLED_S:
            self._settled = names
        return names


def by_links(node: Path) -> model.DeviceClass:
    """Classify a node by the links that udev makes beside it.

    A node that udev gave no class counts as a key device: what is not known
    falls to the owner's side. Lid and jack switches cannot be told apart
    here; what udev itself knows of a device tells them.
    """
    classes = {
        link.name.rpartition('-event-')[2]
        for folder in LINK_FOLDERS
        for link in (node.parent / folder).glob('*-event-*')
        if link.resolve() == node.resolve()
    }
    if classes == {'mouse'}:
        return model.DeviceClass.POINTER
    if classes == {'spkr'}:
        # The PC's speaker reports its own beeps as events.
        return model.DeviceClass.IGNORED
    return model.DeviceClass.KEY


def open_node(node: Path) -> int:
    """Open a node for reading without waiting; raises OSError."""
    flags = os.O_NONBLOCK | os.O_CLOEXEC
    if stat.S_ISFIFO(node.stat().st_mode):
        # A pipe that stands in for a device: with an own writer it never
        # reports that the other one left. Unlike a device it keeps what was
        # written while nobody read.
        fd = os.open(node, os.O_RDWR | flags)
        discard(fd)
        return fd
    return os.open(node, os.O_RDONLY | flags)


def discard(fd: int) -> bool:
    """Throw away what was typed, unseen; say whether there was any.

    Raises OSError when the device is gone.
    """
    seen = False
    for _ in range(_DRAIN_READS):
        try:
            count = os.readv(fd, [_drain_buffer])
        except BlockingIOError:
            return seen
        finally:
            _drain_buffer[:] = _ZEROS
        if count == 0:
            return seen
        seen = True
        if count < _DRAIN_BYTES:
            return seen
    return seen
