# SPDX-License-Identifier: Apache-2.0
"""Who keeps the GPUs busy, from what the kernel's drivers tell of each client.

A driver counts for each client how long each engine worked for it, and shows
that beside the client's open file: ``/proc/PID/fdinfo``. Those that count
cycles only, and those that count nothing, are not seen.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from nova_desktop.sensing import processes, terminals

_DEVICES = '/dev/dri/'
_ENGINE = 'drm-engine-'
_CAPACITY = 'drm-engine-capacity-'
# A process opens its GPU early in its life: one in so many of those that are
# not new is looked through again each time.
_TURNS = 6

Client = tuple[str, str]
"""A device and the number of a client of it, whoever shares its file."""
Engine = tuple[str, str]
"""A device and the name of one of its engines."""


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """What one client has used of each engine, in seconds.

    ``guest`` is whether none but guests have the client's file open.
    """

    engines_s: Mapping[Engine, float]
    guest: bool


def has_gpu(root: Path) -> bool:
    """Say whether ``/sys/class/drm`` has a GPU: one that can render.

    Raises OSError where it cannot be read. A mere screen is no GPU.
    """
    try:
        names = os.listdir(root)  # noqa: PTH208 - names are enough
    except FileNotFoundError:
        return False
    return any(name.startswith('renderD') for name in names)


def parse(text: str) -> tuple[Client, dict[Engine, float]] | None:
    """Read a file of fdinfo; None for one that is no client's.

    Raises ValueError for one of another shape.
    """
    fields = {
        name: value.strip()
        for name, _, value in (
            line.partition(':') for line in text.split('\n')
        )
        if name.startswith('drm-')
    }
    number = fields.get('drm-client-id')
    if number is None:
        return None
    device = fields.get('drm-pdev') or fields.get('drm-driver', '')
    engines_s = {}
    for name, value in fields.items():
        if name.startswith(_ENGINE) and not name.startswith(_CAPACITY):
            short = name.removeprefix(_ENGINE)
            # Of several alike: all of them together are one engine.
            count = int(fields.get(_CAPACITY + short, '1'))
            used_ns = int(value.removesuffix('ns'))
            engines_s[device, short] = used_ns / 1e9 / max(1, count)
    return (device, number), engines_s


class Clients:
    """Finds the processes that have a GPU open, and reads what they used."""

    def __init__(self, proc: Path, guests: str) -> None:
        """Take where processes are, and the name of the guests' cgroup."""
        self._proc = proc
        self._guests = guests
        self._files: dict[str, list[str]] = {}
        self._known: set[str] = set()
        self._turn = 0

    def read(self) -> dict[Client, Use]:
        """Read what each client has used so far.

        Raises OSError where processes cannot be looked into, and ValueError
        for what a driver wrote in another shape.
        """
        self._find()
        found: dict[Client, Use] = {}
        for pid, files in self._files.items():
            guest = processes.is_guest(f'{self._proc}/{pid}', self._guests)
            for client, engines_s in self._clients(pid, files):
                # Whatever a process of the owner shares is the owner's.
                shared = found.get(client)
                alone = guest and (shared is None or shared.guest)
                found[client] = Use(engines_s, alone)
        return found

    def _find(self) -> None:
        names = os.listdir(self._proc)  # noqa: PTH208
        present = {name for name in names if name.isdecimal()}
        self._turn = (self._turn + 1) % _TURNS
        for pid in present:
            if pid in self._known and int(pid) % _TURNS != self._turn:
                continue
            files = self._open_files(pid)
            if files:
                self._files[pid] = files
            else:
                self._files.pop(pid, None)
        for pid in self._known - present:
            self._files.pop(pid, None)
        self._known = present

    def _open_files(self, pid: str) -> list[str]:
        """Name the descriptors of a process that are a GPU."""
        directory = f'{self._proc}/{pid}'
        try:
            return [
                file
                for file in os.listdir(f'{directory}/fd')  # noqa: PTH208
                if _target(f'{directory}/fd/{file}').startswith(_DEVICES)
            ]
        except (FileNotFoundError, ProcessLookupError):
            return []
        except PermissionError:
            # Some of the system's own are closed even to root, and use none.
            if _is_a_persons(directory):
                raise
            return []

    def _clients(
        self, pid: str, files: list[str]
    ) -> Iterator[tuple[Client, dict[Engine, float]]]:
        for file in files:
            try:
                path = Path(f'{self._proc}/{pid}/fdinfo/{file}')
                read = parse(path.read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue
            if read is not None:
                yield read


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - for thousands of them
    except FileNotFoundError:
        return ''


def _is_a_persons(directory: str) -> bool:
    try:
        owner = os.stat(directory).st_uid  # noqa: PTH116
    except FileNotFoundError:
        return False
    return terminals.FIRST_UID <= owner != terminals.NOBODY_UID
