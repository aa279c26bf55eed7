# SPDX-License-Identifier: Apache-2.0
"""The guests' slice, held by direct writes to kept-open cgroup files.

A write on an open descriptor takes one to two microseconds, through libvirt
or systemd a thousand times that.
"""

import dataclasses
import errno
import os
from collections.abc import Callable
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.mechanism import cgroup, children, disk

# The kernel takes no quota below one millisecond per period.
_MIN_QUOTA_US = 1000
# Guests of the normal class compete with the owner: not for long at a time.
_NORMAL_PERIOD_US = 100_000
_GONE = (errno.ENODEV, errno.ENOENT, errno.EBADF)


@dataclasses.dataclass(frozen=True, slots=True)
class Dialect:
    """How one cgroup version writes a bandwidth limit.

    ``encode`` takes a quota (None for no limit) and the period, both in
    microseconds; ``period_file`` is where v1 keeps the period.
    """

    quota_file: str
    period_file: str | None
    encode: Callable[[int | None, int], str]


V1 = Dialect(
    'cpu.cfs_quota_us',
    'cpu.cfs_period_us',
    lambda quota, period: '-1' if quota is None else str(quota),
)
V2 = Dialect(
    'cpu.max',
    None,
    lambda quota, period: f'{"max" if quota is None else quota} {period}',
)


class GuestSlice:
    """The idle class and the CPU limit of all guests together."""

    def __init__(self, tree: cgroup.Tree, name: str, idle_us: int) -> None:
        """Open the group's files; raise CgroupMissing without them."""
        self.path = tree.group(name)
        self._dialect = V1 if tree.version == 1 else V2
        self._idle_us = idle_us
        self._written_us = idle_us
        self._fds: dict[str, int] = {}
        self._lifted: dict[Path, str] = {}
        self._applied: model.SliceTarget | None = None
        self._period_changed = False
        self._open()

    def apply(self, target: model.SliceTarget) -> None:
        """Hold the slice: one write, two if the class changes."""
        try:
            self._write_target(target)
        except OSError as error:
            if error.errno not in _GONE:
                raise self._failed('written', error) from error
            self._follow(target)
        before, self._applied = self._applied, target
        if self._lifted and before and _limit(target) > _limit(before):
            self._lifted = children.restore(self._lifted)

    def current(self) -> model.SliceTarget:
        """Read back what the kernel has in force."""
        try:
            quota_us, period_us = self._read_quota()
            idle = self._read('cpu.idle') == '1'
        except OSError as error:
            raise self._failed('read back', error) from error
        self._period_changed = period_us != self._written_us
        applied = self._applied
        if (
            applied is not None
            and not self._period_changed
            and (quota_us, idle) == (self._quota_us(applied), applied.idle)
        ):
            return applied
        cpus = None if quota_us is None else quota_us / period_us
        return model.SliceTarget(cpus=cpus, idle=idle)

    def release(self) -> None:
        """Let go of the files; the limit stays, the owner may be here."""
        self._close()

    def _open(self) -> None:
        self._close()
        dialect = self._dialect
        for file in (dialect.quota_file, dialect.period_file, 'cpu.idle'):
            if file is None:
                continue
            try:
                self._fds[file] = os.open(self.path / file, os.O_RDWR)
            except OSError as error:
                self._close()
                raise cgroup.missing(
                    'cpu',
                    self.path / file,
                    'run nova-desktop-agent --prepare, or with systemd: '
                    f'systemctl start {self.path.name} ({error.strerror})',
                ) from error
        self._period_changed = True

    def _close(self) -> None:
        while self._fds:
            os.close(self._fds.popitem()[1])

    def _follow(self, target: model.SliceTarget) -> None:
        """Open the group that was removed and made again, and apply there."""
        self._open()
        try:
            self._write_target(target)
        except OSError as error:
            raise self._failed('written', error) from error

    def _write_target(self, target: model.SliceTarget) -> None:
        period = period_us(target, self._idle_us)
        if period < self._written_us:
            # Else what is in force would be of the shorter one for a moment.
            self._write_quota(target, period)
            self._set_period(period)
        else:
            self._set_period(period)
            self._write_quota(target, period)
        idle = '1' if target.idle else '0'
        if self._read('cpu.idle') != idle:
            self._write('cpu.idle', idle)

    def _write_quota(self, target: model.SliceTarget, period: int) -> None:
        dialect = self._dialect
        quota = dialect.encode(self._quota_us(target), period)
        self._insist(lambda: self._write(dialect.quota_file, quota))

    def _set_period(self, period: int) -> None:
        """Bring v1's period to ours; v2 writes it with each quota."""
        file = self._dialect.period_file
        is_known = period == self._written_us and not self._period_changed
        if (
            file is not None
            and not is_known
            and self._read(file) != str(period)
        ):
            self._insist(lambda: self._write(file, str(period)))
        self._written_us, self._period_changed = period, False

    def _insist(self, write: Callable[[], object]) -> None:
        """Write; lift a guest's own quota where v1 refuses because of it."""
        try:
            write()
        except OSError as error:
            if error.errno != errno.EINVAL or self._dialect is not V1:
                raise
            self._lifted.update(children.lift(self.path))
            write()

    def _quota_us(self, target: model.SliceTarget) -> int | None:
        return quota_us(target, self._idle_us)

    def _read_quota(self) -> tuple[int | None, int]:
        dialect = self._dialect
        words = self._read(dialect.quota_file).split()
        if dialect.period_file is None:
            period = int(words[1])
        else:
            period = int(self._read(dialect.period_file))
        quota = None if words[0] in ('-1', 'max') else int(words[0])
        return quota, period

    def _read(self, file: str) -> str:
        text = os.pread(self._descriptor(file), 64, 0).decode()
        return text.partition('\n')[0]

    def _write(self, file: str, value: str) -> None:
        os.pwrite(self._descriptor(file), f'{value}\n'.encode(), 0)

    def _descriptor(self, file: str) -> int:
        if file not in self._fds:
            raise OSError(errno.ENODEV, 'the group is gone', str(self.path))
        return self._fds[file]

    def _failed(self, what: str, error: OSError) -> exception.MechanismFailed:
        return exception.MechanismFailed(
            f'the limit of {self.path} was not {what}: {error}'
        )


def period_us(target: model.SliceTarget, idle_us: int) -> int:
    """Give the period of a target; ``idle_us`` is that of the idle class."""
    return idle_us if target.idle else min(idle_us, _NORMAL_PERIOD_US)


def quota_us(target: model.SliceTarget, idle_us: int) -> int | None:
    """Give the run time in its period as it is written; None for no limit."""
    if target.cpus is None:
        return None
    return max(_MIN_QUOTA_US, round(target.cpus * period_us(target, idle_us)))


def _limit(target: model.SliceTarget) -> float:
    """Give the limit as a number that compares; none is infinite."""
    return float('inf') if target.cpus is None else target.cpus


def prepare(tree: cgroup.Tree, name: str, period_us: int) -> None:
    """Make the guests' slice, in the idle class and behind on the disks.

    A limit that is in force stays: guests may be running.
    """
    cgroup.create(tree, name)
    disk.lowest_weight(tree, name)
    guests = GuestSlice(tree, name, period_us)
    guests.apply(dataclasses.replace(guests.current(), idle=True))
