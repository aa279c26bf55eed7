# SPDX-License-Identifier: Apache-2.0
"""A workstation for one test: cgroups, input, system bus, logind, agent."""

import asyncio
import contextlib
import itertools
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import dbus_fast
import dbus_fast.aio

ROOT = pathlib.Path(__file__).parents[3]
CGROUPS = pathlib.Path('/sys/fs/cgroup')
POLICY = ROOT / 'etc/nova_desktop/org.openstack.NovaDesktop1.conf'
NAME = 'org.openstack.NovaDesktop1'
PATH = '/org/openstack/NovaDesktop1'
LOGIND = 'org.freedesktop.login1'
POLKIT = 'org.freedesktop.PolicyKit1'
_numbers = itertools.count()

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
 <type>system</type><listen>unix:path={socket}</listen>
 <auth>EXTERNAL</auth>
 <policy context="default">
  <allow user="*"/><deny own="*"/><deny send_type="method_call"/>
  <allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/>
  <allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/><allow receive_type="signal"/>
  <allow receive_type="method_return"/><allow receive_type="error"/>
  <allow send_destination="org.freedesktop.DBus"/>
 </policy>
 <policy user="root">
  <allow own="{logind}"/><allow send_destination="{logind}"/>
  <allow own="{polkit}"/><allow send_destination="{polkit}"/>
  <allow own="org.freedesktop.systemd1"/>
  <allow send_destination="org.freedesktop.systemd1"/>
 </policy>
 <include>{policy}</include>
</busconfig>
"""

CONFIG = """
[agent]
state_dir = {dir}/state
tick_s = 0.1
source_retry_s = 0.3
[sensing]
input_dir = {dir}/input
window_s = 0.1
load_period_s = 0.5
[presence]
active_hold_s = 0.3
locked_away_after_s = 0.3
away_after_s = 0.6
settle_s = 0
cool_down_s = 0
demand_cpus = 64
reclaim_after_s = 0.2
[cap]
active_cpu = 0.02
unknown_cpu = 0.02
give_back_hold_s = 0
[slice]
quota_period_ms = 100
parent = {parent}
"""


def wait_for(
    check: Callable[[], Any], what: str, within_s: float = 10.0
) -> Any:
    """Wait until ``check`` gives something true."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f'not within {within_s} s: {what}')


def call(
    socket: pathlib.Path,
    member: str,
    signature: str = '',
    *body: Any,
    name: str = NAME,
    path: str = PATH,
    interface: str = '',
) -> dbus_fast.Message:
    """Call a method on the private bus and give the reply, also an error."""

    async def ask() -> dbus_fast.Message:
        bus = await dbus_fast.aio.MessageBus(f'unix:path={socket}').connect()
        try:
            return await asyncio.wait_for(
                bus.call(
                    dbus_fast.Message(
                        destination=name,
                        path=path,
                        interface=interface or name,
                        member=member,
                        signature=signature,
                        body=list(body),
                    )
                ),
                5,
            )
        finally:
            bus.disconnect()

    return asyncio.run(ask())


class Bus:
    """A private system bus with our policy, and logind's double on it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.socket = directory / 'bus'
        self._config = directory / 'bus.conf'
        self._config.write_text(
            BUS_CONFIG.format(
                socket=self.socket, logind=LOGIND, polkit=POLKIT, policy=POLICY
            )
        )
        self._running: list[subprocess.Popen[bytes]] = []
        self.env = {'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={self.socket}'}

    def start(self) -> None:
        """Start the bus and logind."""
        self.start_bus()
        self.start_logind()

    def start_bus(self) -> None:
        """Start the bus alone."""
        command = ['dbus-daemon', f'--config-file={self._config}', '--nofork']
        self._running.append(
            subprocess.Popen(command, stderr=subprocess.DEVNULL)
        )
        wait_for(self.socket.exists, 'the bus')

    def start_logind(self) -> None:
        """Start logind's double alone."""
        self._mock('logind', LOGIND)

    def start_polkit(self, *allowed: str) -> None:
        """Start polkit, which allows these actions to everybody."""
        self._mock('polkitd', POLKIT)
        self.tell_polkit('SetAllowed', 'as', list(allowed))

    def tell_polkit(self, member: str, signature: str, *body: Any) -> None:
        """Set what polkit's double does."""
        reply = call(
            self.socket,
            member,
            signature,
            *body,
            name=POLKIT,
            path='/org/freedesktop/PolicyKit1/Authority',
            interface='org.freedesktop.DBus.Mock',
        )
        assert reply.error_name is None, reply.body

    def _mock(self, template: str, name: str) -> None:
        command = ['/usr/bin/python3', '-m', 'dbusmock', '--system']
        self._running.append(
            subprocess.Popen(
                [*command, '--template', template],
                env=os.environ | self.env,
                stdout=subprocess.DEVNULL,
            )
        )
        wait_for(lambda: self._has(name), name)

    def _has(self, name: str) -> bool:
        try:
            reply = call(
                self.socket,
                'NameHasOwner',
                's',
                name,
                name='org.freedesktop.DBus',
                path='/org/freedesktop/DBus',
            )
        except OSError:  # bound, and not listening yet
            return False
        return bool(reply.body[0])

    def has_agent(self) -> bool:
        """Say whether an agent owns the name."""
        return self._has(NAME)

    def add_session(self) -> None:
        """Log the owner in, unlocked."""
        call(
            self.socket,
            'AddSession',
            'ssusb',
            'c1',
            'seat0',
            1000,
            'owner',
            True,
            name=LOGIND,
            path='/org/freedesktop/login1',
            interface='org.freedesktop.DBus.Mock',
        )

    def stop(self) -> None:
        """Stop both."""
        while self._running:
            process = self._running.pop()
            process.kill()
            process.wait()
        self.socket.unlink(missing_ok=True)


