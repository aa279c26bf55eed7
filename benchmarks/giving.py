# SPDX-License-Identifier: Apache-2.0
"""The ways in which the memory of a guest comes back to its host."""

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks import figures, memory_guest, methods, workstation

_ENOUGH_MIB = 1024
_WATCHED_S = 60.0
_SUSPENDED_S = 2.0
_AWAY_S = 30.0
_NAP_S = 0.01


@dataclasses.dataclass(frozen=True, slots=True)
class Given:
    """MiB that were given back until each moment in seconds from the event.

    ``cpu_s`` is the CPU time of the guest and its QEMU meanwhile.
    """

    points: list[figures.Point]
    cpu_s: float


class Ways:
    """Each measures one way; ``prepare`` comes before it."""

    def __init__(
        self, host: workstation.Workstation, guest: memory_guest.Guest
    ) -> None:
        self._host = host
        self._guest = guest

    def prepare(self) -> None:
        """Have the owner away and the guest's memory full."""
        self._host.wait_free(_AWAY_S)
        self._guest.fill()

    def balloon(self, within_s: float = _WATCHED_S) -> Given:
        """Have the owner come back, and watch the agent take memory."""
        process = self._guest.process
        cpu_s, rss_mib = process.cpu_s(), process.rss_mib()
        points: list[figures.Point] = [(0.0, 0)]
        with methods.Owner(self._host):
            began_s = self._host.press()
            while points[-1][0] < within_s and points[-1][1] < _ENOUGH_MIB:
                time.sleep(_NAP_S)
                given = int(rss_mib - process.rss_mib())
                points.append((time.perf_counter() - began_s, given))
            return Given(points, process.cpu_s() - cpu_s)

    def busy_owner(self, within_s: float) -> Given:
        """Do the same while the owner burns every core."""
        with _burning(os.cpu_count() or 1):
            return self.balloon(within_s)

    def suspend(self) -> float:
        """Stop the vCPUs as HTCondor does; give the MiB that came back."""
        process = self._guest.process
        before_mib = process.rss_mib()
        self._guest.domain.suspend()
        time.sleep(_SUSPENDED_S)
        given_mib = before_mib - process.rss_mib()
        self._guest.domain.resume()
        return round(given_mib, 1)

    def managedsave(self) -> dict[str, float]:
        """Save the memory to a file, and start the guest from it again."""
        domain, process = self._guest.domain, self._guest.process
        before_mib = process.rss_mib()
        began_s = time.perf_counter()
        domain.managedSave(0)
        gone_s = time.perf_counter()
        given_mib = before_mib - process.rss_mib()
        written = self._guest.saved.stat().st_size
        with self._guest.saved.open('rb') as file:
            os.fsync(file.fileno())
        on_disk_s = time.perf_counter()
        domain.create()
        back_s = time.perf_counter()
        return {
            's': round(gone_s - began_s, 3),
            'on_disk_s': round(on_disk_s - began_s, 3),
            'restore_s': round(back_s - on_disk_s, 3),
            'given_back_mib': round(given_mib, 1),
            'mib': round(written / 1024**2, 1),
        }


@contextlib.contextmanager
def _burning(count: int) -> Iterator[None]:
    """Burn cores as the owner: children stay in the owner's group."""
    command = [sys.executable, '-S', '-E', '-c', 'while True: pass']
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            process = subprocess.Popen(command)
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield
