# SPDX-License-Identifier: Apache-2.0
"""A libvirt daemon for one test or benchmark, with real guests under TCG.

It has its own mount, cgroup and network namespace, which a sleeping process
keeps while the daemon is killed and started again.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack

import libvirt

from sandbox import layout, private_guest

GROUP = 'novadesktop.partition'
WAIT_S = 20.0
PROGRAMS = ('libvirtd', 'qemu-system-x86_64', 'unshare', 'nsenter', 'tc')
# The namespaces are made in the groups that are to be their top.
_MAKE = """
for file in $groups; do echo $$ >$file; done
exec unshare --mount --cgroup --net sh -euc '
    for point in /run /var/lib /var/cache /var/log /etc; do
        mkdir -p $point/libvirt $dir$point
        mount --bind $dir$point $point/libvirt
    done
    for top in $tops; do
        mount --bind $top/$name /sys/fs/cgroup/${top##*/}
    done
    ip link set lo up
    echo made
    exec sleep infinity'
"""
_JOIN = 'for file in /sys/fs/cgroup/*/cgroup.procs; do echo $$ >$file; done\n'

# Small kernels lack the queue inside the limit, and policing. What is asked
# for is noted; what the kernel can do, it does.
_TC = """#!/bin/sh
echo "$@" >>{log}
{tc} "$@" || case "$*" in *sfq*|*filter*) ;; *) exit 1 ;; esac
"""


class Late(Exception):
    """What was waited for did not come true."""


def is_installed() -> bool:
    """Say whether there are the programs that all of this needs."""
    return all(map(shutil.which, PROGRAMS))


def uri(directory: Path) -> str:
    """Give where a daemon with its files in a directory is reached."""
    return f'qemu+unix:///system?socket={directory}/run/libvirt-sock'


def wait_for(condition: Callable[[], Any], within_s: float = WAIT_S) -> Any:
    """Wait for what another process does and tells nobody; raise Late."""
    end_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > end_s:
            raise Late(f'{condition} is not true in {within_s} s')
        time.sleep(0.02)
    return found


class Libvirt:
    """One daemon and its guests, in a group that is there already.

    ``tops`` are the tops of the hierarchies, in each of which the group has
    ``name``. Files lie in ``directory``.
    """

    def __init__(
        self, directory: Path, tops: Sequence[Path], name: str
    ) -> None:
        subprocess.run(
            [layout.SOURCE / 'sandbox' / 'guest' / 'build', layout.GUEST],
            check=True,
            capture_output=True,
        )
        self.dir = directory
        self.name = name
        self._tops = tops
        self.uri = uri(directory)
        self.tc_log = directory / 'tc.log'
        self._configure()
        self._keeper = self._make()
        self.daemon: subprocess.Popen[bytes] | None = None
        self.start()

    def _configure(self) -> None:
        etc = self.dir / 'etc'
        etc.mkdir()
        (etc / 'libvirtd.conf').write_text(
            'auth_unix_rw = "none"\nauth_unix_ro = "none"\nlisten_tls = 0\n'
            f'host_uuid = "{uuid.uuid4()}"\n'
            f'log_outputs = "2:file:{self.dir}/libvirtd.log"\n'
        )
        (etc / 'qemu.conf').write_text(
            'user = "root"\ngroup = "root"\nsecurity_driver = "none"\n'
            'dynamic_ownership = 0\nstdio_handler = "file"\n'
        )

        programs = self.dir / 'bin'
        programs.mkdir()
        shim = programs / 'tc'
        shim.write_text(_TC.format(log=self.tc_log, tc=shutil.which('tc')))
        shim.chmod(0o755)

    def _make(self) -> subprocess.Popen[bytes]:
        keeper = subprocess.Popen(
            ['sh', '-euc', _MAKE],
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                'dir': str(self.dir),
                'name': self.name,
                'tops': ' '.join(map(str, self._tops)),
                'groups': ' '.join(
                    f'{top / self.name}/cgroup.procs' for top in self._tops
                ),
            },
        )
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == b'made\n'
        return keeper

    def inside(self, *command: str) -> list[str]:
        """Give a command that runs inside the namespaces."""
        enter = ['nsenter', '-t', str(self._keeper.pid), '-m', '-C', '-n']
        return [*enter, 'sh', '-euc', f'{_JOIN}exec "$@"', 'in', *command]

    def run(self, *command: str) -> str:
        """Run a command inside and give what it says."""
        return subprocess.run(
            self.inside(*command), check=True, capture_output=True, text=True
        ).stdout

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        self.daemon = subprocess.Popen(
            self.inside('libvirtd', '--pid-file', f'{self.dir}/libvirtd.pid'),
            stderr=subprocess.DEVNULL,
            env={**os.environ, 'PATH': f'{self.dir}/bin:{os.environ["PATH"]}'},
        )
        wait_for((self.dir / 'run' / 'libvirt-sock').exists)
        self.admin = wait_for(self._answers)

    def _answers(self) -> Any:
        try:
            return libvirt.open(self.uri)
        except libvirt.libvirtError:
            return None

    def stop(self, signum: int = signal.SIGKILL) -> None:
        """End the daemon; guests live on."""
        assert self.daemon is not None
        self.daemon.send_signal(signum)
        self.daemon.wait(WAIT_S)

    def describe(
        self, name: str, *devices: str, **wishes: Unpack[private_guest.Wishes]
    ) -> str:
        """Give the XML of a guest, with a console of its own."""
        return private_guest.describe(
            name, self.console(name), *devices, **wishes
        )

    def boot(
        self, name: str, *devices: str, **wishes: Unpack[private_guest.Wishes]
    ) -> Any:
        """Start a guest and give libvirt's domain at once."""
        return self.admin.createXML(self.describe(name, *devices, **wishes), 0)

    def console(self, name: str) -> Path:
        """Give the file of what a guest says."""
        return self.dir / f'console-{name}'

    def booted(self, name: str, within_s: float = WAIT_S) -> None:
        """Wait until a guest's own programs run."""
        console = self.console(name)
        wait_for(
            lambda: (
                console.exists()
                and 'BOOT-OK' in console.read_text(errors='replace')
            ),
            within_s,
        )

    def run_in_guest(self, domain: Any, path: str, *arguments: str) -> int:
        """Have a guest's agent start a program, once there is an agent.

        Gives the number of its process.
        """
        program = {'path': path, 'arg': arguments}
        answer = wait_for(
            lambda: private_guest.ask(domain, 'guest-exec', program)
        )
        return int(answer['pid'])

    def end(self) -> None:
        """End the daemon and all guests; their groups are empty soon."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait(WAIT_S)
        self._keeper.kill()
        self._keeper.wait(WAIT_S)
        self.kill_guests()

    def kill_guests(self) -> None:
        """Kill whatever runs in our groups."""
        (pids,) = (top for top in self._tops if top.name == 'pids')
        for procs in (pids / self.name).rglob('cgroup.procs'):
            for pid in map(int, procs.read_text().split()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
