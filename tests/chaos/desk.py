# SPDX-License-Identifier: Apache-2.0
"""The owner's side of a workstation: input, sessions, the agent."""

import contextlib
import os
import pathlib
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import dbus_fast

from sandbox import private_libvirt
from tests.functional.agent import host as workstation
from tests.functional.hypervisor import host as hypervisor

PROPERTIES = 'org.freedesktop.DBus.Properties'
MOCK = 'org.freedesktop.DBus.Mock'
MANAGER = 'org.freedesktop.login1.Manager'
SESSION = 'org.freedesktop.login1.Session'
LOGIND_PATH = '/org/freedesktop/login1'
_KEY_EACH_S = 0.1

# Guests have to give memory back although the host has plenty. How busy the
# machine happens to be is no owner.
_CONFIG = """
[slice]
parent = {parent}
[cap]
idle_memory = 0.01
active_memory = 0.01
unknown_memory = 0.01
[presence]
demand_pressure = 1.0
demand_io_pressure = 1.0
demand_memory_pressure = 1.0
[ladder]
libvirt_uri = {uri}
resume_stagger_s = 0.05
"""


class Desk(workstation.Host):
    """The owner's side: the agent says here when it holds the guests."""

    def __init__(self) -> None:
        super().__init__()
        self.session = ''
        self.mouse = self.add_device('event1', 'mouse')
        self._notify = self.dir / 'notify'
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(self._notify))

    def settle_in(self, guests: hypervisor.Host) -> None:
        """Share the cgroups of the guests' side."""
        with self.config.open('a') as config:
            config.write(_CONFIG.format(parent=guests.name, uri=guests.uri))
        self.cgroups.cpu = workstation.CGROUPS / 'cpu' / guests.name
        self.cgroups.guests = self.cgroups.cpu / private_libvirt.GROUP

    def close(self) -> None:
        """Remove everything."""
        self._notified.close()
        super().close()

    def hold(self) -> subprocess.Popen[bytes]:
        """Begin what the agent's unit runs whenever it has ended."""
        command = [*self._command(), '--hold']
        return subprocess.Popen(
            command, env=self._env(), stderr=subprocess.DEVNULL
        )

    def is_ready(self) -> bool:
        """Say whether the agent said meanwhile that it holds the guests."""
        with contextlib.suppress(BlockingIOError):
            while True:
                told = self._notified.recv(256, socket.MSG_DONTWAIT)
                if b'READY=1' in told:
                    return True
        return False

    def quota(self) -> float:
        """Read the limit that is in force, infinite for none."""
        quota = self.cgroups.quota()
        return float('inf') if quota < 0 else float(quota)

    def press(self, node: pathlib.Path | None = None) -> None:
        """Press a key, or move what ``node`` stands for."""
        if node is None:
            return self.touch()
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK)
        # A move to the right: EV_REL, REL_X.
        os.write(fd, struct.pack('llHHi', 0, 0, 2, 0, 1))
        os.close(fd)
        return None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Have the owner type without a break."""
        over = threading.Event()

        def type_on() -> None:
            while not over.wait(_KEY_EACH_S):
                self.press()

        typing = threading.Thread(target=type_on)
        typing.start()
        try:
            yield
        finally:
            over.set()
            typing.join()

    def say(self, member: str, signature: str = '', *body: Any) -> bool:
        """Call the agent; say whether it did what it was asked."""
        try:
            reply = workstation.call(self.bus.socket, member, signature, *body)
        except TimeoutError:
            return False
        return reply.error_name is None

    def status(self) -> dict[str, Any] | None:
        """Read all that the agent says of itself, None if there is none."""
        reply = workstation.call(
            self.bus.socket,
            'GetAll',
            's',
            workstation.NAME,
            interface=PROPERTIES,
        )
        if reply.error_name is not None:
            return None
        return {name: each.value for name, each in reply.body[0].items()}

    def log_in(self) -> None:
        """Open the owner's session, unlocked."""
        path = self._logind(
            LOGIND_PATH,
            MOCK,
            'AddSession',
            'ssusb',
            'c1',
            'seat0',
            1000,
            'owner',
            True,
        )
        self.session = str(path)
        self._emit('SessionNew', path)

    def log_out(self) -> None:
        """End the owner's session."""
        self._logind(LOGIND_PATH, MOCK, 'RemoveObject', 's', self.session)
        self._emit('SessionRemoved', self.session)
        self.session = ''

    def lock(self, locked: bool) -> None:
        """Lock or unlock the owner's session, if there is one."""
        if self.session:
            value = dbus_fast.Variant('b', locked)
            self._logind(
                self.session,
                PROPERTIES,
                'Set',
                'ssv',
                SESSION,
                'LockedHint',
                value,
            )

    def _emit(self, member: str, path: str) -> None:
        values = [dbus_fast.Variant('s', 'c1'), dbus_fast.Variant('o', path)]
        self._logind(
            LOGIND_PATH,
            MOCK,
            'EmitSignal',
            'sssav',
            MANAGER,
            member,
            'so',
            values,
        )

    def _logind(
        self, path: str, interface: str, member: str, sig: str, *body: Any
    ) -> Any:
        reply = workstation.call(
            self.bus.socket,
            member,
            sig,
            *body,
            name=workstation.LOGIND,
            path=path,
            interface=interface,
        )
        assert reply.error_name is None, reply.body
        return reply.body[0] if reply.body else None

    def _env(self) -> dict[str, str]:
        return super()._env() | {'NOTIFY_SOCKET': str(self._notify)}
