# SPDX-License-Identifier: Apache-2.0
"""A double of logind that gives real locks, on a real bus.

It answers for systemd as well: whether the host is being stopped.
It runs in the test's own process, so that what is so at the very moment of a
lock's end can be looked at.
"""

import asyncio
import contextlib
import os
import pathlib
import threading
import time
from collections.abc import Callable
from typing import Annotated, Any

import dbus_fast
import dbus_fast.aio
from dbus_fast import annotations, service

NAME = 'org.freedesktop.login1'
PATH = '/org/freedesktop/login1'
SYSTEMD = 'org.freedesktop.systemd1'
SYSTEMD_PATH = '/org/freedesktop/systemd1'
_READ = dbus_fast.PropertyAccess.READ
_START_S = 10.0

_Sessions = Annotated[list[Any], annotations.DBusSignature('a(susso)')]
_Inhibitors = Annotated[list[Any], annotations.DBusSignature('a(ssssuu)')]
_Descriptor = Annotated[int, annotations.DBusSignature('h')]


class _Manager(service.ServiceInterface):
    """org.freedesktop.login1.Manager, as far as the agent asks."""

    def __init__(self, logind: 'Logind') -> None:
        super().__init__(f'{NAME}.Manager')
        self._logind = logind

    @service.dbus_method('ListSessions')
    def list_sessions(self) -> _Sessions:
        return []

    @service.dbus_method('ListInhibitors')
    def list_inhibitors(self) -> _Inhibitors:
        return [[*asked, 0, 1] for asked in self._logind.held.values()]

    @service.dbus_method('Inhibit')
    def inhibit(
        self,
        what: annotations.DBusStr,
        who: annotations.DBusStr,
        why: annotations.DBusStr,
        mode: annotations.DBusStr,
    ) -> _Descriptor:
        return self._logind.give([what, who, why, mode])

    @service.dbus_property(_READ, 'InhibitDelayMaxUSec')
    def longest(self) -> annotations.DBusUInt64:
        return int(self._logind.longest_s * 1e6)

    @service.dbus_property(_READ, 'PreparingForSleep')
    def sleeps(self) -> annotations.DBusBool:
        return self._logind.announced == 'PrepareForSleep'

    @service.dbus_property(_READ, 'PreparingForShutdown')
    def shuts_down(self) -> annotations.DBusBool:
        return self._logind.announced == 'PrepareForShutdown'

    @service.dbus_signal('PrepareForSleep')
    def prepare_for_sleep(self, begins: bool) -> annotations.DBusBool:
        return begins

    @service.dbus_signal('PrepareForShutdown')
    def prepare_for_shutdown(self, begins: bool) -> annotations.DBusBool:
        return begins


class _Systemd(service.ServiceInterface):
    """org.freedesktop.systemd1.Manager, as far as the agent asks."""

    def __init__(self, logind: 'Logind') -> None:
        super().__init__(f'{SYSTEMD}.Manager')
        self._logind = logind

    @service.dbus_property(_READ, 'SystemState')
    def system_state(self) -> annotations.DBusStr:
        return self._logind.system_state


class Logind:
    """logind on a thread of its own; ``on_release`` is called there.

    It is the moment at which a lock has ended.
    """

    def __init__(self, socket: pathlib.Path, longest_s: float) -> None:
        self.longest_s = longest_s
        self.announced = ''
        self.system_state = 'running'
        self.held: dict[int, list[str]] = {}
        self.on_release: Callable[[], None] = lambda: None
        self._address = f'unix:path={socket}'
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._manager = _Manager(self)
        self._bus: dbus_fast.aio.MessageBus | None = None

    def start(self) -> None:
        """Take logind's name."""
        self._thread.start()
        offered = asyncio.run_coroutine_threadsafe(self._offer(), self._loop)
        offered.result(_START_S)

    def stop(self) -> None:
        """Leave the bus, and forget every lock."""
        self._loop.call_soon_threadsafe(self._leave)
        self._thread.join()
        self._loop.close()

    def announce(self, member: str, begins: bool) -> float:
        """Emit PrepareForSleep or PrepareForShutdown; give the moment."""

        def emit() -> None:
            self.announced = member if begins else ''
            if member == 'PrepareForSleep':
                self._manager.prepare_for_sleep(begins)
            else:
                self._manager.prepare_for_shutdown(begins)

        self._loop.call_soon_threadsafe(emit)
        return time.monotonic()

    def wait(self, held: bool, within_s: float = 10.0) -> float:
        """Wait until a lock is held or none is; give the moment."""
        with self._changed:
            true = self._changed.wait_for(
                lambda: bool(self.held) == held, within_s
            )
        assert true, f'not within {within_s} s: a lock is held: {held}'
        return time.monotonic()

    def give(self, asked: list[str]) -> int:
        """Give one end of a pipe, whose closing is the end of a lock."""
        ours, theirs = os.pipe()
        with self._changed:
            self.held[ours] = asked
            self._changed.notify_all()
        self._loop.add_reader(ours, self._ended, ours)
        # It is closed once it is on its way.
        self._loop.call_later(0.05, os.close, theirs)
        return theirs

    def _ended(self, ours: int) -> None:
        self._loop.remove_reader(ours)
        os.close(ours)
        try:
            self.on_release()
        finally:
            with self._changed:
                del self.held[ours]
                self._changed.notify_all()

    async def _offer(self) -> None:
        bus = dbus_fast.aio.MessageBus(self._address, negotiate_unix_fd=True)
        self._bus = await bus.connect()
        self._bus.export(PATH, self._manager)
        self._bus.export(SYSTEMD_PATH, _Systemd(self))
        await self._bus.request_name(NAME)
        await self._bus.request_name(SYSTEMD)

    def _leave(self) -> None:
        for ours in self.held:
            self._loop.remove_reader(ours)
            with contextlib.suppress(OSError):
                os.close(ours)
        self.held.clear()
        assert self._bus is not None
        self._bus.disconnect()
        self._loop.stop()
