# SPDX-License-Identifier: Apache-2.0
"""What the machine says of itself; nothing of it is assumed."""

import os
import re
import sys
import time
from pathlib import Path

Facts = dict[str, str | int | float]

UNKNOWN = 'unknown'
_STAT = Path('/proc/stat')


def read(root: Path = Path('/')) -> Facts:
    """Read kernel, preemption, processors, load and what was stolen."""
    system = os.uname()
    stolen_s, stolen_percent = steal(_text(root / 'proc/stat'))
    return {
        'kernel': system.release,
        'preemption': preemption(
            _text(root / 'sys/kernel/debug/sched/preempt'),
            system.version,
            _text(root / 'proc/cmdline'),
        ),
        'architecture': system.machine,
        'processor': processor(_text(root / 'proc/cpuinfo')),
        'cores': os.cpu_count() or 0,
        'smt': smt(_text(root / 'sys/devices/system/cpu/smt/active')),
        'memory_mib': memory_mib(_text(root / 'proc/meminfo')),
        'steal_s': stolen_s,
        'steal_percent': stolen_percent,
        'load_1min': float((_text(root / 'proc/loadavg') or '-1').split()[0]),
        'python': '.'.join(map(str, sys.version_info[:3])),
    }


def header(facts: Facts) -> str:
    """Word the facts for the top of a report."""
    return (
        f'kernel {facts["kernel"]}, preemption: {facts["preemption"]}\n'
        f'{facts["cores"]} cores ({facts["processor"]}), '
        f'SMT {facts["smt"]}, {facts["memory_mib"]} MiB, '
        f'Python {facts["python"]}\n'
        f'steal since boot {facts["steal_s"]} s '
        f'({facts["steal_percent"]} %), load {facts["load_1min"]}'
    )


def preemption(debug: str, version: str, cmdline: str) -> str:
    """Name the model: from debugfs, else what the build and boot say.

    A dynamic kernel names the model in force in debugfs alone.
    """
    chosen = re.search(r'\((\w+)\)', debug)
    if chosen:
        return chosen[1]
    built = re.search(r'PREEMPT\w*', version)
    if built is None:
        return 'none (no PREEMPT in uname -v)'
    asked = re.search(r'(?:^| )preempt=(\w+)', cmdline)
    if asked:
        return f'{built[0]}, preempt={asked[1]} at boot'
    return f'{built[0]} by uname -v, model in force not readable'


def smt(active: str) -> str:
    """Say whether cores run two threads each."""
    return {'0': 'off', '1': 'on'}.get(active, UNKNOWN)


def processor(cpuinfo: str) -> str:
    """Give the model name of the first processor."""
    found = re.search(r'^model name\s*:\s*(.+)$', cpuinfo, re.MULTILINE)
    return found[1] if found else UNKNOWN


def memory_mib(meminfo: str) -> int:
    """Give the memory in MiB, 0 where it is not said."""
    found = re.search(r'^MemTotal:\s*(\d+) kB', meminfo, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


def steal(stat: str) -> tuple[float, float]:
    """Give the seconds that the hypervisor took, and their percentage."""
    ticks = _ticks(stat)
    if len(ticks) < 8:
        return -1.0, -1.0
    per_s = os.sysconf('SC_CLK_TCK')
    percent = 100 * ticks[7] / max(sum(ticks), 1)
    return round(ticks[7] / per_s, 2), round(percent, 3)


def busy(before: str, after: str) -> float:
    """Give the percentage of all CPUs that was used between two readings."""
    begin, end = _ticks(before), _ticks(after)
    spent = [then - now for now, then in zip(begin, end, strict=True)]
    if sum(spent) <= 0:
        return -1.0
    return round(100 * (1 - sum(spent[3:5]) / sum(spent)), 1)


def busy_now(for_s: float = 1.0) -> float:
    """Measure how busy the machine is with whatever runs on it."""
    before = _text(_STAT)
    time.sleep(for_s)
    return busy(before, _text(_STAT))


def _ticks(stat: str) -> list[int]:
    return list(map(int, stat.partition('\n')[0].split()[1:9]))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ''
