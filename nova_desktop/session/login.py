# SPDX-License-Identifier: Apache-2.0
"""Which login this is, and that it has no other helper."""

import contextlib
import fcntl
from collections.abc import Iterator, Mapping
from pathlib import Path

import dbus_fast

from nova_desktop import exception
from nova_desktop.session import bus

_SERVICE = 'org.freedesktop.login1'
_MYSELF = '/org/freedesktop/login1/user/self'
_USER = 'org.freedesktop.login1.User'
_PROPERTIES = 'org.freedesktop.DBus.Properties'


async def session_id(env: Mapping[str, str]) -> str:
    """Give logind's id of this session; raise HostUnready.

    A unit of the user's manager belongs to no session, so there the user's
    graphical session is asked for.
    """
    if env.get('XDG_SESSION_ID'):
        return env['XDG_SESSION_ID']
    try:
        system = await bus.connect(dbus_fast.BusType.SYSTEM)
    except bus.ERRORS as problem:
        raise exception.BusUnavailable(
            f'the D-Bus system bus cannot be reached: {problem}'
        ) from problem
    try:
        reply = await bus.call(
            *(system, _SERVICE, _MYSELF, _PROPERTIES, 'Get'),
            *('ss', _USER, 'Display'),
        )
        found = str(reply[0].value[0])
    except bus.ERRORS as problem:
        raise exception.HostUnready(
            f'logind does not say which session this is: {problem}; pass '
            '--session-id'
        ) from problem
    finally:
        system.disconnect()
    if not found:
        raise exception.HostUnready(
            'logind knows no graphical session of this user; pass --session-id'
        )
    return found


@contextlib.contextmanager
def only_one(directory: Path | None, session: str) -> Iterator[None]:
    """Be the only helper of a session; raise BlockingIOError if it has one.

    Without a directory nothing can be locked: two helpers do no harm.
    """
    if directory is None:
        yield
        return
    name = ''.join(each if each.isalnum() else '_' for each in session)
    path = directory / f'nova-desktop-session.{name}.lock'
    with path.open('w') as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
