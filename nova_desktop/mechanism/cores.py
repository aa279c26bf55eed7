# SPDX-License-Identifier: Apache-2.0
"""Whole cores taken from the guests: the CPUs on which they may run."""

import errno
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.mechanism import cgroup, cpuset

_EFFECTIVE = {1: cpuset.FILE, 2: 'cpuset.cpus.effective'}


class GuestCores:
    """The CPUs of all guests together.

    A guest that starts later is inside: version 1 takes no set beyond the
    parent's, version 2 intersects.
    """

    def __init__(self, tree: cgroup.Tree, name: str) -> None:
        controller = 'cpuset' if tree.version == 1 else 'cpu'
        parent = tree.parents.get(controller)
        self._group = None if parent is None else parent / name
        self._version = tree.version
        self._file = _EFFECTIVE[tree.version]
        self._applied: model.CoreTarget | None = None

    def apply(self, target: model.CoreTarget) -> None:
        """Have guests run on these CPUs only; raise MechanismFailed."""
        if target.cpus is None and not self._is_there():
            self._applied = target
            return
        group = self._require()
        self._applied = target
        try:
            self._write(group, target)
        except (OSError, ValueError) as error:
            raise _failed(group, f'not written: {error}') from error
        found = self.current()
        if found != target:
            raise _failed(group, f'not in force, but {found.cpus}')

    def current(self) -> model.CoreTarget:
        """Read back the CPUs on which guests may run."""
        applied = self._applied
        if applied == model.CoreTarget() and not self._is_there():
            return applied
        group = self._require()
        try:
            have = cpuset.read(group, self._file)
            whole = cpuset.read(group.parent, self._file)
        except (OSError, ValueError) as error:
            raise _failed(group, f'not read back: {error}') from error
        if applied is not None and have == _of(applied, whole):
            return applied
        return model.CoreTarget(None if have == whole else tuple(sorted(have)))

    def release(self) -> None:
        """Give every CPU back, and each guest's own set to that guest."""
        self.apply(model.CoreTarget())

    def _write(self, group: Path, target: model.CoreTarget) -> None:
        wanted = _of(target, cpuset.read(group.parent, self._file))
        if not wanted:
            # Version 2 would let them have every CPU, silently.
            raise ValueError(f'none of the CPUs {target.cpus} is online')
        if self._version == 1:
            cpuset.hold(group, None if target.cpus is None else wanted)
            return
        file = group / cpuset.FILE
        if target.cpus is not None:
            file.write_text(f'{cpuset.render(target.cpus)}\n')
            return
        try:
            # Without the line's end an empty write does not reach the kernel.
            file.write_text('\n')
        except OSError as error:
            # With guests in it the kernel takes no set without a CPU.
            if error.errno != errno.ENOSPC:
                raise
            file.write_text(f'{cpuset.render(wanted)}\n')

    def _is_there(self) -> bool:
        return self._group is not None and (self._group / self._file).exists()

    def _require(self) -> Path:
        if self._group is None or not self._is_there():
            raise exception.MechanismFailed(
                'cgroup controller cpuset: the group of the guests is not '
                f'there ({self._group}); mount or enable the controller and '
                'run nova-desktop-agent --prepare'
            )
        return self._group


def _of(target: model.CoreTarget, whole: cpuset.Cpus) -> cpuset.Cpus:
    return whole if target.cpus is None else whole & frozenset(target.cpus)


def _failed(group: Path, what: str) -> exception.MechanismFailed:
    return exception.MechanismFailed(
        f'the CPUs of {group / cpuset.FILE} are {what}'
    )
