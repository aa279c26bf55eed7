# SPDX-License-Identifier: Apache-2.0
"""Serve a few at a time of those whose calls take long."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import dbus_fast

LIMITS_EXCEEDED = 'org.freedesktop.DBus.Error.LimitsExceeded'


class Queue:
    """Lets in a few at a time; who finds it full is sent away."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Take a place; raise LimitsExceeded in a crowd."""
        if self._inside >= self._most:
            raise exceeded()
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @contextlib.asynccontextmanager
    async def turn(self, pause_s: float) -> AsyncIterator[None]:
        """Take a place and wait until it is served, one at a time."""
        async with self.place():
            async with self._turn:
                await asyncio.sleep(pause_s)
            yield


def exceeded() -> dbus_fast.DBusError:
    """Give the error for one who asks too much."""
    return dbus_fast.DBusError(
        LIMITS_EXCEEDED, 'too many are asking; try again later'
    )
