# SPDX-License-Identifier: Apache-2.0
"""CPU sets of groups, and how a whole tree of them is changed in version 1.

There the kernel refuses a set below a child's (EBUSY) and one beyond the
parent's (EACCES), so a tree grows from the top and shrinks from the bottom.
"""

import errno
from collections.abc import Iterable
from pathlib import Path

from nova_desktop.mechanism import cgroup, notes

FILE = 'cpuset.cpus'
_NOTE = 'cpus'
_TRIES = 5

Cpus = frozenset[int]


def parse(text: str) -> Cpus:
    """Read a list such as ``0-2,7``; raise ValueError for anything else."""
    cpus: set[int] = set()
    for part in text.strip().split(','):
        if part:
            first, _, last = part.partition('-')
            cpus.update(range(int(first), int(last or first) + 1))
    return frozenset(cpus)


def render(cpus: Iterable[int]) -> str:
    """Write CPUs as the kernel takes them."""
    return ','.join(map(str, sorted(cpus)))


def read(group: Path, file: str = FILE) -> Cpus:
    """Give the CPUs of a group; raise OSError, ValueError."""
    return parse((group / file).read_text())


def hold(group: Path, cpus: Cpus | None) -> None:
    """Hold a group and all below it to ``cpus``; None gives all back.

    A child that has some of them of its own keeps to those, one that has
    none gets them all. Raises OSError.
    """
    for left in reversed(range(_TRIES)):
        try:
            _turn(group, cpus)
        except OSError as error:
            # A guest came in between, with what its parent had then.
            if error.errno != errno.EBUSY or not left:
                raise
        else:
            break
    if cpus is None:
        for child in cgroup.below(group):
            notes.forget(child, _NOTE)


def _turn(group: Path, cpus: Cpus | None) -> None:
    plan = _plan(group, cpus)
    for path, wanted in plan.items():
        _write(path, wanted, keep=True)
    for path in reversed(plan):
        _write(path, plan[path])


def _plan(group: Path, cpus: Cpus | None) -> dict[Path, Cpus]:
    """Give the set of each group, outermost first."""
    whole = read(group.parent)
    plan = {group: whole if cpus is None else cpus}
    for child in cgroup.below(group):
        try:
            pinned = _pinned(child, cpus is not None)
        except OSError as error:
            if error.errno not in cgroup.GONE:
                raise
            continue
        outer = plan.get(child.parent)
        if outer is not None:
            plan[child] = (pinned & outer) or outer
    return plan


def _pinned(child: Path, note: bool) -> Cpus:
    """Give what a group has of its own; nothing if it is as its parent.

    libvirt copies the parent's set into each group that it makes.
    """
    known = notes.recall(child, _NOTE)
    if known is not None:
        return parse(known)
    own = read(child)
    if own == read(child.parent):
        own = frozenset()
    if note:
        notes.remember(child, _NOTE, render(own))
    return own


def _write(path: Path, wanted: Cpus, keep: bool = False) -> None:
    """Bring a group to its set, or with ``keep`` to that and what it has."""
    try:
        have = read(path)
        if keep:
            wanted |= have
        if wanted != have:
            (path / FILE).write_text(render(wanted))
    except OSError as error:
        if error.errno not in cgroup.GONE:
            raise
