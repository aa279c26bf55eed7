# SPDX-License-Identifier: Apache-2.0
"""Leave nothing behind: for taking the agent away from a host."""

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from nova_desktop import exception
from nova_desktop.mechanism import cgroup


class Rung(Protocol):
    """What ``remove`` needs of a mechanism."""

    def release(self) -> None:
        """Give back what ``apply`` changed."""


def remove(tree: cgroup.Tree, name: str, rungs: Iterable[Rung]) -> None:
    """Release the rungs in their order, then remove the guests' group.

    Raises MechanismFailed, before anything is done, while guests run in it:
    nobody would hold them any more.
    """
    groups = [
        path
        for controller in tree.parents
        for path in _all(tree, name, controller)
    ]
    busy = [path for path in groups if cgroup.has_tasks(path)]
    if busy:
        raise exception.MechanismFailed(
            f'guests run in {busy[0]}: stop or migrate them first'
        )
    for rung in rungs:
        rung.release()
    for path in reversed(groups):
        # Told by the removal of the group itself, which then fails.
        with contextlib.suppress(OSError):
            path.rmdir()
    cgroup.remove(tree, name)


def _all(tree: cgroup.Tree, name: str, controller: str) -> list[Path]:
    group = tree.group(name, controller)
    return [group, *cgroup.below(group)]