class Cgroups:
    """An own group in each hierarchy, removed at the end."""

    def __init__(self) -> None:
        self.parent = f'ndtest-{os.getpid()}-{next(_numbers)}'
        for top in self._tops():
            (top / self.parent).mkdir()
        cpuset = CGROUPS / 'cpuset'
        for file in ('cpuset.cpus', 'cpuset.mems'):
            text = (cpuset / file).read_text()
            (cpuset / self.parent / file).write_text(text)
        self.cpu = CGROUPS / 'cpu' / self.parent
        self.guests = self.cpu / 'novadesktop.partition'

    @staticmethod
    def _tops() -> Iterator[pathlib.Path]:
        for top in CGROUPS.iterdir():
            if (top / 'cgroup.procs').exists() and top.name != 'systemd':
                yield top

    def quota(self) -> int:
        """Read the limit that the kernel has in force."""
        return int((self.guests / 'cpu.cfs_quota_us').read_text())

    def remove(self) -> None:
        """Remove every group that the test made."""
        for top in self._tops():
            groups = sorted(top.glob(f'{self.parent}/**/'), reverse=True)
            for group in groups:
                # A killed process leaves its group a moment later.
                wait_for(lambda path=group: _removed(path), str(group))


def _removed(group: pathlib.Path) -> bool:
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()


class Host:
    """All of it; ``start`` and ``close`` belong to a test."""

    def __init__(self) -> None:
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix='ndtest-'))
        self.dir.chmod(0o755)  # others reach the bus
        (self.dir / 'state').mkdir()
        (self.dir / 'input/by-path').mkdir(parents=True)
        self.key = self.add_device('event0', 'kbd')
        self.cgroups = Cgroups()
        self.bus = Bus(self.dir)
        self.config = self.dir / 'agent.conf'
        self.config.write_text(
            CONFIG.format(dir=self.dir, parent=self.cgroups.parent)
        )
        self.log = self.dir / 'log'
        self.agent: subprocess.Popen[bytes] | None = None

    def add_device(self, name: str, kind: str) -> pathlib.Path:
        """Make a pipe that stands in for an input device."""
        node = self.dir / 'input' / name
        os.mkfifo(node)
        link = self.dir / f'input/by-path/{name}-event-{kind}'
        link.symlink_to(node)
        return node

    def touch(self) -> None:
        """Press a key: one struct input_event."""
        fd = os.open(self.key, os.O_RDWR | os.O_NONBLOCK)
        os.write(fd, struct.pack('llHHi', 0, 0, 1, 30, 1))
        os.close(fd)

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the agent's command to its end."""
        return subprocess.run(
            [*self._command(), *options],
            env=self._env(),
            capture_output=True,
            text=True,
            timeout=30,
        )

    def start(self) -> None:
        """Start the agent and return at once."""
        with self.log.open('ab') as log:
            self.agent = subprocess.Popen(
                self._command(), env=self._env(), stderr=log, stdout=log
            )

    def serve(self) -> None:
        """Start bus and agent, and wait until it is on the bus."""
        self.bus.start()
        self.start()
        wait_for(self.bus.has_agent, 'the agent on the bus')

    def quota_is(self, quota: int, within_s: float = 10.0) -> None:
        """Wait until the kernel has this limit in force."""
        wait_for(
            lambda: self.cgroups.quota() == quota,
            f'quota {quota}, it is {self.cgroups.quota()}\n'
            + self.log.read_text(),
            within_s,
        )

    def end(self, number: int = signal.SIGTERM) -> int:
        """End the agent and give its exit code."""
        assert self.agent is not None
        self.agent.send_signal(number)
        return self.agent.wait(10)

    def close(self) -> None:
        """Remove everything."""
        if self.agent is not None and self.agent.poll() is None:
            self.agent.kill()
            self.agent.wait()
        self.bus.stop()
        with contextlib.suppress(OSError):
            shutil.rmtree(self.dir)
        self.cgroups.remove()

    def _command(self) -> list[str]:
        module = 'nova_desktop.cmd.agent'
        return [sys.executable, '-m', module, '--config-file', self.config]

    def _env(self) -> dict[str, str]:
        return os.environ | self.bus.env | {'PYTHONPATH': str(ROOT)}
