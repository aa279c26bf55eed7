# SPDX-License-Identifier: Apache-2.0
"""Where the groups of a benchmark lie in each hierarchy."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path('/sys/fs/cgroup')
SLICE = 'novadesktop.partition'
OWNER = 'owner'
# The idle class counts among siblings only; the other two tell what the owner
# used, and how long he waited.
_OWNERS = ('cpu', 'cpuacct', 'unified')


def tops() -> Iterator[Path]:
    """Give the top of each hierarchy that is ours to make groups in."""
    for top in CGROUPS.iterdir():
        if (top / 'cgroup.procs').exists() and top.name != 'systemd':
            yield top


def make(parent: str) -> None:
    """Make the group that holds all others, in each hierarchy."""
    for top in tops():
        (top / parent).mkdir()
    fill_cpuset(CGROUPS / 'cpuset' / parent)


def fill_cpuset(group: Path) -> None:
    """Give a group the CPUs and memory of the one that it lies in.

    A new one of version 1 has none, and takes no process.
    """
    for file in ('cpuset.cpus', 'cpuset.mems'):
        (group / file).write_text((group.parent / file).read_text())


def become_owner(parent: str, pid: int) -> dict[Path, int]:
    """Move a process beside the slice, where an owner's work is.

    Gives the files, and what to write there, that move it back.
    """
    back = {}
    for name in _OWNERS:
        if not (CGROUPS / name / 'cgroup.procs').exists():
            continue
        before = CGROUPS / name / _own_group(name).lstrip('/')
        owner = CGROUPS / name / parent / OWNER
        owner.mkdir()
        (owner / 'cgroup.procs').write_text(str(pid))
        back[before / 'cgroup.procs'] = pid
    return back


def removed(group: Path) -> bool:
    """Try to remove a group; say whether it is gone."""
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()


def _own_group(name: str) -> str:
    wanted = '' if name == 'unified' else name
    for line in Path('/proc/self/cgroup').read_text().splitlines():
        _number, controllers, path = line.split(':', 2)
        if wanted in controllers.split(','):
            return path
    return '/'
