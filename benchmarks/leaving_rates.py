# SPDX-License-Identifier: Apache-2.0
"""What this machine's disk and network can do, and so what leaving must take.

The network is the loopback, over which the sandbox's hosts migrate.
"""

import dataclasses
import os
import socket
import tempfile
import threading
import time

from sandbox import layout

_MIB = 1 << 20
_DISK_MIB = 512
_LINK_MIB = 2048


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """MiB per second."""

    disk_mib_per_s: float
    link_mib_per_s: float


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What guests hold on their host, in MiB: resident memory and disks."""

    memory_mib: float
    disk_mib: float


def measure() -> Rates:
    """Measure both, one after the other."""
    return Rates(round(_disk(), 1), round(_link(), 1))


def _disk() -> float:
    """Write a file where guests' disks lie, and make it safe."""
    block = os.urandom(_MIB)
    with tempfile.TemporaryFile(dir=layout.ROOT) as out:
        begin_s = time.perf_counter()
        for _ in range(_DISK_MIB):
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
        return _DISK_MIB / (time.perf_counter() - begin_s)


def _link() -> float:
    """Send over TCP on the loopback, sender and receiver on a thread each."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        sender = threading.Thread(target=_send, args=server.getsockname())
        sender.start()
        receiving, _address = server.accept()
        buffer = bytearray(_MIB)
        begin_s = time.perf_counter()
        with receiving:
            while receiving.recv_into(buffer):
                pass
        took_s = time.perf_counter() - begin_s
        sender.join()
    return _LINK_MIB / took_s


def _send(address: str, port: int) -> None:
    block = bytes(_MIB)
    with socket.create_connection((address, port)) as sending:
        for _ in range(_LINK_MIB):
            sending.sendall(block)


def bound_s(action: str, held: Held, rates: Rates) -> float:
    """Give the least time that moving what guests hold takes.

    A live migration sends memory and disk, a cold one and shelving read the
    disk and send it, a suspend writes the memory. What only ends moves
    nothing.
    """
    moved = {
        'live-migrate': (held.memory_mib + held.disk_mib, 'link'),
        'cold-migrate': (held.disk_mib, 'both'),
        'shelve': (held.disk_mib, 'both'),
        'rebuild': (held.disk_mib, 'both'),
        'suspend': (held.memory_mib, 'disk'),
    }
    mib, over = moved.get(action, (0.0, 'link'))
    slower = {
        'link': rates.link_mib_per_s,
        'disk': rates.disk_mib_per_s,
        'both': min(rates.link_mib_per_s, rates.disk_mib_per_s),
    }
    return mib / slower[over]
