# SPDX-License-Identifier: Apache-2.0
"""Real guests of a workstation, and a libvirt daemon of their own."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import groups, workstation
from nova_desktop.mechanism import libvirt_link
from sandbox import private_libvirt

# A guest of the idle class gets what the rest of the machine leaves.
BOOT_S = 180.0
_CONNECT_S = 10.0
_KEEPALIVE_S = 4

SETTINGS = """
[ladder]
libvirt_uri = {uri}
"""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make the directory for a daemon's files and its guests' disks."""
    if not private_libvirt.is_installed():
        missing = ', '.join(private_libvirt.PROGRAMS)
        raise workstation.Unready(f'needs all of {missing}')
    # Its socket's name must be short, and its disks must not be in memory.
    with tempfile.TemporaryDirectory(prefix='nd-', dir='/var/tmp') as made:
        yield Path(made)


def settings(directory: Path) -> str:
    """Give what tells the agent of the daemon in a directory."""
    return SETTINGS.format(uri=private_libvirt.uri(directory))


class Machines(private_libvirt.Libvirt):
    """A daemon whose guests run in the slice of a workstation."""

    def __init__(self, host: workstation.Workstation, directory: Path) -> None:
        # What fails is told by whoever called; libvirt would print it as well.
        libvirt_link.libvirt.registerErrorHandler(lambda *_: None, None)
        try:
            super().__init__(directory, list(groups.tops()), host.parent)
        except private_libvirt.Late as problem:
            raise workstation.Unready(f'no libvirt: {problem}') from problem
        host.stack.callback(self.end)

    def wait_booted(self, names: list[str]) -> None:
        """Wait until the programs of guests run; raise Unready."""
        try:
            for name in names:
                self.booted(name, BOOT_S)
        except private_libvirt.Late as problem:
            raise workstation.Unready(f'no guests: {problem}') from problem

    def process(self, name: str) -> 'Process':
        """Give the process that a guest is now."""
        pid = (self.dir / 'run' / 'qemu' / f'{name}.pid').read_text()
        return Process(int(pid))

    def listener(self) -> Any:
        """Connect for hearing events, apart from who calls."""
        opener = libvirt_link.Opener(self.uri, _CONNECT_S, _KEEPALIVE_S)
        return opener.open()


class Process:
    """What the kernel knows of a guest: its CPU time and its memory."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._group = _group(pid)
        self._status = Path(f'/proc/{pid}/status')

    def open_vcpu(self) -> int:
        """Open the file with the CPU time of its first vCPU, in ns.

        libvirt has a group for each: what QEMU's other threads use to answer
        libvirt is not in it.
        """
        return os.open(self._group / 'vcpu0/cpuacct.usage', os.O_RDONLY)

    def cpu_s(self) -> float:
        """Read the CPU time of all of its threads."""
        return int((self._group / 'cpuacct.usage').read_text()) / 1e9

    def rss_mib(self) -> float:
        """Read its resident memory; 0 where it is gone."""
        try:
            found = re.search(r'VmRSS:\s+(\d+)', self._status.read_text())
        except OSError:
            return 0.0
        return int(found[1]) / 1024 if found else 0.0


def _group(pid: int) -> Path:
    """Find a guest's group: libvirt has one inside it for each thread."""
    for line in Path(f'/proc/{pid}/cgroup').read_text().splitlines():
        _number, controllers, path = line.split(':', 2)
        if 'cpuacct' in controllers.split(','):
            group = groups.CGROUPS / 'cpuacct' / path.lstrip('/')
            return group.parent if group.name == 'emulator' else group
    raise workstation.Unready(f'no cpuacct group has process {pid}')
