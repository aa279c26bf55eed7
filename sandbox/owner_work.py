# SPDX-License-Identifier: Apache-2.0
"""Do an owner's work on one core and measure how well it goes.

Each 10 ms a job of 3 ms of CPU comes up; its latency is the time from when it
was due to when it is done. Run as its own process by ``sandbox.desk``, in a
cgroup of its own; prints the latencies as one JSON line when it is told to
stop (SIGTERM).
"""

import argparse
import json
import os
import pathlib
import signal
import time
from collections.abc import Sequence

PERIOD_S = 0.010
JOB_MS = 3.0


def spin(rounds: int) -> int:
    """Compute something that takes time in proportion to the rounds."""
    x = 1
    for _ in range(rounds):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
    return x


def rounds_per_ms() -> float:
    """Measure this machine, in CPU time, so that contention does not count."""
    best = 0.0
    for _ in range(5):
        began = time.thread_time()
        spin(20_000)
        took = time.thread_time() - began
        best = max(best, 20_000 / (took * 1000))
    return best


class Worker:
    """One core's worth of the owner's work."""

    def __init__(self, job_ms: float) -> None:
        self.latencies_ms: list[float] = []
        self.missed = 0
        # Whoever hears that this is ready may be gone at once.
        self._parent = os.getppid()
        self._rounds = int(rounds_per_ms() * job_ms)
        self._stop = False

    def stop(self, *_signal: object) -> None:
        """Stop after the job at hand."""
        self._stop = True

    def run(self) -> None:
        """Work until told to stop, or until whoever started this is gone."""
        due = time.monotonic() + PERIOD_S
        while not self._stop and os.getppid() == self._parent:
            time.sleep(max(0.0, due - time.monotonic()))
            spin(self._rounds)
            now = time.monotonic()
            self.latencies_ms.append((now - due) * 1000)
            due += PERIOD_S
            # Jobs that came due meanwhile are lost work, not a backlog.
            lost = max(0, int((now - due) / PERIOD_S))
            self.missed += lost
            due += lost * PERIOD_S


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that so many percent do not exceed."""
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(0, int(rank) - 1)]


def join_group(directory: pathlib.Path) -> None:
    """Move this process into a cgroup, made with the normal weight."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / 'cgroup.procs').write_text('0')


def main() -> None:
    """Work in the given cgroup until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--group', type=pathlib.Path)
    parser.add_argument('--job-ms', type=float, default=JOB_MS)
    options = parser.parse_args()
    if options.group:
        join_group(options.group)
    worker = Worker(options.job_ms)
    signal.signal(signal.SIGTERM, worker.stop)
    print('ready', flush=True)
    worker.run()
    told = [round(ms, 3) for ms in worker.latencies_ms]
    print(json.dumps({'latencies_ms': told, 'missed': worker.missed}))


if __name__ == '__main__':
    main()
