# SPDX-License-Identifier: Apache-2.0
"""What processes hold of the machine's memory, now and at the most."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

_RESET_PEAK = '5'


@dataclasses.dataclass(frozen=True, slots=True)
class Resident:
    """Resident memory in MiB, and its highest since the last reset."""

    now_mib: float
    peak_mib: float


def parse(status: str) -> Resident:
    """Take what the kernel says in /proc/PID/status."""
    kib = dict(re.findall(r'^(VmRSS|VmHWM):\s+(\d+) kB$', status, re.M))
    now, peak = (int(kib[name]) / 1024 for name in ('VmRSS', 'VmHWM'))
    return Resident(round(now, 1), round(peak, 1))


def of(pids: Sequence[int]) -> list[Resident]:
    """Read what each process holds."""
    return [parse(Path(f'/proc/{p}/status').read_text()) for p in pids]


def reset_peaks(pids: Sequence[int]) -> None:
    """Count the peaks from now on."""
    for pid in pids:
        Path(f'/proc/{pid}/clear_refs').write_text(_RESET_PEAK)
