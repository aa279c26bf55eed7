# SPDX-License-Identifier: Apache-2.0
"""Report to the agent on the system bus, for as long as the login lasts."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

import dbus_fast
import dbus_fast.aio

from nova_desktop import client
from nova_desktop.session import backend, bus

LOG = logging.getLogger(__name__)

INTERFACE = f'{client.BUS_NAME}.Sessions'
HEARTBEAT_S = 10.0
# What was not taken is said again sooner than what was.
_RETRY_S = 2.0
_LAST_WORD_S = 1.0


class Reporter:
    """Tells the agent each change at once, and each heartbeat that it lives.

    The bus and the agent may come and go; whoever comes is told at once.
    """

    def __init__(
        self,
        session_id: str,
        backend_name: str,
        clock: Callable[[], float] = time.monotonic,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._session_id = session_id
        self._backend = backend_name
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._sign = backend.Sign()
        self._sign_s = clock()
        self._due = asyncio.Event()
        self._bus: dbus_fast.aio.MessageBus | None = None
        self._agent_here = False
        self._ended = False
        self._problem = ''

    def sign(self, sign: backend.Sign) -> None:
        """Take what the backend saw, to be told at once."""
        self._sign, self._sign_s = sign, self._clock()
        self._due.set()

    async def run(self) -> None:
        """Report for ever, connecting again whenever the bus is lost."""
        while True:
            try:
                await self._connect()
                await self._report_for_ever()
            except bus.ERRORS as problem:
                self._complain(f'the system bus cannot be used: {problem!r}')
            finally:
                self._hang_up()
            await asyncio.sleep(_RETRY_S)

    async def bye(self) -> None:
        """Say that this helper ends on purpose; nothing is lost if unheard."""
        self._ended = True
        if self._bus is None or not self._agent_here:
            return
        with contextlib.suppress(*bus.ERRORS):
            async with asyncio.timeout(_LAST_WORD_S):
                await self._ask(self._bus, 'Bye', 's', self._session_id)

    async def _connect(self) -> None:
        self._bus = await bus.connect(dbus_fast.BusType.SYSTEM)
        self._bus.add_message_handler(self._on_message)
        await bus.watch_name(self._bus, client.BUS_NAME)
        self._agent_here = await bus.has_owner(self._bus, client.BUS_NAME)

    def _hang_up(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def _report_for_ever(self) -> None:
        assert self._bus is not None
        self._due.set()
        lost = asyncio.ensure_future(self._lost(self._bus))
        wait_s: float | None = None
        try:
            while not lost.done():
                await self._wait(lost, wait_s)
                if self._may_report() and not lost.done():
                    wait_s = await self._report(self._bus)
                else:
                    wait_s = None
        finally:
            lost.cancel()

    def _may_report(self) -> bool:
        return self._agent_here and not self._ended

    async def _wait(
        self, lost: asyncio.Future[None], wait_s: float | None
    ) -> None:
        """Wait for a change, for the time to be over, or for the loss."""
        due = asyncio.ensure_future(self._due.wait())
        try:
            ends: set[asyncio.Future[Any]] = {due, lost}
            await asyncio.wait(
                ends,
                timeout=wait_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            due.cancel()
        self._due.clear()

    async def _lost(self, system: dbus_fast.aio.MessageBus) -> None:
        with contextlib.suppress(*bus.ERRORS):
            await system.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _report(self, system: dbus_fast.aio.MessageBus) -> float:
        """Tell what is so now; give the seconds until it is told again."""
        sign, since_ms = self._sign, (self._clock() - self._sign_s) * 1000
        idle_ms = 0 if sign.active else sign.idle_ms + int(since_ms)
        try:
            await self._ask(
                *(system, 'Report', 'sbbts', self._session_id),
                *(sign.active, sign.inhibited, idle_ms, self._backend),
            )
        except dbus_fast.DBusError as problem:
            self._complain(f'the agent does not listen: {problem}')
            return _RETRY_S
        except TimeoutError:
            self._complain('the agent does not answer')
            return _RETRY_S
        if self._problem:
            LOG.info('The agent listens again')
        self._problem = ''
        return self._heartbeat_s

    async def _ask(
        self,
        system: dbus_fast.aio.MessageBus,
        member: str,
        signature: str,
        *body: object,
    ) -> None:
        await bus.call(
            system,
            client.BUS_NAME,
            client.PATH,
            INTERFACE,
            member,
            signature,
            *body,
        )

    def _on_message(self, message: dbus_fast.Message) -> None:
        if message.member != 'NameOwnerChanged' or message.sender != bus.BUS:
            return
        name, _before, after = message.body
        if name == client.BUS_NAME:
            self._agent_here = bool(after)
            self._due.set()

    def _complain(self, problem: str) -> None:
        """Log once until it differs."""
        if problem != self._problem:
            LOG.warning('Nothing is reported just now: %s', problem)
        self._problem = problem
