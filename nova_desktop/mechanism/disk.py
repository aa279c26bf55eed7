# SPDX-License-Identifier: Apache-2.0
"""The limit of what guests read from and write to the host's disks."""

from collections.abc import Callable, Sequence
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.mechanism import cgroup, io_files

# Drives whose medium is not the owner's disk have a device as well.
_NO_DISKS = ('sr', 'fd')


def whole_disks(sys_block: Path = Path('/sys/block')) -> tuple[str, ...]:
    """Give ``MAJOR:MINOR`` of every real disk of the host.

    What is made of others (LVM, dm-crypt, md, loop, zram) has no device of
    its own, and what is done to it arrives at the disks below it.
    """
    found = []
    for path in sorted(sys_block.glob('*')):
        if path.name.startswith(_NO_DISKS) or not (path / 'device').exists():
            continue
        try:
            found.append((path / 'dev').read_text().strip())
        except OSError:
            continue  # unplugged meanwhile, or one path of several to a disk
    return tuple(found)


class GuestDisks:
    """The bytes and operations per second of all guests on each disk.

    ``disks`` gives those that are there now. Version 2 holds the group as a
    whole. Version 1 throttles each group by itself, whatever is above it, so
    there each guest gets an equal part and one that starts later is free
    until the next ``apply``; and it throttles direct and synchronous work
    only: what is written back from the page cache counts for nobody.
    """

    def __init__(
        self,
        tree: cgroup.Tree,
        name: str,
        disks: Callable[[], Sequence[str]] = whole_disks,
    ) -> None:
        controller = 'blkio' if tree.version == 1 else 'cpu'
        parent = tree.parents.get(controller)
        self._group = None if parent is None else parent / name
        self._files = io_files.V1 if tree.version == 1 else io_files.V2
        self._disks = disks
        self._applied: model.DiskTarget | None = None

    def apply(self, target: model.DiskTarget) -> None:
        """Hold guests on each disk; raise MechanismFailed if not held."""
        self._applied = target
        if target == model.DiskTarget() and not self._is_there():
            return
        groups = self._groups()
        limits = _share(target, len(groups))
        for group in self._all_groups():
            # One that held a guest before may hold others inside it now.
            mine = limits if group in groups else io_files.NO_LIMITS
            for disk in self._disks():
                self._write(group, disk, mine)
        if self.current() != target:
            raise self._failed('reads back differently')

    def current(self) -> model.DiskTarget:
        """Read back the limit, the laxest where disks or guests differ."""
        applied = self._applied or model.DiskTarget()
        if applied == model.DiskTarget() and not self._is_there():
            return applied
        groups = self._groups()
        wanted = _share(applied, len(groups))
        found = {
            limits
            for group in groups
            for limits in self._read(group)
            if limits != wanted
        }
        if not found:
            return applied
        return _total(found, wanted, len(groups))

    def release(self) -> None:
        """Lift the limits."""
        self.apply(model.DiskTarget())

    def _all_groups(self) -> list[Path]:
        """Give every group in which a limit of ours can be."""
        if self._group is None or not self._is_there():
            raise self._failed(
                'is not there; mount or enable the controller '
                'and run nova-desktop-agent --prepare'
            )
        if self._files is io_files.V2:
            return [self._group]
        return [self._group, *cgroup.below(self._group)]

    def _groups(self) -> list[Path]:
        """Give the groups that are held: those in which guests are."""
        found = self._all_groups()
        outer = {path.parent for path in found[1:]}
        return [
            path
            for path in found
            if path not in outer or cgroup.has_tasks(path)
        ]

    def _is_there(self) -> bool:
        return self._group is not None and self._files.are_in(self._group)

    def _write(self, group: Path, disk: str, limits: io_files.Limits) -> None:
        try:
            self._files.write(group, disk, limits)
        except OSError as error:
            if error.errno in cgroup.GONE:
                return  # the disk or the guest; what is left is read back
            raise self._failed(f'was not written: {error}') from error

    def _read(self, group: Path) -> list[io_files.Limits]:
        try:
            found = self._files.read(group)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in cgroup.GONE:
                return []
            raise self._failed(f'was not read back: {error}') from error
        return [found.get(disk, io_files.NO_LIMITS) for disk in self._disks()]

    def _failed(self, what: str) -> exception.MechanismFailed:
        return exception.MechanismFailed(
            f'the limit of the guests on disks, {self._files.names[0]} in '
            f'{self._group}, {what}'
        )


def _share(target: model.DiskTarget, groups: int) -> io_files.Limits:
    """Give the part of each group; never 0, which would lift the limit."""
    rate, operations = (
        None if value is None else max(1, value // max(1, groups))
        for value in (target.bytes_per_s, target.operations_per_s)
    )
    return (rate, rate, operations, operations)


def _total(
    found: set[io_files.Limits], wanted: io_files.Limits, groups: int
) -> model.DiskTarget:
    """Give what groups may do together by the laxest of what was found."""
    rates, operations = (
        {each[k] for each in found for k in pair} - {wanted[pair[0]]}
        or {wanted[pair[0]]}
        for pair in ((0, 1), (2, 3))
    )
    return model.DiskTarget(
        _laxest(rates, groups), _laxest(operations, groups)
    )


def _laxest(values: set[int | None], groups: int) -> int | None:
    known = [value for value in values if value is not None]
    return max(known) * groups if len(known) == len(values) else None


def lowest_weight(tree: cgroup.Tree, name: str) -> tuple[str, ...]:
    """Give guests the lowest weight on disks; say which files took it.

    The twin of ``IOWeight=`` in the unit. Only some I/O schedulers look at
    weights, and a file is there for those that the kernel has.
    """
    controller = 'blkio' if tree.version == 1 else 'cpu'
    parent = tree.parents.get(controller)
    taken = []
    for file, weight in io_files.LOWEST_WEIGHTS[tree.version].items():
        if parent is None or not (parent / name / file).exists():
            continue
        try:
            (parent / name / file).write_text(weight)
        except OSError:
            continue
        taken.append(file)
    return tuple(taken)
