# SPDX-License-Identifier: Apache-2.0
"""logind's delay lock: sleep and shutdown wait a moment for its holder."""

import asyncio
import os
import select
from collections.abc import Awaitable, Callable
from typing import Any

import dbus_fast
from dbus_fast.aio import MessageBus

from nova_desktop import exception

_LOGIND = 'org.freedesktop.login1'
_PATH = '/org/freedesktop/login1'
_MANAGER = f'{_LOGIND}.Manager'
_PROPERTIES = 'org.freedesktop.DBus.Properties'
_ANSWER_S = 10.0
_BROKEN = (
    OSError,
    EOFError,
    TimeoutError,
    LookupError,
    TypeError,
    ValueError,
    dbus_fast.DBusError,
    dbus_fast.AuthError,
)


class DelayLock:
    """A lock that this process may hold; it ends with the process.

    ``connect`` gives a connection to the system bus, for the caller alone,
    that takes descriptors.
    """

    def __init__(self, connect: Callable[[], Awaitable[MessageBus]]) -> None:
        self.longest_s = 0.0
        """For how long logind waits at the most, as it said at ``take``."""
        self._connect = connect
        self._fd: int | None = None

    async def take(self) -> None:
        """Take the lock; raise MechanismFailed."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._take()
        except _BROKEN as error:
            raise exception.MechanismFailed(
                f'logind gives no delay lock ({error or "too late"}): see '
                'systemctl status systemd-logind'
            ) from error

    @property
    def is_held(self) -> bool:
        """Say whether it is held, and logind knows."""
        if self._fd is None:
            return False
        looked = select.poll()
        looked.register(self._fd, 0)
        # logind holds the other end for as long as it lives.
        return not looked.poll(0)

    def release(self) -> None:
        """Let the host go, as far as we are concerned."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    async def _take(self) -> None:
        bus = await self._connect()
        try:
            said = await _call(
                bus, _PROPERTIES, 'Get', [_MANAGER, 'InhibitDelayMaxUSec']
            )
            longest_s = float(said.body[0].value) / 1e6
            given = await _call(
                bus,
                _MANAGER,
                'Inhibit',
                [
                    'sleep:shutdown',
                    'nova-desktop-agent',
                    'Guests of the cloud are paused first',
                    'delay',
                ],
            )
            self.release()
            self._fd = given.unix_fds[given.body[0]]
            self.longest_s = longest_s
        finally:
            bus.disconnect()


async def _call(
    bus: MessageBus, interface: str, member: str, body: list[str]
) -> Any:
    message = dbus_fast.Message(
        destination=_LOGIND,
        path=_PATH,
        interface=interface,
        member=member,
        signature='s' * len(body),
        body=body,
    )
    reply = await bus.call(message)
    if reply is None or reply.message_type is dbus_fast.MessageType.ERROR:
        said = reply.body if reply is not None else ''
        raise OSError(f'{member} was refused: {said}')
    return reply
