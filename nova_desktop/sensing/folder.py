# SPDX-License-Identifier: Apache-2.0
"""Which names in some folders came, went or changed."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import inotify_simple

_CHANGES = (
    inotify_simple.flags.CREATE
    | inotify_simple.flags.DELETE
    | inotify_simple.flags.MOVED_FROM
    | inotify_simple.flags.MOVED_TO
    # udev gives a node its owner and mode after it was created.
    | inotify_simple.flags.ATTRIB
)
_REPLACED = (
    inotify_simple.flags.CREATE
    | inotify_simple.flags.DELETE
    | inotify_simple.flags.MOVED_FROM
    | inotify_simple.flags.MOVED_TO
)


class FolderWatch:
    """Call back with the names that were replaced; empty for other changes."""

    def __init__(
        self,
        folders: Iterable[Path],
        loop: asyncio.AbstractEventLoop,
        on_change: Callable[[set[str]], None],
    ) -> None:
        self._folders = tuple(folders)
        self._loop = loop
        self._on_change = on_change
        self._inotify = inotify_simple.INotify(nonblocking=True)
        loop.add_reader(self._inotify.fileno(), self._ready)

    def refresh(self) -> None:
        """Watch every folder that is there now, also one that came back."""
        for folder in self._folders:
            if folder.is_dir():
                self._inotify.add_watch(folder, _CHANGES)

    def close(self) -> None:
        """Stop to watch."""
        self._loop.remove_reader(self._inotify.fileno())
        self._inotify.close()

    def _ready(self) -> None:
        events = self._inotify.read(timeout=0)
        self._on_change(
            {event.name for event in events if event.mask & _REPLACED}
        )
