# SPDX-License-Identifier: Apache-2.0
"""What guests get of the CPU time that nobody else wants."""

import dataclasses
import os
import time
from pathlib import Path

from benchmarks import groups, loads, workstation

FREE_S = 120.0
_LEAST_S = 10.0
# The agent has looked twice at a load that begins: each five seconds.
_SEEN_S = 11.0


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds so far: of guests, of nobody, stolen, and of others.

    Others are neither guests nor the owner whom the benchmark plays.
    """

    at_s: float
    guests_s: float
    idle_s: float
    stolen_s: float
    others_s: float

    def since(self, before: 'Reading') -> 'Reading':
        """Give what was spent between two readings."""
        return Reading(
            self.at_s - before.at_s,
            self.guests_s - before.guests_s,
            self.idle_s - before.idle_s,
            self.stolen_s - before.stolen_s,
            self.others_s - before.others_s,
        )


class Meter:
    """Reads them for guests that are in a workstation's slice."""

    def __init__(self, host: workstation.Workstation) -> None:
        self._all = groups.CGROUPS / 'cpuacct' / host.parent
        self._guests = self._all / groups.SLICE

    def read(self) -> Reading:
        """Read all of them at one moment."""
        spent_s, idle_s, stolen_s = of_stat(Path('/proc/stat').read_text())
        return Reading(
            at_s=time.perf_counter(),
            guests_s=_used_s(self._guests),
            idle_s=idle_s,
            stolen_s=stolen_s,
            others_s=spent_s - _used_s(self._all),
        )


def of_stat(text: str) -> tuple[float, float, float]:
    """Give the used, the idle and the stolen seconds of all CPUs."""
    ticks = [int(word) for word in text.partition('\n')[0].split()[1:9]]
    per_s = os.sysconf('SC_CLK_TCK')
    # Waiting for a disk is idle.
    used = sum(ticks[:3]) + sum(ticks[5:7])
    return used / per_s, sum(ticks[3:5]) / per_s, ticks[7] / per_s


def _used_s(group: Path) -> float:
    return int((group / 'cpuacct.usage').read_text()) / 1e9


def percent(*spent: Reading) -> float:
    """Give the guests' part of what was left: theirs and the idle time."""
    guests_s = sum(each.guests_s for each in spent)
    left_s = guests_s + sum(each.idle_s for each in spent)
    return round(100 * guests_s / left_s, 2) if left_s > 0 else 0.0


def measure(
    host: workstation.Workstation, owner: loads.Loads, seconds: float
) -> dict[str, float]:
    """Measure with nobody there, then beside a job on half of the cores."""
    meter = Meter(host)
    host.wait_free(FREE_S)
    begin = meter.read()
    time.sleep(max(seconds, _LEAST_S))
    away = meter.read().since(begin)
    with owner.job(max(1, (os.cpu_count() or 1) // 2)) as job_s:
        time.sleep(_SEEN_S)
        begin, before_s = meter.read(), job_s()
        time.sleep(max(seconds, _LEAST_S))
        half, burnt_s = meter.read().since(begin), job_s() - before_s
    return {
        'harvest_away_percent': percent(away),
        'harvest_half_percent': percent(half),
        'harvest_half_job_cpus': round(burnt_s / half.at_s, 3),
    }
