# SPDX-License-Identifier: Apache-2.0
"""Stand in for logind on a workstation's bus: one seat, one session.

``/usr/bin/python3 -m sandbox.logind_double`` runs Debian's python3-dbusmock
in the foreground on the system bus of the environment
(``DBUS_SYSTEM_BUS_ADDRESS``), with this file as its template. It is
dbusmock's own logind with a session ``c1`` of uid 1000 on ``seat0``, active
and local, and with what that lacks: BlockInhibited and DelayInhibited, which
follow Inhibit, and the manager's lock-session calls. As with the real logind
a lock only emits ``Lock``; LockedHint follows when the desktop calls
SetLockedHint.
"""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

try:
    import dbus
    from dbusmock import mockobject
    from dbusmock.templates import logind as stock
    from dbusmock.templates.logind import (  # noqa: F401
        AddSeat,
        AddSession,
        AddUser,
        ListSessions,
        ListUsers,
    )
    from gi.repository import GLib
except ImportError as error:
    sys.exit(f'{error}: run this with /usr/bin/python3 and python3-dbusmock')

# dbusmock takes these from the template.
BUS_NAME = stock.BUS_NAME
MAIN_OBJ = stock.MAIN_OBJ
MAIN_IFACE = stock.MAIN_IFACE
SYSTEM_BUS = True

# What dbusmock runs for the manager's LockSession and UnlockSession.
EMIT = (
    'objects["/org/freedesktop/login1/session/" + args[0]]'
    '.EmitSignal("", "{signal}", "", [])'
)

SESSION_IFACE = 'org.freedesktop.login1.Session'
SESSION: dict[str, Any] = {
    'id': 'c1',
    'seat': 'seat0',
    'uid': 1000,
    'name': 'owner',
}

Method = TypeVar('Method', bound=Callable[..., Any])

inhibitors: list[tuple[str, str, str, str, int, int]] = []


def method(takes: str, returns: str) -> Callable[[Method], Method]:
    """Make a function a method of the manager, with D-Bus signatures."""
    decorate: Callable[[Method], Method] = dbus.service.method(
        MAIN_IFACE, in_signature=takes, out_signature=returns
    )
    return decorate


def load(mock: Any, parameters: dict[str, Any]) -> None:
    """Fill the mock: called by dbusmock once it owns the name."""
    stock.load(mock, parameters)
    # The stock template's own do nothing.
    mock.AddMethods(
        MAIN_IFACE,
        [
            (f'{name}Session', 's', '', EMIT.format(signal=name))
            for name in ('Lock', 'Unlock')
        ],
    )
    mock.AddProperties(
        MAIN_IFACE,
        {
            'BlockInhibited': '',
            'DelayInhibited': '',
            'Docked': False,
            'LidClosed': False,
            'OnExternalPower': True,
        },
    )
    add_session(mock, {**SESSION, **parameters.get('session', {})})


def add_session(mock: Any, session: dict[str, Any]) -> None:
    """Add the owner's session, graphical and in front."""
    path = mock.AddSession(
        session['id'],
        session['seat'],
        dbus.UInt32(session['uid']),
        session['name'],
        True,
    )
    mockobject.objects[path].UpdateProperties(
        SESSION_IFACE, {'Type': 'x11', 'TTY': 'tty7', 'Display': ':0'}
    )


@method('ssss', 'h')
def Inhibit(self: Any, what: str, who: str, why: str, mode: str) -> Any:
    """Take an inhibitor, which lasts until the caller closes the pipe."""
    ours, theirs = os.pipe()
    inhibitor = (what, who, why, mode, SESSION['uid'], os.getpid())
    inhibitors.append(inhibitor)
    publish(self)

    def drop(descriptor: int, _condition: object) -> bool:
        os.close(descriptor)
        inhibitors.remove(inhibitor)
        publish(self)
        return False

    GLib.unix_fd_add_full(GLib.PRIORITY_HIGH, ours, GLib.IO_HUP, drop)
    # UnixFd holds a copy until the answer is sent.
    answer = dbus.types.UnixFd(theirs)
    os.close(theirs)
    return answer


@method('', 'a(ssssuu)')
def ListInhibitors(self: Any) -> Any:
    """List the inhibitors that are held."""
    return dbus.Array(inhibitors, signature='(ssssuu)')


def publish(mock: Any) -> None:
    """Publish the union of what is inhibited, by mode."""
    held = {
        mode: sorted(
            {
                name
                for i in inhibitors
                if i[3] == mode
                for name in i[0].split(':')
            }
        )
        for mode in ('block', 'delay')
    }
    mock.UpdateProperties(
        MAIN_IFACE,
        {
            'BlockInhibited': ':'.join(held['block']),
            'DelayInhibited': ':'.join(held['delay']),
        },
    )


def main() -> None:
    """Become dbusmock, with this file as its template."""
    command = [sys.executable, '-m', 'dbusmock', '--system']
    os.execv(sys.executable, [*command, '--template', __file__])  # noqa: S606


if __name__ == '__main__':
    main()
