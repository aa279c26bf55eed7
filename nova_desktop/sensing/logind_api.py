# SPDX-License-Identifier: Apache-2.0
"""The few calls to logind that are needed, as values."""

import dataclasses
import fnmatch
from collections.abc import Sequence

from dbus_fast import Message
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from nova_desktop.sensing import system_bus

SERVICE = 'org.freedesktop.login1'
ROOT = '/org/freedesktop/login1'
MANAGER = 'org.freedesktop.login1.Manager'
SESSION = 'org.freedesktop.login1.Session'

RULES = (
    f"type='signal',sender='{SERVICE}',path_namespace='{ROOT}'",
    system_bus.comes_and_goes(SERVICE),
)

ENDED = ('UnknownObject', 'UnknownMethod', 'NoSuchSession')
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


async def picture(
    bus: MessageBus, own_pid: int | None, ignored: Sequence[str] = ()
) -> Picture:
    """Read every session and idle inhibitor.

    Those of ``own_pid`` are left out, and those whose holder's name fits one
    of ``ignored``, patterns as in a shell.
    """
    sessions = {}
    listed = (await system_bus.call(bus, _manager('ListSessions')))[0]
    for session_id, _uid, _user, _seat, path in listed:
        session = await _session(bus, path)
        if session is not None:
            sessions[session_id] = session
    held = (await system_bus.call(bus, _manager('ListInhibitors')))[0]
    names = {
        who
        for what, who, _why, mode, _uid, pid in held
        if 'idle' in what.split(':') and mode in _BLOCKS and pid != own_pid
    }
    names = {name for name in names if not _fits(name, ignored)}
    return Picture(sessions, tuple(sorted(names)))


async def departing(bus: MessageBus) -> str:
    """Give ``shutdown`` or ``sleep`` if it is under way, else nothing."""
    said = await system_bus.properties(bus, SERVICE, ROOT, MANAGER)
    # elogind need not have them.
    if said.get('PreparingForShutdown'):
        return 'shutdown'
    return 'sleep' if said.get('PreparingForSleep') else ''


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(name.lower(), pattern.lower())
        for pattern in patterns
    )


async def _session(bus: MessageBus, path: str) -> Session | None:
    """Read one session; None for one that is nobody's or just ended."""
    try:
        values = await system_bus.properties(bus, SERVICE, path, SESSION)
    except DBusError as problem:
        if problem.type.rpartition('.')[2] in ENDED:
            return None
        raise
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
