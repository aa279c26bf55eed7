# SPDX-License-Identifier: Apache-2.0
"""One connection to the system bus, and the agent's API on it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import dbus_fast
import dbus_fast.aio

from nova_desktop import exception

BUS_NAME = 'org.openstack.NovaDesktop1'
PATH = '/org/openstack/NovaDesktop1'
INTERFACE = BUS_NAME
BUS = 'org.freedesktop.DBus'
_BUS_PATH = '/org/freedesktop/DBus'
_PROPERTIES = 'org.freedesktop.DBus.Properties'
_PEER = 'org.freedesktop.DBus.Peer'
# What the bus answers in the place of an agent that is not there.
_SILENCE = (
    f'{BUS}.Error.ServiceUnknown',
    f'{BUS}.Error.NameHasNoOwner',
    f'{BUS}.Error.NoReply',
    f'{BUS}.Error.UnknownObject',
)
_BROKEN = (OSError, EOFError, dbus_fast.DBusError, dbus_fast.AuthError)
_REMEDY = 'see systemctl status nova-desktop-agent'


class Connection:
    """One connection to the system bus, and through it to the agent."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._bus: dbus_fast.aio.MessageBus | None = None

    async def open(self) -> None:
        """Connect; raise BusUnavailable."""
        bus = dbus_fast.aio.MessageBus(bus_type=dbus_fast.BusType.SYSTEM)
        try:
            async with asyncio.timeout(self._timeout_s):
                await bus.connect()
        except (*_BROKEN, TimeoutError) as error:
            raise exception.BusUnavailable(
                f'the D-Bus system bus cannot be reached ({error}); see '
                'systemctl status dbus'
            ) from error
        self._bus = bus

    async def close(self) -> None:
        """Disconnect."""
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def lost(self) -> None:
        """Wait until the connection is gone."""
        assert self._bus is not None
        try:
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        except _BROKEN:
            return

    async def owner(self) -> str:
        """Give the agent's unique name on the bus; raise AgentSilent."""
        reply = await self._call(
            BUS, _BUS_PATH, BUS, 'GetNameOwner', 's', BUS_NAME
        )
        return str(reply[0])

    async def watch(
        self, handler: Callable[[dbus_fast.Message], None]
    ) -> None:
        """Have every signal of the agent's name and properties handled."""
        assert self._bus is not None
        self._bus.add_message_handler(handler)
        for rule in (
            f"type='signal',sender='{BUS}',member='NameOwnerChanged',"
            f"arg0='{BUS_NAME}'",
            f"type='signal',sender='{BUS_NAME}',path='{PATH}',"
            f"interface='{_PROPERTIES}'",
        ):
            await self._call(BUS, _BUS_PATH, BUS, 'AddMatch', 's', rule)

    async def properties(self) -> dict[str, Any]:
        """Give all properties, as they were at one moment."""
        reply = await self._call(
            BUS_NAME, PATH, _PROPERTIES, 'GetAll', 's', INTERFACE
        )
        return {name: variant.value for name, variant in reply[0].items()}

    async def ping(self) -> None:
        """Return once the agent has answered; raise AgentSilent."""
        await self._call(BUS_NAME, PATH, _PEER, 'Ping', '')

    async def ask(
        self, member: str, signature: str, *arguments: Any
    ) -> Sequence[Any]:
        """Call a method of the agent."""
        return await self._call(
            BUS_NAME, PATH, INTERFACE, member, signature, *arguments
        )

    async def _call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str,
        *arguments: Any,
    ) -> Sequence[Any]:
        if self._bus is None or not self._bus.connected:
            raise exception.BusUnavailable('the D-Bus connection is closed')
        message = dbus_fast.Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(arguments),
            flags=dbus_fast.MessageFlag.NO_AUTOSTART,
        )
        try:
            # Not wait_for: on Python 3.11 it may swallow a cancellation that
            # comes with the reply, and stop() would wait for ever.
            async with asyncio.timeout(self._timeout_s):
                reply = await self._bus.call(message)
        except (*_BROKEN, TimeoutError) as error:
            raise exception.AgentSilent(
                f'nova-desktop-agent does not answer {member} '
                f'({error or "too late"}); {_REMEDY}'
            ) from error
        return _body_of(reply)


def _body_of(reply: dbus_fast.Message) -> Sequence[Any]:
    """Give a reply's values; raise what its error says."""
    if reply.message_type is not dbus_fast.MessageType.ERROR:
        return list(reply.body)
    text = reply.body[0] if reply.body else reply.error_name
    if reply.error_name in _SILENCE:
        raise exception.AgentSilent(
            f'nova-desktop-agent is not on the bus; {_REMEDY}'
        )
    raise exception.DesktopError(f'nova-desktop-agent refused: {text}')
