# SPDX-License-Identifier: Apache-2.0
"""A service on the system bus, asked for all properties of its objects."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dbus_fast import Message, MessageFlag
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

from nova_desktop.sensing.logind_api import call

BUS = 'org.freedesktop.DBus'
_BUS_PATH = '/org/freedesktop/DBus'
_PROPERTIES = 'org.freedesktop.DBus.Properties'
_NO_OWNER = 'org.freedesktop.DBus.Error.NameHasNoOwner'

ERRORS = (
    DBusError,
    AuthError,
    InvalidAddressError,
    OSError,
    TimeoutError,
    EOFError,
    # A reply of another shape is as good as none.
    LookupError,
    TypeError,
    ValueError,
)
"""What each function here may raise."""


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A service, and the interface that is read of each of its objects."""

    name: str
    objects: Mapping[str, str]


async def subscribe(bus: MessageBus, service: Service) -> None:
    """Have changes of the properties, and its coming and going, sent."""
    rules = [
        f"type='signal',sender='{BUS}',interface='{BUS}',"
        f"member='NameOwnerChanged',arg0='{service.name}'",
        *(
            f"type='signal',sender='{service.name}',path='{path}',"
            f"interface='{_PROPERTIES}',member='PropertiesChanged'"
            for path in service.objects
        ),
    ]
    for rule in rules:
        await call(bus, _to_bus('AddMatch', rule))


async def owner(bus: MessageBus, service: Service) -> str:
    """Return its unique name, empty where it does not run."""
    try:
        reply = await call(bus, _to_bus('GetNameOwner', service.name))
    except DBusError as problem:
        if problem.type == _NO_OWNER:
            return ''
        raise
    return str(reply[0])


async def read(
    bus: MessageBus, service: Service, owned_by: str
) -> dict[str, dict[str, Any]]:
    """Read path -> name -> value from the owner; never start it."""
    values = {}
    for path, interface in service.objects.items():
        message = Message(
            destination=owned_by,
            path=path,
            interface=_PROPERTIES,
            member='GetAll',
            signature='s',
            body=[interface],
            flags=MessageFlag.NO_AUTOSTART,
        )
        found = (await call(bus, message))[0]
        values[path] = {name: variant.value for name, variant in found.items()}
    return values


def _to_bus(member: str, text: str) -> Message:
    return Message(
        destination=BUS,
        path=_BUS_PATH,
        interface=BUS,
        member=member,
        signature='s',
        body=[text],
    )
