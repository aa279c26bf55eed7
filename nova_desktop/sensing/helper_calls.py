# SPDX-License-Identifier: Apache-2.0
"""What is asked of the bus and of logind about a helper."""

from dbus_fast import Message
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from nova_desktop.sensing import logind_api as api
from nova_desktop.sensing import system_bus


async def uid(bus: MessageBus, sender: str) -> int:
    """Give the user behind a unique name; raise as ``system_bus.call``."""
    return int((await system_bus.ask(bus, 'GetConnectionUnixUser', sender))[0])


async def session_owner(bus: MessageBus, session_id: str) -> int | None:
    """Give the user of a session; None for one that is over or nobody's."""
    request = Message(
        destination=api.SERVICE,
        path=api.ROOT,
        interface=api.MANAGER,
        member='GetSession',
        signature='s',
        body=[session_id],
    )
    try:
        path = (await system_bus.call(bus, request))[0]
        values = await system_bus.properties(
            bus, api.SERVICE, path, api.SESSION
        )
    except DBusError as problem:
        if problem.type.rpartition('.')[2] in api.ENDED:
            return None
        raise
    if not str(values['Class']).startswith('user'):
        return None
    return int(values['User'][0])
