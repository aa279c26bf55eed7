# SPDX-License-Identifier: Apache-2.0
"""The few things that the helper does on a D-Bus bus."""

import asyncio
from typing import Any

import dbus_fast
import dbus_fast.aio

BUS = 'org.freedesktop.DBus'
_BUS_PATH = '/org/freedesktop/DBus'
_TIMEOUT_S = 5.0

ERRORS = (
    dbus_fast.DBusError,
    dbus_fast.AuthError,
    dbus_fast.InvalidAddressError,
    OSError,
    EOFError,
    TimeoutError,
    LookupError,
)
"""What goes wrong on a bus; LookupError for a reply of another shape."""


async def connect(kind: dbus_fast.BusType) -> dbus_fast.aio.MessageBus:
    """Connect to a bus; raise one of ERRORS."""
    made = dbus_fast.aio.MessageBus(bus_type=kind)
    async with asyncio.timeout(_TIMEOUT_S):
        return await made.connect()


async def call(
    bus: dbus_fast.aio.MessageBus,
    name: str,
    path: str,
    interface: str,
    member: str,
    signature: str = '',
    *body: Any,
) -> list[Any]:
    """Call and give the values of the reply; raise one of ERRORS."""
    async with asyncio.timeout(_TIMEOUT_S):
        reply = await bus.call(
            dbus_fast.Message(
                destination=name,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
                flags=dbus_fast.MessageFlag.NO_AUTOSTART,
            )
        )
    if reply.message_type is dbus_fast.MessageType.ERROR:
        text = str(reply.body[0]) if reply.body else ''
        raise dbus_fast.DBusError(reply.error_name or 'unknown', text, reply)
    return list(reply.body)


async def add_match(bus: dbus_fast.aio.MessageBus, rule: str) -> None:
    """Have the signals of a rule sent; raise one of ERRORS."""
    await call(bus, BUS, _BUS_PATH, BUS, 'AddMatch', 's', rule)


async def watch_name(bus: dbus_fast.aio.MessageBus, name: str) -> None:
    """Have the coming and going of a name told; raise one of ERRORS."""
    await add_match(
        bus,
        f"type='signal',sender='{BUS}',interface='{BUS}',"
        f"member='NameOwnerChanged',arg0='{name}'",
    )


async def owner(bus: dbus_fast.aio.MessageBus, name: str) -> str:
    """Give the unique name behind a name; raise one of ERRORS."""
    reply = await call(bus, BUS, _BUS_PATH, BUS, 'GetNameOwner', 's', name)
    return str(reply[0])


async def has_owner(bus: dbus_fast.aio.MessageBus, name: str) -> bool:
    """Say whether somebody owns a name; raise one of ERRORS."""
    reply = await call(bus, BUS, _BUS_PATH, BUS, 'NameHasOwner', 's', name)
    return bool(reply[0])
