# SPDX-License-Identifier: Apache-2.0
"""A small real guest: its XML, and its agent's answers."""

import json
import uuid
from pathlib import Path
from typing import Any, TypedDict, Unpack

import libvirt
import libvirt_qemu

from sandbox import layout

PARTITION = '/novadesktop'
AGENT = (
    "<channel type='unix'>"
    "<target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
)

_DOMAIN = """<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid>
<memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu>
{resource}
<os><type arch='x86_64'>hvm</type><kernel>{built}/vmlinuz</kernel>
<initrd>{built}/initrd.gz</initrd>
<cmdline>{cmdline} nd.mode={mode}</cmdline></os>
<features><acpi/></features><cpu><model>qemu64</model></cpu>
<clock offset='utc'/>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<controller type='usb' model='none'/>
<memballoon model='virtio'/>
<serial type='file'><source path='{console}'/></serial>
{devices}</devices></domain>"""


class Wishes(TypedDict, total=False):
    """What may differ between guests.

    ``mode`` is what it does inside: idle or burn. Those that are not
    ``ours`` are outside the partition.
    """

    memory_mib: int
    mode: str
    ours: bool


def describe(
    name: str, console: Path, *devices: str, **wishes: Unpack[Wishes]
) -> str:
    """Give the XML of a guest that writes what it says to a file."""
    resource = f'<resource><partition>{PARTITION}</partition></resource>'
    return _DOMAIN.format(
        name=name,
        uuid=uuid.uuid4(),
        memory_mib=wishes.get('memory_mib', 96),
        cmdline=layout.GUEST_CMDLINE,
        mode=wishes.get('mode', 'idle'),
        built=layout.GUEST,
        console=console,
        resource=resource if wishes.get('ours', True) else '',
        devices=''.join(devices),
    )


def ask(domain: Any, what: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Ask a guest's agent; give nothing if it does not answer."""
    request = json.dumps({'execute': what, 'arguments': arguments})
    try:
        answer = libvirt_qemu.qemuAgentCommand(domain, request, 2, 0)
    except libvirt.libvirtError:
        return {}
    found: dict[str, Any] = json.loads(answer)['return']
    return found
