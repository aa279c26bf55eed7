# SPDX-License-Identifier: Apache-2.0
"""A system bus of our own, logind's double on it, and a client."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dbus_fast
import dbus_fast.aio

ROOT = Path(__file__).parents[1]
POLICY = ROOT / 'etc/nova_desktop/org.openstack.NovaDesktop1.conf'
AGENT = '/org/openstack/NovaDesktop1'
LOGIND = 'org.freedesktop.login1'
LOGIND_PATH = '/org/freedesktop/login1'
SESSION = f'{LOGIND_PATH}/session/c1'
_BUS = 'org.freedesktop.DBus'
_BUS_PATH = '/org/freedesktop/DBus'
_ANSWER_S = 5.0

CONFIG = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type><listen>unix:path={socket}</listen>
 <auth>EXTERNAL</auth>
 <policy context="default">
  <allow own="{logind}"/>
  <allow send_destination="*"/><allow send_type="signal"/>
  <allow send_requested_reply="true"/><allow receive_sender="*"/>
 </policy>
 <include>{policy}</include>
</busconfig>
"""


class PrivateBus:
    """The bus daemon and the double as processes, until ``stack`` ends."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self.socket = directory / 'bus'
        self.env = {'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={self.socket}'}
        self._stack = stack
        config = directory / 'bus.conf'
        config.write_text(
            CONFIG.format(socket=self.socket, logind=LOGIND, policy=POLICY)
        )
        self._start('dbus-daemon', f'--config-file={config}', '--nofork')
        double = ('/usr/bin/python3', '-m', 'dbusmock', '--system')
        self._start(*double, '--template', 'logind')

    def _start(self, *command: str) -> None:
        process = subprocess.Popen(
            command,
            env=os.environ | self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)

    def has_logind(self) -> bool:
        """Say whether the double is on the bus."""

        async def ask() -> bool:
            async with Client(self.socket) as client:
                body = await client.call(
                    (_BUS, _BUS_PATH, _BUS), 'NameHasOwner', 's', LOGIND
                )
                return bool(body[0])

        try:
            return asyncio.run(ask())
        except OSError:  # the daemon does not listen yet
            return False


class Client:
    """A connection to the bus that calls, and hears what changes."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def __aenter__(self) -> 'Client':
        address = f'unix:path={self._socket}'
        self._bus = await dbus_fast.aio.MessageBus(address).connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bus.disconnect()

    async def call(
        self,
        target: tuple[str, str, str],
        member: str,
        signature: str = '',
        *body: Any,
    ) -> list[Any]:
        """Call a method of name, path and interface; give the answer."""
        name, path, interface = target
        message = dbus_fast.Message(
            destination=name,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        reply = await asyncio.wait_for(self._bus.call(message), _ANSWER_S)
        if reply is None or reply.error_name:
            raise RuntimeError(f'{member} of {path}: {reply and reply.body}')
        return reply.body

    async def hear(self, heard: Callable[[str, dict[str, Any]], None]) -> None:
        """Hand every change of properties, with its path, to a function."""

        def sort(message: dbus_fast.Message) -> None:
            if message.member == 'PropertiesChanged' and message.path:
                heard(message.path, message.body[1])

        self._bus.add_message_handler(sort)
        rule = "type='signal',member='PropertiesChanged'"
        await self.call((_BUS, _BUS_PATH, _BUS), 'AddMatch', 's', rule)

    async def log_in(
        self,
        session_id: str = 'c1',
        uid: int = 1000,
        user: str = 'owner',
        active: bool = True,
    ) -> None:
        """Have the double open a session."""
        mock = (LOGIND, LOGIND_PATH, 'org.freedesktop.DBus.Mock')
        who = (session_id, 'seat0', uid, user, active)
        await self.call(mock, 'AddSession', 'ssusb', *who)

    async def lock(self, locked: bool) -> None:
        """Have the double say that the session is locked, or is not."""
        session = (LOGIND, SESSION, f'{LOGIND}.Session')
        await self.call(session, 'SetLockedHint', 'b', locked)
