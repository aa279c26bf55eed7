# SPDX-License-Identifier: Apache-2.0
"""Which CPUs share a physical core, and which cores are the slow ones."""

from pathlib import Path

# The second is the name on kernels before 5.3.
_SIBLINGS = ('core_cpus_list', 'thread_siblings_list')


def cores(
    root: Path = Path('/sys/devices/system/cpu'),
) -> tuple[tuple[int, ...], ...]:
    """Give the online CPUs of each core; the owner misses the first least.

    Slow cores come before fast ones, and of equals the highest number first:
    the kernel puts its own work on the low ones. Empty where the cores
    cannot be told apart.
    """
    try:
        online = _parse((root / 'online').read_text())
        found = {_siblings(root, cpu) & online for cpu in online}
    except (OSError, ValueError):
        return ()
    if sum(map(len, found)) != len(online):
        return ()  # CPUs of two cores at once: whatever this is, not cores
    return tuple(
        tuple(sorted(core))
        for core in sorted(found, key=lambda core: _order(root, core))
    )


def _siblings(root: Path, cpu: int) -> frozenset[int]:
    folder = root / f'cpu{cpu}' / 'topology'
    for name in _SIBLINGS:
        if (folder / name).exists():
            return _parse((folder / name).read_text())
    raise FileNotFoundError(str(folder))


def _order(root: Path, core: frozenset[int]) -> tuple[int, int, int]:
    speeds = [_speed(root / f'cpu{cpu}') for cpu in core]
    capacity, frequency = max(speeds)
    return (capacity, frequency, -max(core))


def _speed(folder: Path) -> tuple[int, int]:
    """Read how fast a CPU is; 0, as for all the others, if not known."""
    return (
        _number(folder / 'cpu_capacity'),
        _number(folder / 'cpufreq' / 'cpuinfo_max_freq'),
    )


def _number(path: Path) -> int:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


def _parse(text: str) -> frozenset[int]:
    """Read a list such as ``0-2,7``; raise ValueError for anything else."""
    cpus: set[int] = set()
    for part in text.strip().split(','):
        first, _, last = part.partition('-')
        cpus.update(range(int(first), int(last or first) + 1))
    return frozenset(cpus)
