# SPDX-License-Identifier: Apache-2.0
"""The kernel's counters of CPU time and memory; each raises OSError."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf('SC_CLK_TCK')
# The first line of proc/stat and all of meminfo are far shorter.
_MOST_BYTES = 65536


def usage_s(path: Path) -> float:
    """Read a cgroup's CPU time in seconds: ``cpuacct.usage`` or ``cpu.stat``.

    Raises ValueError too, for a file that is neither.
    """
    text = _text(path)
    for line in text.splitlines():
        if line.startswith('usage_usec '):
            return int(line.split()[1]) / 1e6
    return int(text) / 1e9


def busy_s(proc: Path) -> float:
    """Read the machine's busy CPU time in seconds from ``proc/stat``.

    Raises ValueError too, for a file of another shape.
    """
    fields = _text(proc / 'stat').partition('\n')[0].split()
    # cpu user nice system idle iowait irq softirq ...; user has guests in it.
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / _TICKS_PER_S


def available(proc: Path) -> float | None:
    """Read the part of memory that can be had, from ``proc/meminfo``.

    None without the file; raises ValueError for one of another shape.
    """
    try:
        lines = _text(proc / 'meminfo').splitlines()
    except FileNotFoundError:
        return None
    kib = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(':') for line in lines)
        if name in ('MemTotal', 'MemAvailable')
    }
    if not kib.get('MemTotal') or 'MemAvailable' not in kib:
        raise ValueError(f'{proc}/meminfo does not tell what is available')
    return min(1.0, kib['MemAvailable'] / kib['MemTotal'])


def _text(path: Path) -> str:
    # Path.read_text asks the kernel three times as often, for each sample.
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, _MOST_BYTES).decode()
    finally:
        os.close(file)
