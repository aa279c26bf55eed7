# SPDX-License-Identifier: Apache-2.0
"""A bounded list of entries that survives a restart."""

import asyncio
import collections
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from oslo_log import log as logging

LOG = logging.getLogger(__name__)


class Journal:
    """The last ``keep`` entries, in memory and in a file of JSON lines.

    ``add`` only remembers, and calls ``on_add``; the disk, which may be slow
    just when the owner is back, is written by ``flush`` on another thread. At
    most what was added since the last flush is lost when the agent is killed.
    """

    def __init__(self, path: Path, keep: int) -> None:
        self._path = path
        self._keep = keep
        self._entries: collections.deque[list[Any]] = collections.deque(
            maxlen=keep
        )
        self._fresh = 0
        self._lines = 0
        self._complained = False
        self.on_add: Callable[[], None] = lambda: None

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self._entries)

    def load(self) -> None:
        """Read what an earlier run left; a broken line is left out."""
        try:
            lines = self._path.read_text('utf-8', errors='replace')
        except FileNotFoundError:
            return
        except OSError as error:
            LOG.warning('%s is not read: %s', self._path, error)
            return
        for line in lines.splitlines():
            self._lines += 1
            entry = _parsed(line)
            if entry is not None:
                self._entries.append(entry)

    def add(self, entry: list[Any]) -> None:
        """Remember an entry; the oldest goes when there are too many."""
        self._entries.append(entry)
        self._fresh += 1
        self.on_add()

    @property
    def is_fresh(self) -> bool:
        """Say whether there is anything to write."""
        return self._fresh > 0

    async def flush(self) -> None:
        """Write what is new to the file, without blocking the loop."""
        if self._fresh:
            await asyncio.to_thread(self._write, *self._take())

    def close(self) -> None:
        """Write what is new to the file now."""
        if self._fresh:
            self._write(*self._take())

    def _take(self) -> tuple[str, bool]:
        """Give the text to be written, and whether it is the whole file."""
        fresh = min(self._fresh, len(self._entries))
        whole = self._lines == 0 or self._lines + fresh > 2 * self._keep
        entries = list(self._entries)
        if not whole:
            entries = entries[-fresh:]
        self._fresh = 0
        self._lines = len(entries) + (0 if whole else self._lines)
        return ''.join(json.dumps(entry) + '\n' for entry in entries), whole

    def _write(self, text: str, whole: bool) -> None:
        try:
            _write_file(self._path, text, whole)
        except OSError as error:
            self._lines = 0  # the next attempt writes everything
            if not self._complained:
                LOG.warning(
                    '%s is not written, and forgotten at a restart: %s',
                    self._path,
                    error,
                )
            self._complained = True
        else:
            self._complained = False


def _parsed(line: str) -> list[Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, list) else None


def _write_file(path: Path, text: str, whole: bool) -> None:
    # When somebody was at his desk is nobody else's business: mode 0600.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = path.with_suffix('.new') if whole else path
    flags = os.O_CREAT | os.O_WRONLY
    flags |= os.O_TRUNC if whole else os.O_APPEND
    with os.fdopen(
        os.open(target, flags, 0o600), 'w', encoding='utf-8'
    ) as out:
        out.write(text)
    if whole:
        target.replace(path)
