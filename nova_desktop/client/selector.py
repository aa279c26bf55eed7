# SPDX-License-Identifier: Apache-2.0
"""A selector for an asyncio loop where eventlet has taken the others."""

import contextlib
import selectors
from collections.abc import Mapping
from types import ModuleType
from typing import Any


class EpollSelector(selectors.BaseSelector):
    """A selector over the ``select`` module that it is given.

    eventlet removes epoll from ``select`` and every selector that can be
    trusted from ``selectors``; ``eventlet.patcher.original('select')`` is
    what is left for a thread of its own.
    """

    def __init__(self, select: ModuleType) -> None:
        self._poll = select.epoll()
        self._masks = (
            (selectors.EVENT_READ, select.EPOLLIN),
            (selectors.EVENT_WRITE, select.EPOLLOUT),
        )
        self._keys: dict[int, selectors.SelectorKey] = {}

    def register(
        self, fileobj: Any, events: int, data: Any = None
    ) -> selectors.SelectorKey:
        """Watch a descriptor; raise KeyError if it is watched already."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        if fd in self._keys:
            raise KeyError(f'{fd} is registered')
        wanted = sum(mask for event, mask in self._masks if events & event)
        self._poll.register(fd, wanted)
        key = selectors.SelectorKey(fileobj, fd, events, data)
        self._keys[fd] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Watch a descriptor no more; raise KeyError if it was not."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._keys.pop(fd)
        # A descriptor that was closed has left epoll by itself.
        with contextlib.suppress(OSError):
            self._poll.unregister(fd)
        return key

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for descriptors; an error or hang-up counts as both events."""
        ready = []
        wait_s = -1 if timeout is None else max(timeout, 0)
        for fd, mask in self._poll.poll(wait_s, max(len(self._keys), 1)):
            (_, readable), (_, writable) = self._masks
            events = selectors.EVENT_READ if mask & ~writable else 0
            events |= selectors.EVENT_WRITE if mask & ~readable else 0
            key = self._keys.get(fd)
            if key is not None and events & key.events:
                ready.append((key, events & key.events))
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Give what is watched, by descriptor."""
        return self._keys

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        """Give one that is watched; raise KeyError if it is not."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        return self._keys[fd]

    def close(self) -> None:
        """Give the descriptor of epoll itself back."""
        self._poll.close()
