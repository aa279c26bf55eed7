# SPDX-License-Identifier: Apache-2.0
"""A libvirt daemon of a test's own, with real guests under QEMU's TCG.

It has its own mount, cgroup and network namespace, which a sleeping process
keeps while the daemon is killed and started again.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import uuid
from collections.abc import Callable
from typing import Any

import libvirt
import libvirt_qemu

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, hypervisor, libvirt_link, removal
from sandbox import layout

CGROUPS = pathlib.Path('/sys/fs/cgroup')
PARTITION = '/novadesktop'
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

_DOMAIN = """<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid>
<memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu>
{resource}
<os><type arch='x86_64'>hvm</type><kernel>{built}/vmlinuz</kernel>
<initrd>{built}/initrd.gz</initrd>
<cmdline>console=ttyS0 quiet nd.mode=idle</cmdline></os>
<features><acpi/></features><cpu><model>qemu64</model></cpu>
<clock offset='utc'/>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<controller type='usb' model='none'/>
<memballoon model='virtio'/>
<serial type='file'><source path='{console}'/></serial>
{devices}</devices></domain>"""
AGENT = (
    "<channel type='unix'>"
    "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
)
TAP = "<interface type='ethernet'><target dev='{}'/><model type='virtio'/>"


def usable() -> bool:
    """Say whether a daemon and guests of our own can be run here."""
    return (
        os.geteuid() == 0
        and (CGROUPS / 'cpu' / 'cgroup.procs').exists()
        and all(map(shutil.which, PROGRAMS))
    )


def wait_for(condition: Callable[[], Any], within_s: float = WAIT_S) -> Any:
    """Wait for what another process does and tells nobody."""
    end_s = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > end_s:
            raise AssertionError(f'{condition} is not true in {within_s} s')
        time.sleep(0.02)
    return found


class Host:
    """One libvirt daemon and its guests."""

    def __init__(self) -> None:
        subprocess.run(
            [layout.SOURCE / 'sandbox' / 'guest' / 'build', layout.GUEST],
            check=True,
            capture_output=True,
        )
        self.dir = pathlib.Path(tempfile.mkdtemp(dir='/var/tmp'))
        self.name = f'ndhyper-{os.getpid()}'
        self._top = cgroup.find(CGROUPS)
        cgroup.create(self._top, self.name)
        self.tree = cgroup.find(CGROUPS, self.name)
        cgroup.create(self.tree, GROUP)
        self.uri = f'qemu+unix:///system?socket={self.dir}/run/libvirt-sock'
        self.tc_log = self.dir / 'tc.log'
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
        tops = self._top.parents.values()
        keeper = subprocess.Popen(
            ['sh', '-euc', _MAKE],
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                'dir': str(self.dir),
                'name': self.name,
                'tops': ' '.join(map(str, tops)),
                'groups': ' '.join(
                    f'{top / self.name}/cgroup.procs' for top in tops
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

    def hypervisor(
        self, within_s: float = 10.0, keepalive_s: int = 4
    ) -> hypervisor.Hypervisor:
        """Connect as the agent does, or with less patience."""
        opener = libvirt_link.Opener(self.uri, within_s, keepalive_s)
        return hypervisor.Hypervisor(
            self.uri, PARTITION, self.tree.group(GROUP), opener.open
        )

    def boot(
        self, name: str, *devices: str, memory_mib: int = 96, ours: bool = True
    ) -> Any:
        """Start a guest and give libvirt's domain at once."""
        resource = f'<resource><partition>{PARTITION}</partition></resource>'
        xml = _DOMAIN.format(
            name=name,
            uuid=uuid.uuid4(),
            memory_mib=memory_mib,
            built=layout.GUEST,
            console=self.console(name),
            resource=resource if ours else '',
            devices=''.join(devices),
        )
        return self.admin.createXML(xml, 0)

    def console(self, name: str) -> pathlib.Path:
        """Give the file of what a guest says."""
        return self.dir / f'console-{name}'

    def booted(self, name: str) -> None:
        """Wait until a guest's own programs run."""
        console = self.console(name)
        wait_for(
            lambda: (
                console.exists()
                and 'BOOT-OK' in console.read_text(errors='replace')
            )
        )

    def run_in_guest(self, domain: Any, path: str, *arguments: str) -> None:
        """Have a guest's agent start a program, once there is an agent."""
        program = {'path': path, 'arg': arguments}
        request = {'execute': 'guest-exec', 'arguments': program}

        def answer() -> str:
            try:
                return libvirt_qemu.qemuAgentCommand(
                    domain, json.dumps(request), 2, 0
                )
            except libvirt.libvirtError:
                return ''

        wait_for(answer)

    def remove(self) -> None:
        """End everything, and leave nothing behind."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait(WAIT_S)
        self._keeper.kill()
        self._keeper.wait(WAIT_S)
        wait_for(self._remove_groups)
        shutil.rmtree(self.dir)

    def _remove_groups(self) -> bool:
        for procs in (CGROUPS / 'pids' / self.name).rglob('cgroup.procs'):
            for pid in map(int, procs.read_text().split()):
                os.kill(pid, signal.SIGKILL)
        try:
            removal.remove(self._top, self.name, ())
        except exception.MechanismFailed:
            return False
        return True


@unittest.skipUnless(usable(), 'needs root, cgroup v1, libvirtd and QEMU')
class HostCase(unittest.TestCase):
    """Tests that share a daemon; each has guests of its own."""

    host: Host

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.host = Host()
        cls.addClassCleanup(cls.host.remove)

    def setUp(self) -> None:
        super().setUp()
        self.guests = self.host.hypervisor()
        self.addCleanup(self.end_guests)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def end_guests(self) -> None:
        for domain in self.host.admin.listAllDomains():
            domain.destroy()
