# SPDX-License-Identifier: Apache-2.0
"""The properties of a service on the system bus, kept up to date."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from oslo_log import log as logging

from nova_desktop.sensing import bus_service, system_bus

LOG = logging.getLogger(__name__)

_RETRY_S = 5.0


class Properties:
    """Watch properties by events; never start a service that does not run.

    Every ``heartbeat_s`` all is read again, which proves that the service
    answers. What cannot be read is None, and is tried again.
    """

    def __init__(
        self,
        bus_factory: system_bus.BusFactory,
        service: bus_service.Service,
        heartbeat_s: float,
    ) -> None:
        self.values: dict[str, dict[str, Any]] | None = None
        """Path -> name -> value; None while the service does not answer."""
        self.error = 'it was not asked yet'
        """Why there are no values; empty if there are."""
        self._bus_factory = bus_factory
        self._service = service
        self._heartbeat_s = heartbeat_s
        self._bus: MessageBus | None = None
        self._owner = ''
        self._dirty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._on_change: Callable[[], None] = lambda: None

    def start(self, on_change: Callable[[], None]) -> None:
        """Begin to watch; ``on_change`` is called after each change."""
        self._on_change = on_change
        self._tasks = [asyncio.create_task(self._run())]

    async def stop(self) -> None:
        """Leave the bus."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._hang_up()
        self.values, self.error = None, 'it is not asked any more'

    async def _run(self) -> None:
        while True:
            self._dirty.clear()
            try:
                await self._read()
            except system_bus.READ_ERRORS as problem:
                self._lose(f'{self._service.name}: {problem}')
            except Exception as problem:
                LOG.exception('%s was not read', self._service.name)
                self._lose(f'{self._service.name}: {problem!r}')
            wait_s = self._heartbeat_s
            if self._bus is None:
                wait_s = min(wait_s, _RETRY_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._dirty.wait()

    async def _read(self) -> None:
        if self._bus is None or not self._bus.connected:
            await self._connect()
        assert self._bus is not None
        self._owner = await system_bus.owner(self._bus, self._service.name)
        if not self._owner:
            self._forget(f'{self._service.name} does not run')
            return
        values = await bus_service.read(self._bus, self._service, self._owner)
        changed = values != self.values
        self.values, self.error = values, ''
        if changed:
            self._on_change()

    async def _connect(self) -> None:
        self._hang_up()
        self._bus = bus = await self._bus_factory()
        bus.add_message_handler(self._on_message)
        for task in self._tasks[1:]:
            task.cancel()
        self._tasks[1:] = [asyncio.create_task(self._notice_loss(bus))]
        await bus_service.subscribe(bus, self._service)

    async def _notice_loss(self, bus: MessageBus) -> None:
        with contextlib.suppress(*system_bus.READ_ERRORS):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        if bus is self._bus:
            self._lose('the D-Bus system bus is gone')
            self._dirty.set()

    def _lose(self, error: str) -> None:
        self._hang_up()
        self._forget(error)

    def _forget(self, error: str) -> None:
        """Give up what was read: it is no longer known to be true."""
        if error != self.error:
            LOG.info('No news of the surroundings: %s', error)
        before, self.values, self.error = self.values, None, error
        if before is not None:
            self._on_change()

    def _hang_up(self) -> None:
        if self._bus is not None:
            bus, self._bus = self._bus, None
            bus.disconnect()

    def _on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.sender == system_bus.BUS:
            if message.member == 'NameOwnerChanged':
                self._dirty.set()
        # Anyone may send a signal to us alone.
        elif message.sender == self._owner:
            self._dirty.set()
