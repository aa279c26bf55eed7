# SPDX-License-Identifier: Apache-2.0
"""When somebody last typed into a terminal, by its time stamp alone."""

import asyncio
import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.sensing import beat

FIRST_UID = 1000
"""Terminals of lower user ids are those of daemons, and of root."""
NOBODY_UID = 65534
STEP_S = 8.0
"""The kernel moves the stamp of a terminal in steps of as many seconds."""

_STALE_PERIODS = 3
_Stamps = dict[tuple[str, int], int]


class TerminalSource:
    """Look at the terminals that belong to people, each ``period_s``.

    A stamp of access that moved is input: what a program prints moves the
    other one. The stamps are of the wall clock and are compared with each
    other only, so that setting it is nobody's input. A host without
    terminals has no input by them.
    """

    name = 'terminals'

    def __init__(
        self,
        dev: Path,
        clock: Callable[[], float],
        period_s: float = 5.0,
        first_uid: int = FIRST_UID,
    ) -> None:
        self._dev = dev
        self._clock = clock
        self._period_s = period_s
        self._first_uid = first_uid
        self._stamps: _Stamps | None = None
        self._read_s: float | None = None
        self._moved_s: float | None = None
        self._error = 'not started'
        self._timer: asyncio.TimerHandle | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Look once; raises HostUnready where that is refused."""
        self._on_event = on_event
        self.look()
        if self._error:
            raise exception.HostUnready(
                f'{self._error}; run the agent as root, or set [sensing] '
                'terminals = false'
            )
        self._plan()

    def health(self, now_s: float) -> model.Health:
        """Say whether the last look is fresh."""
        if self._error:
            return model.Health(False, self._error)
        limit_s = _STALE_PERIODS * self._period_s
        if self._read_s is None or now_s > self._read_s + limit_s:
            return model.Health(False, f'no look for {limit_s:g} s')
        return model.Health(True)

    def facts(self, now_s: float) -> model.TerminalFacts:
        """Return when somebody may have typed last.

        For ``STEP_S`` after a stamp moved, more typing would not move it.
        """
        if self._moved_s is None:
            return model.TerminalFacts()
        return model.TerminalFacts(min(now_s, self._moved_s + STEP_S))

    async def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # What was typed until the next start is not known.
        self._error, self._stamps = 'stopped', None

    def look(self) -> bool:
        """Compare all stamps with the last ones; say whether one moved."""
        try:
            found = self._read()
        except OSError as problem:
            self._error = f'terminals cannot be read: {problem}'
            self._stamps = None
            return False
        self._error, self._read_s = '', self._clock()
        before, self._stamps = self._stamps, found
        # A terminal that is new was opened by somebody.
        if before is None or not found.items() - before.items():
            return False
        self._moved_s = self._read_s
        return True

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = beat.wait_s(self._period_s, loop.time())
        self._timer = loop.call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self._plan()
        healthy = not self._error
        if self.look() or healthy is bool(self._error):
            self._on_event()

    def _read(self) -> _Stamps:
        """Give the access stamps in ns, by path and inode."""
        stamps = {}
        for path in (*_names(self._dev), *_names(self._dev / 'pts')):
            # It may be closed between the listing and the look.
            with contextlib.suppress(FileNotFoundError):
                # Not pathlib, which takes three times as long: Linux has 64
                # consoles from the start.
                status = os.stat(path, follow_symlinks=False)  # noqa: PTH116
                if self._of_a_person(status):
                    stamps[path, status.st_ino] = status.st_atime_ns
        return stamps

    def _of_a_person(self, status: os.stat_result) -> bool:
        if not self._first_uid <= status.st_uid != NOBODY_UID:
            return False
        kind = stat.S_IFMT(status.st_mode)
        return kind not in (stat.S_IFDIR, stat.S_IFLNK)


def _names(folder: Path) -> list[str]:
    """List the terminals of a folder; none where there is no folder."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - /dev is long
    except FileNotFoundError:
        return []
    prefix = '' if folder.name == 'pts' else 'tty'
    length = len(prefix)
    return [
        f'{folder}/{name}'
        for name in names
        if name.startswith(prefix) and name[length:].isdecimal()
    ]
