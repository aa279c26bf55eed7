# SPDX-License-Identifier: Apache-2.0
"""The machine that the tests run on: its agent, its limit, its people."""

import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import time
import unittest
from collections.abc import Callable

from tests.vm.inside import uinput

BIN = pathlib.Path('/opt/nova/bin')
UNIT = 'nova-desktop-agent.service'
SLICE = pathlib.Path('/sys/fs/cgroup/novadesktop.slice')
MARK = pathlib.Path('/etc/nova-desktop-vm')
_VT_ACTIVATE = 0x5606
PATIENCE_S = 60.0
NO_LIMIT = float('inf')
AGENT = (
    'org.openstack.NovaDesktop1',
    '/org/openstack/NovaDesktop1',
    'org.openstack.NovaDesktop1',
)


def run(*command: str | os.PathLike[str], check: bool = True) -> str:
    """Run a command and give its output, errors too."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S
    )
    if check and done.returncode:
        raise AssertionError(f'{command}: {done.stdout}{done.stderr}')
    return done.stdout + done.stderr


def wait_for(what: str, true: Callable[[], object], for_s=PATIENCE_S) -> float:
    """Wait until something is so; give the seconds that it took."""
    began_s = time.monotonic()
    while not true():
        if time.monotonic() > began_s + for_s:
            problem = f'not within {for_s:g} s: {what}; {said()}'
            print(problem, flush=True)
            raise AssertionError(problem)
        time.sleep(0.02)
    return time.monotonic() - began_s


def ask(name: str) -> object:
    """Read a property of the agent's; None while it is off the bus."""
    answer = subprocess.run(
        ['busctl', '--json=short', 'get-property', *AGENT, name],
        capture_output=True,
        text=True,
    )
    return json.loads(answer.stdout)['data'] if answer.stdout else None


def said() -> str:
    """Word what the agent says, for messages."""
    return f'{ask("Presence")}: {ask("Reason")}; sources {ask("Sources")}'


def cpus() -> float:
    """Read the limit in force, in CPUs."""
    quota, period = (SLICE / 'cpu.max').read_text().split()
    return NO_LIMIT if quota == 'max' else int(quota) / int(period)


def share(part: float) -> float:
    """Give a part of the machine in CPUs."""
    return part * (os.cpu_count() or 1)


def log() -> str:
    """Give the agent's log."""
    return run('journalctl', '-u', UNIT, '-o', 'cat', '--no-pager')


def input_node(name: str) -> str | None:
    """Find the event device with this name."""
    for path in pathlib.Path('/sys/class/input').glob('event*'):
        if (path / 'device/name').read_text().strip() == name:
            return path.name
    return None


def property_of(unit: str, name: str) -> str:
    """Read a property of a unit."""
    return run('systemctl', 'show', '-P', name, unit).strip()


def sessions() -> list[dict[str, str]]:
    """Give the sessions of logind."""
    names = run('loginctl', 'list-sessions', '--no-legend').split('\n')
    shown = (
        run('loginctl', 'show-session', line.split()[0], check=False)
        for line in names
        if line.strip()
    )
    return [
        dict(line.split('=', 1) for line in each.splitlines() if '=' in line)
        for each in shown
    ]


class Desk:
    """Who is logged in at a terminal, and does there what he is told."""

    def __init__(self, user: str, tty: str) -> None:
        self.user = user
        self.tty = tty
        self._pipes = pathlib.Path(f'/run/vm-test/desk-{user}')

    def log_in(self) -> None:
        """Log in by pam, as agetty does it; the terminal comes in front."""
        shutil.rmtree(self._pipes, ignore_errors=True)
        self._pipes.mkdir()
        for name in ('ask', 'answer'):
            os.mkfifo(self._pipes / name)
            shutil.chown(self._pipes / name, self.user)
        self._come_in_front()
        run('systemctl', 'start', f'getty@{self.tty}')
        wait_for(f'{self.user} has a session', self.session)

    def _come_in_front(self) -> None:
        number = int(self.tty.removeprefix('tty'))
        with pathlib.Path('/dev/tty0').open() as console:
            fcntl.ioctl(console, _VT_ACTIVATE, number)

    def session(self) -> dict[str, str] | None:
        """Give the session; None without one."""
        mine = (s for s in sessions() if s.get('TTY') == self.tty)
        return next(mine, None)

    def type(self, command: str) -> tuple[int, str]:
        """Run a command in the session; give its exit code and output."""
        (self._pipes / 'ask').write_text(command)
        *lines, code = (self._pipes / 'answer').read_text().splitlines()
        return int(code), '\n'.join(lines)

    def do(self, command: str) -> str:
        """Run a command that has to succeed; give its output."""
        code, text = self.type(command)
        if code:
            raise AssertionError(f'{self.user}: {command}: {text}')
        return text

    def set_locked(self, locked: bool) -> None:
        """Set the hint that desktops set when they lock."""
        session = self.session()
        assert session is not None
        run(
            'busctl',
            'call',
            'org.freedesktop.login1',
            # On the bus a leading digit is written as its code.
            f'/org/freedesktop/login1/session/_3{session["Id"]}',
            'org.freedesktop.login1.Session',
            'SetLockedHint',
            'b',
            str(locked).lower(),
        )

    def log_out(self) -> None:
        """End the session."""
        run('systemctl', 'stop', f'getty@{self.tty}')
        session = self.session()
        if session is not None:
            run('loginctl', 'terminate-session', session['Id'], check=False)
        wait_for(f'{self.user} is gone', lambda: self.session() is None)


@unittest.skipUnless(MARK.exists(), 'for tools/vm-test only')
class OnMachine(unittest.TestCase):
    """A test with the agent running; nobody has been there for a while."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start the agent's unit."""
        run('systemctl', 'start', UNIT)

    def be_away(self) -> None:
        """Wait until all is lent, as while nobody is there."""
        wait_for('the owner is away', lambda: cpus() == NO_LIMIT)

    def plug_in(
        self, name: str, codes: dict[int, list[int]], kind: str
    ) -> uinput.Device:
        """Plug an input device in, and wait until the agent watches it."""
        device = uinput.Device(name, codes)
        self.addCleanup(device.close)
        wait_for(f'{name} is there', lambda: input_node(name))
        run('udevadm', 'settle')
        line = f'Input device {input_node(name)} counts as {kind}'
        wait_for(line, lambda: line in log(), 15)
        return device

    def tell(self, figure: str) -> None:
        """Print a figure beside the test's name."""
        print(figure, end=' ... ', flush=True)
