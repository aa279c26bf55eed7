# SPDX-License-Identifier: Apache-2.0
"""What every source that listens to the system bus does there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

BUS = 'org.freedesktop.DBus'
PROPERTIES = 'org.freedesktop.DBus.Properties'
_BUS_PATH = '/org/freedesktop/DBus'
_NO_OWNER = 'org.freedesktop.DBus.Error.NameHasNoOwner'
CALL_TIMEOUT_S = 10.0

BusFactory = Callable[[], Awaitable[MessageBus]]
"""Gives a new connection to the system bus, for the caller alone."""

ERRORS = (
    DBusError,
    AuthError,
    InvalidAddressError,
    OSError,
    TimeoutError,
    EOFError,
)
"""What goes wrong on a bus."""

READ_ERRORS = (*ERRORS, LookupError, TypeError, ValueError)
"""The same for a reply that is taken apart: one of another shape is none."""


async def call(bus: MessageBus, message: Message) -> list[Any]:
    """Call and return the body; raises DBusError, TimeoutError, OSError."""
    async with asyncio.timeout(CALL_TIMEOUT_S):
        reply = await bus.call(message)
    if reply is None:
        return []
    if reply.message_type is MessageType.ERROR:
        text = reply.body[0] if reply.body else ''
        raise DBusError(reply.error_name or 'unknown', str(text), reply)
    return reply.body


async def ask(bus: MessageBus, member: str, text: str) -> list[Any]:
    """Ask the bus itself; raises as ``call``."""
    message = Message(
        destination=BUS,
        path=_BUS_PATH,
        interface=BUS,
        member=member,
        signature='s',
        body=[text],
    )
    return await call(bus, message)


async def subscribe(bus: MessageBus, *rules: str) -> None:
    """Have the signals that fit one of the rules sent to us."""
    for rule in rules:
        await ask(bus, 'AddMatch', rule)


def comes_and_goes(name: str) -> str:
    """Give the rule for the coming and going of a service."""
    return (
        f"type='signal',sender='{BUS}',interface='{BUS}',"
        f"member='NameOwnerChanged',arg0='{name}'"
    )


async def owner(bus: MessageBus, name: str) -> str:
    """Return the unique name of a service, empty where it does not run."""
    try:
        return str((await ask(bus, 'GetNameOwner', name))[0])
    except DBusError as problem:
        if problem.type == _NO_OWNER:
            return ''
        raise


async def read(
    bus: MessageBus, name: str, path: str, interface: str, what: str
) -> Any:
    """Read one property."""
    message = Message(
        destination=name,
        path=path,
        interface=PROPERTIES,
        member='Get',
        signature='ss',
        body=[interface, what],
    )
    return (await call(bus, message))[0].value


async def properties(
    bus: MessageBus, name: str, path: str, interface: str
) -> dict[str, Any]:
    """Read all properties of an interface: name -> value."""
    message = Message(
        destination=name,
        path=path,
        interface=PROPERTIES,
        member='GetAll',
        signature='s',
        body=[interface],
    )
    variants = (await call(bus, message))[0]
    return {name: variant.value for name, variant in variants.items()}
