# SPDX-License-Identifier: Apache-2.0
"""The kernel's memory control: taken from guests, kept for the owner.

All of it is version 2: the soft limits of version 1 do nothing to a guest's
memory where there is no swap, and its hard limit refuses what is in use.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.mechanism import cgroup, notes

_MIB = 1024 * 1024
_STEP_MIB = 64
_NOTE = 'memory.low'
_NO_SWAP = 'no swap: memory is given back by the balloon alone'
_OLD_CGROUPS = 'cgroup version 1: memory is given back by the balloon alone'


def has_swap(swaps: Path = Path('/proc/swaps')) -> bool:
    """Say whether pages can be put anywhere; compressed memory counts."""
    try:
        return len(swaps.read_text().splitlines()) > 1
    except OSError:
        return False


class GuestMemory:
    """The memory of all guests together, and what the owner's groups keep.

    ``owners`` are the directories of the owner's own groups, of which each is
    protected; those inside them are where cgroups are mounted with
    ``memory_recursiveprot``, as systemd does. ``reason`` is why nothing is
    taken from guests, empty where it can be. Taking may last ``within_s``.
    """

    def __init__(
        self,
        tree: cgroup.Tree,
        name: str,
        owners: Sequence[Path] = (),
        swaps: Path = Path('/proc/swaps'),
        within_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = tree.group(name)
        self._owners = owners if tree.version == 2 else ()
        self._version = tree.version
        self._swaps = swaps
        self._within_s = within_s
        self._clock = clock
        self._interrupted = threading.Event()
        self._applied: model.MemoryTarget | None = None

    @property
    def reason(self) -> str:
        """Say why nothing is taken from the guests; empty if it can be."""
        if self._version == 1:
            return _OLD_CGROUPS
        return '' if has_swap(self._swaps) else _NO_SWAP

    def apply(self, target: model.MemoryTarget) -> None:
        """Take what guests have above the limit; raise MechanismFailed.

        Waits for the kernel, so it has no place on the agent's loop.
        """
        self._applied = target
        try:
            self._protect(target.owner_low_mib)
            if self._version == 2:
                self._limit(self._bytes(target))
        except (OSError, ValueError) as error:
            raise exception.MechanismFailed(
                f'the memory limits of {self._group} were not written: {error}'
            ) from error

    def current(self) -> model.MemoryTarget:
        """Read back the limit and the least that an owner's group keeps."""
        applied = self._applied or model.MemoryTarget()
        try:
            high = self.limit_bytes()
            lows = [_read(path / 'memory.low') for path in self._present()]
        except (OSError, ValueError) as error:
            raise exception.MechanismFailed(
                f'the memory limits of {self._group} cannot be read: {error}'
            ) from error
        kept = (applied.owner_low_mib or 0) * _MIB
        if high == self._bytes(applied) and all(
            low is None or low >= kept for low in lows
        ):
            return applied
        least = min((low for low in lows if low is not None), default=0)
        found = model.MemoryTarget(
            None if high is None else high // _MIB, least // _MIB or None
        )
        # A limit that must not be, for want of swap, is not in force.
        return found if found != applied else model.MemoryTarget()

    def release(self) -> None:
        """Lift the guests' limit; give the owner's groups what they had."""
        self.apply(model.MemoryTarget())

    def interrupt(self) -> None:
        """Have ``apply``, on another thread, end at its next step."""
        self._interrupted.set()

    def go_on(self) -> None:
        """Have the next ``apply`` run to its end."""
        self._interrupted.clear()

    def limit_bytes(self) -> int | None:
        """Read the guests' limit as it is now; None for none.

        Raises OSError, ValueError.
        """
        try:
            return _read(self._group / 'memory.high')
        except FileNotFoundError:
            return None

    def _bytes(self, target: model.MemoryTarget) -> int | None:
        # Without swap a guest's memory cannot go anywhere, and the kernel
        # would hold up its CPUs for every page.
        if target.high_mib is None or self.reason:
            return None
        return target.high_mib * _MIB

    def _limit(self, high: int | None) -> None:
        file = self._group / 'memory.high'
        if high is None:
            if self.limit_bytes() is not None:
                file.write_text('max')
            return
        end_s = self._clock() + self._within_s
        # The limit follows the use down: one far below it would have the
        # kernel take all at once, and hold the guests up until it has.
        while (used := self._used()) > high:
            file.write_text(str(used))
            step = min(used - high, _STEP_MIB * _MIB)
            if not self._take(step) or self._clock() > end_s:
                break
        file.write_text(str(max(high, self._used())))
        if self.limit_bytes() != high:
            raise exception.MechanismFailed(
                'guests still have more memory than they may: what '
                f'{self._group}/memory.reclaim takes needs time and room in '
                'swap'
            )

    def _used(self) -> int:
        return int((self._group / 'memory.current').read_text())

    def _take(self, amount: int) -> bool:
        """Have pages taken; say whether it is worth going on."""
        if self._interrupted.is_set():
            return False
        # Unbuffered: a partial success is EAGAIN, and must not be repeated.
        fd = os.open(self._group / 'memory.reclaim', os.O_WRONLY)
        try:
            os.write(fd, str(amount).encode())
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def _present(self) -> list[Path]:
        """Give the owner's groups that are there: people come and go."""
        return [
            path for path in self._owners if (path / 'memory.low').exists()
        ]

    def _protect(self, low_mib: int | None) -> None:
        """Have owners keep this much, and never less than others gave them."""
        for path in self._present():
            file = path / 'memory.low'
            before = notes.recall(path, _NOTE)
            if low_mib is None:
                if before is not None:
                    file.write_text(before)
                    notes.forget(path, _NOTE)
                continue
            have, low = _read(file), low_mib * _MIB
            if have is None:
                continue
            # With a note what is there is ours, and goes down with the target.
            wanted = max(low, have if before is None else int(before))
            if wanted != have:
                notes.remember(path, _NOTE, str(have))
                file.write_text(str(wanted))


def _read(file: Path) -> int | None:
    """Read a number of bytes, None for ``max``."""
    text = file.read_text().strip()
    return None if text == 'max' else int(text)
