# SPDX-License-Identifier: Apache-2.0
"""Which names in some folders came, went or changed."""

import asyncio
from collections.abc import Callable, Mapping
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
    """Call back with the names that were replaced; empty for other changes.

    ``folders`` maps each folder to how the names that count in it begin.
    ``writes`` tells whether to hear of what is written into the files, too.
    """

    def __init__(
        self,
        folders: Mapping[Path, str],
        loop: asyncio.AbstractEventLoop,
        on_change: Callable[[set[str]], None],
        writes: bool = False,
    ) -> None:
        self._folders = dict(folders)
        self._prefixes: dict[int, str] = {}
        self._loop = loop
        self._on_change = on_change
        self._heard = _CHANGES | (inotify_simple.flags.MODIFY if writes else 0)
        self._inotify = inotify_simple.INotify(nonblocking=True)
        loop.add_reader(self._inotify.fileno(), self._ready)

    def refresh(self) -> None:
        """Watch every folder that is there now, also one that came back."""
        for folder, prefix in self._folders.items():
            if folder.is_dir():
                number = self._inotify.add_watch(folder, self._heard)
                self._prefixes[number] = prefix

    def close(self) -> None:
        """Stop to watch."""
        self._loop.remove_reader(self._inotify.fileno())
        self._inotify.close()

    def _ready(self) -> None:
        events = [
            event
            for event in self._inotify.read(timeout=0)
            # An overflow is of no folder and counts as a change of all.
            if event.name.startswith(self._prefixes.get(event.wd, ''))
        ]
        if events:
            self._on_change(
                {event.name for event in events if event.mask & _REPLACED}
            )
