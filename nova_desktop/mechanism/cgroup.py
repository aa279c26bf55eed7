# SPDX-License-Identifier: Apache-2.0
"""Where the host's cgroups are, and how a group is made in them."""

import contextlib
import dataclasses
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from nova_desktop import exception

# Every v1 hierarchy in which libvirt looks for a guest's partition.
V1_CONTROLLERS = (
    'cpu',
    'cpuacct',
    'cpuset',
    'memory',
    'devices',
    'freezer',
    'blkio',
    'pids',
    'unified',
)
GONE = (errno.ENOENT, errno.ENODEV)
"""What the kernel says of a group that was just removed."""

_V2_CONTROLLERS = '+cpuset +cpu +io +memory +pids'


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """The host's cgroup hierarchies.

    ``parents`` maps a controller to the directory in which our groups lie;
    version 2 has one directory for all, under the name ``cpu``.
    """

    version: int
    parents: Mapping[str, Path]

    def group(self, name: str, controller: str = 'cpu') -> Path:
        """Give the directory of our group ``name``."""
        return self.parents[controller] / name


def find(root: Path, parent: str = '') -> Tree:
    """Find the hierarchies mounted under ``root``.

    ``parent`` is a group inside each of them, empty for their top. Raises
    CgroupMissing.
    """
    v1 = {
        name: root / name / parent
        for name in V1_CONTROLLERS
        if (root / name / 'cgroup.procs').exists()
    }
    if 'cpu' in v1:
        _require_directories(v1)
        return Tree(1, v1)
    if (root / 'cgroup.controllers').exists():
        v2 = {'cpu': root / parent}
        _require_directories(v2)
        return Tree(2, v2)
    raise missing(
        'cpu',
        root / 'cpu',
        'mount the cgroup hierarchy there, or set [sensing] cgroup_root',
    )


def directory_name(name: str, systemd_run: Path) -> str:
    """Name the guests' group as libvirt does for partition ``/name``.

    With systemd (``systemd_run`` is there) machined makes it a slice.
    """
    suffix = 'slice' if systemd_run.is_dir() else 'partition'
    return f'{name}.{suffix}'


def create(tree: Tree, name: str) -> None:
    """Make the group in every hierarchy; what is there already stays."""
    for controller in tree.parents:
        path = tree.group(name, controller)
        try:
            path.mkdir(exist_ok=True)
            if controller == 'cpuset':
                _fill_cpuset(path)
        except OSError as error:
            raise missing(
                controller, path, f'make it writable ({error.strerror})'
            ) from error
    if tree.version == 2:
        # Refused where a manager owns the tree; checked by what opens the
        # files, so that the message can name the one that is missing.
        with contextlib.suppress(OSError):
            control = tree.parents['cpu'] / 'cgroup.subtree_control'
            control.write_text(_V2_CONTROLLERS)


def below(group: Path) -> list[Path]:
    """Give the groups inside a group, each after the one that it lies in.

    One that goes away meanwhile may be missing, or still be there.
    """
    found = [
        Path(path, name) for path, names, _ in os.walk(group) for name in names
    ]
    return sorted(found)


def has_tasks(group: Path) -> bool:
    """Say whether a process is in a group itself; one that is gone has none.

    Of a threaded group the one around it has the process. Raises OSError.
    """
    try:
        return bool((group / 'cgroup.procs').read_text().strip())
    except OSError as error:
        if error.errno not in (*GONE, errno.EOPNOTSUPP):
            raise
        return False


def remove(tree: Tree, name: str) -> None:
    """Remove the group from every hierarchy; for uninstalling only.

    Raises MechanismFailed while guests run in it.
    """
    for controller in tree.parents:
        path = tree.group(name, controller)
        try:
            path.rmdir()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise exception.MechanismFailed(
                f'{path} cannot be removed ({error.strerror}): stop or '
                'migrate the guests that run in it first'
            ) from error


def missing(
    controller: str, path: Path, remedy: str
) -> exception.CgroupMissing:
    """Word the error: which controller, which path, what to do."""
    return exception.CgroupMissing(
        f'cgroup controller {controller}: {path} is not there or not '
        f'writable; {remedy}'
    )


def _require_directories(parents: Mapping[str, Path]) -> None:
    for controller, path in parents.items():
        if not path.is_dir():
            raise missing(
                controller, path, 'create it, or correct [slice] parent'
            )


def _fill_cpuset(path: Path) -> None:
    """Copy the parent's CPUs and memory nodes: empty ones take no task."""
    for file in ('cpuset.cpus', 'cpuset.mems'):
        if not (path / file).read_text().strip():
            (path / file).write_text((path.parent / file).read_text().strip())
