# SPDX-License-Identifier: Apache-2.0
"""A bridge for a guest, its tap, and a flood that is sent to it."""

import contextlib
import pathlib
import re
import socket
import time

from tests.vm.inside import machine

MIB = 1024**2
_BRIDGE, _TAP = 'vmbr0', 'vmtap0'
_MAC = '52:54:00:12:34:56'
_ADDRESS = '10.9.8.2'
# In pieces of a frame each, nearly all of them full.
_DATAGRAM, _FRAME = 60_000, 1514
_FLOOD_S = 0.2

DEVICE = (
    f"<interface type='bridge'><source bridge='{_BRIDGE}'/>"
    f"<mac address='{_MAC}'/><target dev='{_TAP}'/>"
    "<model type='virtio'/></interface>"
)


def make_bridge() -> None:
    """Make the bridge to which the guest's tap is added."""
    for command in (
        f'link add {_BRIDGE} type bridge',
        f'address add 10.9.8.1/24 dev {_BRIDGE}',
        f'link set {_BRIDGE} up',
        f'neighbor add {_ADDRESS} lladdr {_MAC} dev {_BRIDGE}',
    ):
        machine.run('ip', *command.split())


def remove_bridge() -> None:
    """Remove the bridge."""
    machine.run('ip', 'link', 'delete', _BRIDGE)


def limit_bytes() -> int | None:
    """Read the kernel's own limit on the tap, in bytes per second."""
    told = machine.run('tc', 'class', 'show', 'dev', _TAP)
    found = re.search(r'\brate (\d+)(K?)bit', told)
    if found is None:
        return None
    return int(found[1]) * (1000 if found[2] else 1) // 8


def reached_mib() -> float:
    """Count what came as far as the tap, taken by the guest or not."""
    counters = pathlib.Path(f'/sys/class/net/{_TAP}/statistics')
    packets = sum(
        int((counters / name).read_text())
        for name in ('tx_packets', 'tx_dropped')
    )
    return packets * _FRAME / MIB


def flood() -> None:
    """Send as much as goes for a moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        ends_s = time.monotonic() + _FLOOD_S
        while time.monotonic() < ends_s:
            with contextlib.suppress(BlockingIOError):
                sender.sendto(bytes(_DATAGRAM), (_ADDRESS, 9))
