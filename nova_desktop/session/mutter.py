# SPDX-License-Identifier: Apache-2.0
"""Input to GNOME, from its compositor, and what inhibits its idling."""

import asyncio
import contextlib
import dataclasses
from typing import Any

import dbus_fast
import dbus_fast.aio

from nova_desktop import exception
from nova_desktop.session import backend, bus, gnome

_NAME = 'org.gnome.Mutter.IdleMonitor'
_PATH = '/org/gnome/Mutter/IdleMonitor/Core'
# A compositor under X11 may be started again within its session.
_COMES_BACK_S = 10.0


class Mutter:
    """Watch the monitor of all devices on the session bus."""

    name = 'mutter'

    def __init__(self, idle_ms: int) -> None:
        self._idle_ms = idle_ms
        self._bus: dbus_fast.aio.MessageBus | None = None
        self._owner = ''
        self._idle_watch = 0
        self._active_watch = 0
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving: asyncio.TimerHandle | None = None
        self._inhibitors = gnome.Inhibitors(self._inhibitors_changed)
        self._sign = backend.Sign()
        self._sign_s = 0.0
        self._on_sign: backend.OnSign = lambda _: None

    async def start(self, on_sign: backend.OnSign) -> None:
        """Set the watch; raise HostUnready."""
        self._on_sign = on_sign
        try:
            self._bus = await bus.connect(dbus_fast.BusType.SESSION)
            self._bus.add_message_handler(self._on_message)
            await bus.watch_name(self._bus, _NAME)
            await bus.add_match(
                self._bus,
                f"type='signal',sender='{_NAME}',interface='{_NAME}',"
                f"member='WatchFired',path='{_PATH}'",
            )
            self._owner = await bus.owner(self._bus, _NAME)
            await self._watch()
            await self._inhibitors.start(self._bus)
        except bus.ERRORS as problem:
            self.stop()
            raise exception.HostUnready(
                f'the session bus has no {_NAME}: {problem}'
            ) from problem
        self._spawn(self._notice_loss())

    async def lost(self) -> None:
        """Return once the compositor or the session bus is gone."""
        await self._gone.wait()

    def stop(self) -> None:
        """Leave the bus; the monitor forgets the watches by itself."""
        self._inhibitors.stop()
        for task in self._tasks:
            task.cancel()
        if self._leaving is not None:
            self._leaving.cancel()
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notice_loss(self) -> None:
        assert self._bus is not None
        with contextlib.suppress(*bus.ERRORS):
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self._gone.set()

    async def _ask(self, member: str, signature: str, *body: Any) -> int:
        assert self._bus is not None
        reply = await bus.call(
            self._bus, _NAME, _PATH, _NAME, member, signature, *body
        )
        return int(reply[0])

    def _tell(self, sign: backend.Sign) -> None:
        """Tell what the monitor said, and whether idling is inhibited."""
        self._sign, self._sign_s = sign, asyncio.get_running_loop().time()
        inhibited = self._inhibitors.inhibited
        self._on_sign(dataclasses.replace(sign, inhibited=inhibited))

    def _inhibitors_changed(self) -> None:
        """Tell it again: the last input is as long ago as it is."""
        sign = self._sign
        if not sign.active:
            passed_s = asyncio.get_running_loop().time() - self._sign_s
            idle_ms = sign.idle_ms + int(passed_s * 1000)
            sign = dataclasses.replace(sign, idle_ms=idle_ms)
        self._tell(sign)

    async def _watch(self) -> None:
        self._idle_watch = await self._ask('AddIdleWatch', 't', self._idle_ms)

    async def _await_input(self) -> None:
        """Have the next input told, or count as one whose end is unseen."""
        try:
            self._active_watch = await self._ask('AddUserActiveWatch', '')
            idle_ms = await self._ask('GetIdletime', '')
        except bus.ERRORS:
            self._tell(backend.Sign())
            return
        # Whoever came back before the watch was set is not told by it.
        if idle_ms < self._idle_ms:
            self._tell(backend.Sign())

    async def _watch_again(self) -> None:
        try:
            await self._watch()
        except bus.ERRORS:
            self._gone.set()

    def _on_message(self, message: dbus_fast.Message) -> None:
        if message.member == 'NameOwnerChanged' and message.sender == bus.BUS:
            self._owner_changed(*message.body)
        elif message.member == 'WatchFired' and message.sender == self._owner:
            self._fired(message.body[0])

    def _fired(self, watch: int) -> None:
        if watch == self._idle_watch:
            self._tell(backend.Sign(active=False, idle_ms=self._idle_ms))
            self._spawn(self._await_input())
        elif watch == self._active_watch:
            self._tell(backend.Sign())

    def _owner_changed(self, name: str, _before: str, after: str) -> None:
        if name != _NAME:
            return
        self._owner = after
        self._tell(backend.Sign())
        if self._leaving is not None:
            self._leaving.cancel()
        if after:
            self._spawn(self._watch_again())
            return
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(_COMES_BACK_S, self._gone.set)
