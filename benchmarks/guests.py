# SPDX-License-Identifier: Apache-2.0
"""Busy stand-ins for guests, each in a child group of the slice."""

import contextlib
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import figures, standin, workstation

_TRIES = 1500


class Guests:
    """Stand-ins that exist from the start; ``run`` lets some of them run.

    They publish their progress through a memory that they share with us.
    """

    def __init__(self, host: workstation.Workstation, count: int) -> None:
        self._host = host
        self._memory = os.memfd_create('progress')
        host.stack.callback(os.close, self._memory)
        os.ftruncate(self._memory, standin.BYTES)
        words = memoryview(mmap.mmap(self._memory, standin.BYTES)).cast('Q')
        self._counters = words[:: standin.STRIDE]
        self._pids = [self._start(slot) for slot in range(count)]
        self.running: list[int] = []
        self.slowed = 0
        self._best: dict[int, float] = {}

    def run(self, count: int) -> None:
        """Let the first ``count`` of them run and stop the others."""
        self.running = self._pids[:count]
        for pid in self.running:
            os.kill(pid, signal.SIGCONT)
        for pid in self._pids[count:]:
            os.kill(pid, signal.SIGSTOP)

    def progress(self) -> int:
        """Add up what all of them counted."""
        return sum(self._counters)

    def free_speed(self, for_s: float) -> float:
        """Measure their progress per second while nobody slows them.

        They are in the idle class, so that other work on this machine takes
        their CPU: what is below half of the best so far is measured again.
        """
        count = len(self.running)
        for _ in range(_TRIES):
            found = self._speed(for_s)
            self._best[count] = max(self._best.get(count, 0.0), found)
            if found > self._best[count] / 2:
                return found
            self.slowed += 1
        raise workstation.Unready('other work takes all CPUs: try later')

    def _speed(self, for_s: float) -> float:
        points = [(time.perf_counter(), self.progress())]
        time.sleep(for_s)
        points.append((time.perf_counter(), self.progress()))
        return figures.rate(points)

    def stopped(self) -> bool:
        """Say whether every one that should run has been stopped."""
        return all(state(pid) == 'T' for pid in self.running)

    def _start(self, slot: int) -> int:
        command = [sys.executable, '-S', '-E', standin.__file__]
        process = subprocess.Popen(
            [*command, str(self._memory), str(slot)], pass_fds=[self._memory]
        )
        self._host.stack.callback(process.wait)
        self._host.stack.callback(process.kill)
        for slice in self._host.slices.values():
            group = slice / f'stand-in-{slot}'
            with contextlib.suppress(FileExistsError):
                group.mkdir()
            (group / 'cgroup.procs').write_text(str(process.pid))
        return process.pid


def state(pid: int) -> str:
    """Give the letter of a process's state, T where it is stopped."""
    stat = Path(f'/proc/{pid}/stat').read_text()
    return stat.rpartition(') ')[2][0]
