# SPDX-License-Identifier: Apache-2.0
"""How each cgroup version writes limits on disks."""

from collections.abc import Iterator
from pathlib import Path

Limits = tuple[int | None, int | None, int | None, int | None]
"""Bytes read and written, then operations, per second; None for no limit."""

NO_LIMITS: Limits = (None, None, None, None)

LOWEST_WEIGHTS = {
    1: {'blkio.bfq.weight': '1', 'blkio.weight': '10'},
    2: {'io.weight': '1', 'io.bfq.weight': '1'},
}
"""Version -> file -> the lowest weight that it takes."""


class _V1:
    """A file for each kind of limit, a line in it for each disk."""

    names = (
        'blkio.throttle.read_bps_device',
        'blkio.throttle.write_bps_device',
        'blkio.throttle.read_iops_device',
        'blkio.throttle.write_iops_device',
    )

    def are_in(self, group: Path) -> bool:
        """Say whether the files are there."""
        return (group / self.names[0]).exists()

    def write(self, group: Path, disk: str, limits: Limits) -> None:
        """Set the limits of one disk; raise OSError."""
        for name, limit in zip(self.names, limits, strict=True):
            # 0 takes the line out.
            (group / name).write_text(f'{disk} {limit or 0}')

    def read(self, group: Path) -> dict[str, Limits]:
        """Give disk -> limits; raise OSError, ValueError."""
        files = [dict(_pairs(group / name)) for name in self.names]
        return {
            disk: _four([file.get(disk, '0') for file in files])
            for disk in set().union(*files)
        }


class _V2:
    """One file with all limits of a disk in a line."""

    names = ('io.max',)
    _keys = ('rbps', 'wbps', 'riops', 'wiops')

    def are_in(self, group: Path) -> bool:
        """Say whether the file is there."""
        return (group / self.names[0]).exists()

    def write(self, group: Path, disk: str, limits: Limits) -> None:
        """Set the limits of one disk; raise OSError."""
        pairs = zip(self._keys, limits, strict=True)
        text = ' '.join(f'{key}={limit or "max"}' for key, limit in pairs)
        (group / self.names[0]).write_text(f'{disk} {text}')

    def read(self, group: Path) -> dict[str, Limits]:
        """Give disk -> limits; raise OSError, ValueError."""
        found = {}
        for disk, text in _pairs(group / self.names[0]):
            values = dict(word.split('=', 1) for word in text.split())
            found[disk] = _four([values.get(k, 'max') for k in self._keys])
        return found


V1 = _V1()
V2 = _V2()


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Give the disk and the rest of each line."""
    for line in path.read_text().splitlines():
        disk, _, rest = line.partition(' ')
        yield disk, rest.strip()


def _four(words: list[str]) -> Limits:
    one, two, three, four = (
        None if word in ('max', '0') else int(word) for word in words
    )
    return (one, two, three, four)
