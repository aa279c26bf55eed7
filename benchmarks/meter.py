# SPDX-License-Identifier: Apache-2.0
"""Which of several groups of processes uses how much of the CPUs."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import harvest


@dataclasses.dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds so far: by name, and of the machine."""

    at_s: float
    by_name: dict[str, float]
    used_s: float
    idle_s: float
    stolen_s: float


class Meter:
    """Reads what processes have used, which must live all the while."""

    def __init__(self, pids: Mapping[str, Sequence[int]]) -> None:
        self._pids = pids

    def read(self) -> Spent:
        """Read all of it at one moment."""
        used_s, idle_s, stolen_s = harvest.of_stat(
            Path('/proc/stat').read_text()
        )
        by_name = {
            name: sum(map(_cpu_s, pids)) for name, pids in self._pids.items()
        }
        return Spent(time.monotonic(), by_name, used_s, idle_s, stolen_s)


def percents(before: Spent, after: Spent) -> dict[str, float]:
    """Give what each used in between, in percent of one core.

    ``others`` is what everything else on the machine used.
    """
    spent_s = {
        name: after.by_name[name] - before.by_name[name]
        for name in before.by_name
    }
    spent_s['others'] = max(
        0.0, after.used_s - before.used_s - sum(spent_s.values())
    )
    spent_s['idle'] = after.idle_s - before.idle_s
    spent_s['stolen'] = after.stolen_s - before.stolen_s
    length_s = after.at_s - before.at_s
    return {
        name: round(100 * each_s / length_s, 1)
        for name, each_s in spent_s.items()
    }


def _cpu_s(pid: int) -> float:
    # As clock_getcpuclockid(3) makes it: all threads, to the nanosecond.
    return time.clock_gettime((~pid << 3) | 2)
