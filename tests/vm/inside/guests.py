# SPDX-License-Identifier: Apache-2.0
"""Guests of libvirt's own, on QEMU inside of the machine."""

import pathlib
import re

import libvirt

from tests.vm.inside import machine

FILES = pathlib.Path('/run/vm-test/guest')
CGROUP = pathlib.Path('/sys/fs/cgroup')
BOOT_S = 400.0
_XML = """
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory_mib}</memory>
  <vcpu>{vcpus}</vcpu>
  {resource}
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{files}/vmlinuz</kernel>
    <initrd>{files}/initrd.gz</initrd>
    <cmdline>console=ttyS0 quiet no_timer_check nd.mode={mode}</cmdline>
  </os>
  <features><acpi/></features>
  <on_reboot>destroy</on_reboot>
  <devices>
    <serial type='file'><source path='{console}'/></serial>
    <memballoon model='virtio' freePageReporting='on'/>
    {devices}
  </devices>
</domain>
"""


class Guest:
    """A guest that counts what it computes.

    ``partition`` is libvirt's, empty for libvirt's default; ``mode`` is burn
    or idle; ``devices`` is XML.
    """

    def __init__(
        self,
        name: str,
        partition: str = '/novadesktop',
        mode: str = 'burn',
        vcpus: int = 1,
        memory_mib: int = 96,
        devices: str = '',
    ) -> None:
        self.name = name
        self._console = FILES / f'{name}.console'
        inside = f'<partition>{partition}</partition>' if partition else ''
        self._xml = _XML.format(
            name=name,
            memory_mib=memory_mib,
            vcpus=vcpus,
            resource=f'<resource>{inside}</resource>' if inside else '',
            files=FILES,
            mode=mode,
            console=self._console,
            devices=devices,
        )
        self._libvirt = libvirt.open('qemu:///system')
        self.domain: libvirt.virDomain | None = None

    def start(self) -> None:
        """Create the guest; it is destroyed when it ends."""
        self._console.unlink(missing_ok=True)
        self.domain = self._libvirt.createXML(self._xml)

    def boot(self) -> float:
        """Start, and wait until the guest is up; give the seconds."""
        self.start()
        return machine.wait_for(
            f'{self.name} is up', lambda: 'BOOT-OK' in self.said(), BOOT_S
        )

    def said(self) -> str:
        """Give what the guest wrote to its console."""
        if not self._console.exists():
            return ''
        return self._console.read_text(errors='replace')

    def count(self) -> int:
        """Give how much the guest says that it has computed."""
        counts = re.findall(r'PROGRESS up=\S+ count=(\d+)\s', self.said())
        return int(counts[-1]) if counts else 0

    def pid(self) -> int:
        """Give the process that is the guest."""
        file = pathlib.Path(f'/run/libvirt/qemu/{self.name}.pid')
        return int(file.read_text())

    def scope(self) -> pathlib.Path:
        """Find the group that holds the guest and all that is its own."""
        line = pathlib.Path(f'/proc/{self.pid()}/cgroup').read_text().strip()
        path = pathlib.PurePosixPath(line.removeprefix('0::/'))
        parts = [*path.parts]
        while not parts[-1].endswith('.scope'):
            parts.pop()
        return CGROUP.joinpath(*parts)

    def destroy(self) -> None:
        """End the guest."""
        if self.domain is not None:
            self.domain.destroy()
            self.domain = None
        self._libvirt.close()


def used_s(group: pathlib.Path) -> float:
    """Read the CPU time that a group has used."""
    text = (group / 'cpu.stat').read_text()
    found = re.search(r'^usage_usec (\d+)$', text, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1e6
