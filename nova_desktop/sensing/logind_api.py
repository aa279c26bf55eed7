# SPDX-License-Identifier: Apache-2.0
"""The few calls to logind that are needed, as values."""

import asyncio
import dataclasses
import fnmatch
from collections.abc import Sequence
from typing import Any

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

SERVICE = 'org.freedesktop.login1'
ROOT = '/org/freedesktop/login1'
MANAGER = 'org.freedesktop.login1.Manager'
SESSION = 'org.freedesktop.login1.Session'
PROPERTIES = 'org.freedesktop.DBus.Properties'
BUS = 'org.freedesktop.DBus'
BUS_PATH = '/org/freedesktop/DBus'
CALL_TIMEOUT_S = 10.0

RULES = (
    f"type='signal',sender='{SERVICE}',path_namespace='{ROOT}'",
    f"type='signal',sender='{BUS}',interface='{BUS}',"
    f"member='NameOwnerChanged',arg0='{SERVICE}'",
)

_ENDED = ('UnknownObject', 'UnknownMethod', 'NoSuchSession')
"""What logind says of a session that ended after it was listed."""

_BLOCKS = ('block', 'block-weak')
_NOBODYS = ('greeter', 'lock-screen', 'background', 'manager', 'none')
"""How the classes of sessions begin that are nobody's.

Any other is a person's: user, user-early, user-incomplete, user-light, and
what a later logind may add.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Session:
    """What counts of one session of a person."""

    active: bool
    locked: bool
    remote: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """All sessions of people, by id, and who inhibits idling."""

    sessions: dict[str, Session]
    inhibitors: tuple[str, ...]


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


async def subscribe(bus: MessageBus) -> None:
    """Have logind's signals, and its coming and going, sent to us."""
    for rule in RULES:
        await call(bus, _to_bus('AddMatch', 's', [rule]))


async def owner(bus: MessageBus) -> str:
    """Return the unique name of logind, empty where it does not run."""
    try:
        return str(
            (await call(bus, _to_bus('GetNameOwner', 's', [SERVICE])))[0]
        )
    except DBusError as problem:
        if problem.type == 'org.freedesktop.DBus.Error.NameHasNoOwner':
            return ''
        raise


async def picture(
    bus: MessageBus, own_pid: int | None, ignored: Sequence[str] = ()
) -> Picture:
    """Read every session and idle inhibitor.

    Those of ``own_pid`` are left out, and those whose holder's name fits one
    of ``ignored``, patterns as in a shell.
    """
    sessions = {}
    listed = (await call(bus, _manager('ListSessions')))[0]
    for session_id, _uid, _user, _seat, path in listed:
        session = await _session(bus, path)
        if session is not None:
            sessions[session_id] = session
    held = (await call(bus, _manager('ListInhibitors')))[0]
    names = {
        who
        for what, who, _why, mode, _uid, pid in held
        if 'idle' in what.split(':') and mode in _BLOCKS and pid != own_pid
    }
    names = {name for name in names if not _fits(name, ignored)}
    return Picture(sessions, tuple(sorted(names)))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(name.lower(), pattern.lower())
        for pattern in patterns
    )


async def _session(bus: MessageBus, path: str) -> Session | None:
    """Read one session; None for one that is nobody's or just ended."""
    request = Message(
        destination=SERVICE,
        path=path,
        interface=PROPERTIES,
        member='GetAll',
        signature='s',
        body=[SESSION],
    )
    try:
        variants = (await call(bus, request))[0]
    except DBusError as problem:
        if problem.type.rpartition('.')[2] in _ENDED:
            return None
        raise
    values = {name: variant.value for name, variant in variants.items()}
    if str(values['Class']).startswith(_NOBODYS):
        return None
    if values['State'] == 'closing':
        return None
    return Session(
        active=bool(values['Active']),
        locked=bool(values['LockedHint']),
        # Who has no seat (xrdp, VNC, a serial line) has no input device that
        # could be watched either, and logind need not call him remote.
        remote=bool(values['Remote']) or not values['Seat'][0],
    )


def _manager(member: str) -> Message:
    return Message(
        destination=SERVICE, path=ROOT, interface=MANAGER, member=member
    )


def _to_bus(member: str, signature: str, body: list[Any]) -> Message:
    return Message(
        destination=BUS,
        path=BUS_PATH,
        interface=BUS,
        member=member,
        signature=signature,
        body=body,
    )
