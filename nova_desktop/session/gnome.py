# SPDX-License-Identifier: Apache-2.0
"""Whether an application keeps a GNOME session from idling.

Some players and calls tell gnome-session only, of which logind hears nothing.
"""

import asyncio
import logging
from collections.abc import Callable

import dbus_fast
import dbus_fast.aio

from nova_desktop.session import bus

LOG = logging.getLogger(__name__)

_NAME = 'org.gnome.SessionManager'
_PATH = '/org/gnome/SessionManager'
_IDLE = 8
"""The flag of an inhibitor that keeps the session from being marked idle."""
_RETRY_S = 10.0
_ERROR = 'org.freedesktop.DBus.Error'
_NOT_OFFERED = {
    f'{_ERROR}.{name}'
    for name in (
        'ServiceUnknown',
        'NameHasNoOwner',
        'UnknownMethod',
        'UnknownInterface',
        'UnknownObject',
    )
}


class Inhibitors:
    """Asks the session's manager each time that an inhibitor comes or goes.

    Without such a manager there are none; one that does not answer counts as
    one that has some.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        """Take what is called after ``inhibited`` changed."""
        self.inhibited = False
        self._on_change = on_change
        self._bus: dbus_fast.aio.MessageBus | None = None
        self._again = False
        self._task: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    async def start(self, session: dbus_fast.aio.MessageBus) -> None:
        """Subscribe, and ask for the first time; raise one of bus.ERRORS."""
        self._bus = session
        session.add_message_handler(self._on_message)
        await bus.watch_name(session, _NAME)
        await bus.add_match(
            session,
            f"type='signal',sender='{_NAME}',interface='{_NAME}',"
            f"path='{_PATH}'",
        )
        self._look()

    def stop(self) -> None:
        """Ask no more."""
        if self._bus is not None:
            self._bus.remove_message_handler(self._on_message)
            self._bus = None
        if self._task is not None:
            self._task.cancel()
        if self._retry is not None:
            self._retry.cancel()

    def _on_message(self, message: dbus_fast.Message) -> None:
        if message.member == 'NameOwnerChanged' and message.sender == bus.BUS:
            if message.body[0] == _NAME:
                self._look()
        # Whoever sends it: the answer comes from the manager itself.
        elif message.member in ('InhibitorAdded', 'InhibitorRemoved'):
            self._look()

    def _look(self) -> None:
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._follow())

    async def _follow(self) -> None:
        """Ask until nothing came in the meantime."""
        while self._again:
            self._again = False
            inhibited = await self._ask()
            if inhibited != self.inhibited:
                self.inhibited = inhibited
                self._on_change()

    async def _ask(self) -> bool:
        assert self._bus is not None
        try:
            [answer] = await bus.call(
                self._bus, _NAME, _PATH, _NAME, 'IsInhibited', 'u', _IDLE
            )
        except bus.ERRORS as problem:
            if getattr(problem, 'type', '') in _NOT_OFFERED:
                return False
            LOG.warning('%s does not answer: %r', _NAME, problem)
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(_RETRY_S, self._look)
            return True
        return bool(answer)
