# SPDX-License-Identifier: Apache-2.0
"""A login for one test: a system bus with logind on it, an agent, a helper."""

import asyncio
import contextvars
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable, Sequence
from typing import Any

import dbus_fast
import dbus_fast.aio

from nova_desktop import model
from nova_desktop.agent import reports
from nova_desktop.sensing import helpers

ROOT = pathlib.Path(__file__).parents[3]
AGENT = 'org.openstack.NovaDesktop1'
PATH = '/org/openstack/NovaDesktop1'
LOGIND = 'org.freedesktop.login1'
NOBODY = 65534
IDLE_MS = 1000
"""The shortest time that an input may count, so that tests are short."""

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type><listen>unix:path={socket}</listen>
 <auth>EXTERNAL</auth>
 <policy context="default">
  <allow user="*"/><allow own="*"/><allow send_destination="*"/>
  <allow receive_sender="*"/><allow send_type="signal"/>
 </policy>
</busconfig>
"""
_sender: contextvars.ContextVar[str] = contextvars.ContextVar('sender')


def has(*programs: str) -> bool:
    """Say whether all of these are installed."""
    return all(shutil.which(each) for each in programs)


def _remember(message: dbus_fast.Message) -> None:
    if message.sender:
        _sender.set(message.sender)


class DeskTest(unittest.IsolatedAsyncioTestCase):
    """Runs the agent's side in the test, and the helper as a process."""

    async def asyncSetUp(self) -> None:
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='ndsession-'))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.dir.chmod(0o755)
        self.runtime = self.dir / 'runtime'
        self.runtime.mkdir(mode=0o700)
        self.socket = self.dir / 'bus'
        self.address = f'unix:path={self.socket}'
        self.env = {
            'PATH': os.environ['PATH'],
            'HOME': str(self.runtime),
            'PYTHONPATH': str(ROOT),
            'PYTHONDONTWRITEBYTECODE': '1',
            'XDG_RUNTIME_DIR': str(self.runtime),
            'DBUS_SYSTEM_BUS_ADDRESS': self.address,
        }
        self.log = self.dir / 'log'
        self.changed = asyncio.Event()
        self.changed_s = 0.0
        self.start_bus()
        self.hand = await self.connect()
        self.addAsyncCleanup(self._hang_up, self.hand)
        await self.start_logind()
        self.source = helpers.HelperSource(self.connect, time.monotonic)
        await self.source.start(self._on_event)
        self.addAsyncCleanup(self.source.stop)

    def start_bus(self) -> None:
        """Start the system bus."""
        config = self.dir / 'bus.conf'
        config.write_text(BUS_CONFIG.format(socket=self.socket))
        ready, told = os.pipe()
        command = ['dbus-daemon', f'--config-file={config}', '--nofork']
        self.bus = self.spawn(
            [*command, f'--print-address={told}'], pass_fds=(told,)
        )
        os.close(told)
        with os.fdopen(ready) as pipe:
            pipe.readline()

    async def start_logind(self) -> None:
        """Start logind's double."""
        mock = ['/usr/bin/python3', '-m', 'dbusmock', '--system']
        self.spawn([*mock, '--template', 'logind'])
        await self.until_owned(LOGIND)

    async def until_owned(self, name: str) -> None:
        """Wait until somebody owns a name."""
        async with asyncio.timeout(10):
            while not await self.ask(
                *('org.freedesktop.DBus', '/org/freedesktop/DBus'),
                *('org.freedesktop.DBus', 'NameHasOwner', 's', name),
            ):
                await asyncio.sleep(0.02)

    async def ask(
        self,
        name: str,
        path: str,
        interface: str,
        member: str,
        signature: str = '',
        *body: Any,
    ) -> Any:
        """Call a method and give its first value."""
        reply = await self.hand.call(
            dbus_fast.Message(
                destination=name,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )
        assert reply is not None
        self.assertNotEqual(
            dbus_fast.MessageType.ERROR, reply.message_type, reply.body
        )
        return reply.body[0] if reply.body else None

    async def login(self, session_id: str, uid: int) -> None:
        """Have logind know a session."""
        await self.ask(
            *(LOGIND, '/org/freedesktop/login1'),
            *('org.freedesktop.DBus.Mock', 'AddSession', 'ssusb'),
            *(session_id, 'seat0', uid, 'owner', True),
        )

    async def serve(self) -> dbus_fast.aio.MessageBus:
        """Be the agent on the bus."""
        bus = await self.connect()
        self.addAsyncCleanup(self._hang_up, bus)
        bus.add_message_handler(_remember)
        bus.export(PATH, reports.Sessions(self.source, _sender.get))
        await bus.request_name(AGENT)
        return bus

    async def connect(self) -> dbus_fast.aio.MessageBus:
        """Connect to the system bus."""
        return await dbus_fast.aio.MessageBus(self.address).connect()

    async def _hang_up(self, bus: dbus_fast.aio.MessageBus) -> None:
        bus.disconnect()

    def spawn(
        self, command: Sequence[str], uid: int = 0, **others: Any
    ) -> subprocess.Popen[bytes]:
        """Start a process of this login; it is ended after the test."""
        if uid:
            os.chown(self.runtime, uid, uid)
            user = [f'--reuid={uid}', f'--regid={uid}', '--clear-groups']
            command = ['setpriv', *user, *command]
        with self.log.open('ab') as log:
            process = subprocess.Popen(
                command,
                env=self.env,
                stdout=others.pop('stdout', log),
                stderr=log,
                **others,
            )
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process."""
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def helper(self, *options: str, uid: int = 0) -> subprocess.Popen[bytes]:
        """Start the helper of session c1."""
        module = [sys.executable, '-m', 'nova_desktop.cmd.session']
        common = ['--session-id', 'c1', '--idle-ms', str(IDLE_MS)]
        quiet = ['--notify-every-s', '0']
        return self.spawn([*module, *common, *quiet, *options], uid)

    async def until(
        self, what: Callable[[model.HelperFacts], bool], within_s: float = 10.0
    ) -> model.HelperFacts:
        """Wait for events until the facts are as expected."""
        try:
            async with asyncio.timeout(within_s):
                while not what(self.facts()):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            self.fail(f'{self.facts()}\n{self.log.read_text()}')
        return self.facts()

    async def ended(
        self, process: subprocess.Popen[bytes], within_s: float = 10.0
    ) -> int:
        """Wait for the end of a process and give its exit code."""
        return await asyncio.to_thread(process.wait, within_s)

    def facts(self) -> model.HelperFacts:
        """Give what the source knows now."""
        return self.source.facts(time.monotonic())

    def health(self) -> model.Health:
        """Give whether the source is believed now."""
        return self.source.health(time.monotonic())

    async def latency_ms(self, *command: str, uid: int = 0) -> float:
        """Do an input, and give how long the agent took to hear of it."""
        await self.until(lambda it: it.sessions == 1 and not it.active)
        start_s = time.monotonic()
        self.spawn(command, uid)
        await self.until(lambda it: it.active)
        return (self.changed_s - start_s) * 1000

    def _on_event(self) -> None:
        self.changed_s = time.monotonic()
        self.changed.set()
