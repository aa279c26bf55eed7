# SPDX-License-Identifier: Apache-2.0
"""A real guest whose memory is full of page cache."""

import os
from collections.abc import Callable
from pathlib import Path

import libvirt

from benchmarks import machines, workstation
from sandbox import private_guest

MEMORY_MIB = 2048
FILE_MIB = 1536
NAME = 'guest'
_MIB = 1024 * 1024
_FILLED_S = 180.0
_GIVEN_S = 60.0
_NAP_S = 0.05

# How often a guest tells of its memory, where Nova starts it by default.
_STATS = "<memballoon model='virtio'><stats period='10'/>"
_DISK = (
    "<disk type='file'><driver name='qemu' type='raw'/>"
    "<source file='{}'/><target dev='vda' bus='virtio'/><readonly/></disk>"
)


def write_file(path: Path, mib: int = FILE_MIB) -> None:
    """Write a file no page of which is zeros, which nobody would save."""
    block = os.urandom(_MIB)
    with path.open('wb') as file:
        for _ in range(mib):
            file.write(block)


class Guest:
    """One guest that libvirt knows also while it does not run."""

    def __init__(
        self, host: workstation.Workstation, daemon: machines.Machines
    ) -> None:
        disk = daemon.dir / 'disk'
        write_file(disk)
        xml = daemon.describe(
            NAME,
            private_guest.AGENT,
            _DISK.format(disk),
            memory_mib=MEMORY_MIB,
        ).replace("<memballoon model='virtio'/>", f'{_STATS}</memballoon>')
        self._host = host
        self._daemon = daemon
        self.domain = daemon.admin.defineXML(xml)
        self.domain.create()
        daemon.wait_booted([NAME])
        self.saved = daemon.dir / f'var/lib/qemu/save/{NAME}.save'

    @property
    def process(self) -> machines.Process:
        """Give the process that it is now."""
        return self._daemon.process(NAME)

    def has_all(self) -> bool:
        """Say whether no balloon holds any of its memory."""
        state, _most, now_kib, *_rest = self.domain.info()
        running = state == libvirt.VIR_DOMAIN_RUNNING
        return bool(running and now_kib == MEMORY_MIB * 1024)

    def fill(self) -> None:
        """Have it read the file, once it has all of its memory."""
        self._wait(self.has_all, 'all memory is the guest again', _GIVEN_S)
        pid = self._daemon.run_in_guest(
            self.domain, '/bin/dd', 'if=/dev/vda', 'of=/dev/null', 'bs=1M'
        )

        def is_read() -> bool:
            answer = private_guest.ask(
                self.domain, 'guest-exec-status', {'pid': pid}
            )
            return bool(answer.get('exited'))

        self._wait(is_read, 'the file is in the page cache', _FILLED_S)
        self._wait(self.is_filled, 'the memory is resident', 1.0)

    def is_filled(self) -> bool:
        """Say whether the host really gives it the memory."""
        return self.process.rss_mib() >= FILE_MIB

    def _wait(
        self, check: Callable[[], object], what: str, within_s: float
    ) -> None:
        workstation.wait_for(check, what, self._host.log, within_s, _NAP_S)
