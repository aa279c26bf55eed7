# SPDX-License-Identifier: Apache-2.0
"""Hears that somebody writes to the guests' slice, or removes it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from oslo_log import log as logging

from nova_desktop.sensing import folder

LOG = logging.getLogger(__name__)

_LIMITS = 'cpu.'
# Whoever answers each of our writes with one of his own is answered no more
# often than this.
_REST_S = 1.0


class SliceWatch:
    """Calls ``look`` for each write to the limits in ``path``.

    ``look`` sets them again and says whether that was needed; if it was, the
    next call is ``_REST_S`` away at least. Where inotify is not to be had
    nothing is heard, and the agent's tick looks as it always does.
    """

    def __init__(self, path: Path, look: Callable[[], bool]) -> None:
        self._path = path
        self._look = look
        self._watch: folder.FolderWatch | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._is_due = False

    def start(self) -> None:
        """Begin to listen; needs a running loop."""
        folders = {self._path: _LIMITS, self._path.parent: self._path.name}
        try:
            self._watch = folder.FolderWatch(
                folders, asyncio.get_running_loop(), self._changed, writes=True
            )
            self._watch.refresh()
        except OSError as problem:
            self.stop()
            LOG.warning(
                'A limit of %s that somebody else changes is set again at the '
                'next tick only: %s',
                self._path,
                problem,
            )

    def stop(self) -> None:
        """Listen no more."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _changed(self, replaced: set[str]) -> None:
        if self._watch is not None and self._path.name in replaced:
            self._watch.refresh()
        if self._rest is None:
            self._answer()
        else:
            self._is_due = True

    def _answer(self) -> None:
        self._is_due = False
        if self._look():
            loop = asyncio.get_running_loop()
            self._rest = loop.call_later(_REST_S, self._rested)

    def _rested(self) -> None:
        self._rest = None
        if self._is_due:
            self._answer()
