# SPDX-License-Identifier: Apache-2.0
"""What is asked of the bus and of logind about a helper."""

from typing import Any

from dbus_fast import Message
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from nova_desktop.sensing import logind_api as api

_ENDED = ('NoSuchSession', 'UnknownObject', 'UnknownMethod')


async def uid(bus: MessageBus, sender: str) -> int:
    """Give the user behind a unique name; raise as ``api.call``."""
    reply = await api.call(
        bus,
        Message(
            destination=api.BUS,
            path=api.BUS_PATH,
            interface=api.BUS,
            member='GetConnectionUnixUser',
            signature='s',
            body=[sender],
        ),
    )
    return int(reply[0])


async def session_owner(bus: MessageBus, session_id: str) -> int | None:
    """Give the user of a session; None for one that is over or nobody's."""
    try:
        values = await _session(bus, session_id)
    except DBusError as problem:
        if problem.type.rpartition('.')[2] in _ENDED:
            return None
        raise
    if not str(values['Class'].value).startswith('user'):
        return None
    return int(values['User'].value[0])


async def _session(bus: MessageBus, session_id: str) -> dict[str, Any]:
    found = Message(
        destination=api.SERVICE,
        path=api.ROOT,
        interface=api.MANAGER,
        member='GetSession',
        signature='s',
        body=[session_id],
    )
    path = (await api.call(bus, found))[0]
    request = Message(
        destination=api.SERVICE,
        path=path,
        interface=api.PROPERTIES,
        member='GetAll',
        signature='s',
        body=[api.SESSION],
    )
    values: dict[str, Any] = (await api.call(bus, request))[0]
    return values


def match(rule: str) -> Message:
    """Give the call that has the signals of a rule sent to us."""
    return Message(
        destination=api.BUS,
        path=api.BUS_PATH,
        interface=api.BUS,
        member='AddMatch',
        signature='s',
        body=[rule],
    )
