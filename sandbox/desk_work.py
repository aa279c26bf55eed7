# SPDX-License-Identifier: Apache-2.0
"""Keep the owner's work going, and sum up how well it went."""

import asyncio
import contextlib
import json
import pathlib
import signal
import sys
from typing import Any

from sandbox import owner_work


class Work:
    """The owner's work: one process per core, in a cgroup of their own."""

    def __init__(self, group: pathlib.Path | None) -> None:
        self._group = group
        self._workers: list[asyncio.subprocess.Process] = []

    @property
    def cores(self) -> int:
        """How many cores are kept at work."""
        return len(self._workers)

    async def start(self, cores: int, job_ms: float) -> None:
        """Start a worker per core and wait until all are at work."""
        command = [sys.executable, owner_work.__file__]
        command += ['--job-ms', str(job_ms)]
        command += ['--group', str(self._group)] if self._group else []
        for _ in range(cores):
            worker = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, limit=1 << 24
            )
            self._workers.append(worker)
        for worker in self._workers:
            assert worker.stdout
            if await worker.stdout.readline() != b'ready\n':
                await self.stop()
                raise RuntimeError('a worker did not start: see my stderr')

    async def stop(self) -> dict[str, Any]:
        """Stop all workers and return how their jobs went."""
        workers, self._workers = self._workers, []
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)
        latencies: list[float] = []
        missed = 0
        for worker in workers:
            output, _none = await worker.communicate()
            told = json.loads(output or b'{"latencies_ms": [], "missed": 0}')
            latencies += told['latencies_ms']
            missed += told['missed']
        return summary(latencies, missed)


def summary(latencies_ms: list[float], missed: int) -> dict[str, Any]:
    """Sum up the latencies of the owner's jobs."""
    return {
        'jobs': len(latencies_ms),
        'missed': missed,
        'p50_ms': owner_work.percentile(latencies_ms, 50),
        'p99_ms': owner_work.percentile(latencies_ms, 99),
        'max_ms': max(latencies_ms, default=None),
    }
