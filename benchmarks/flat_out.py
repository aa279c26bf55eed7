# SPDX-License-Identifier: Apache-2.0
"""Guests that want all of a machine: each core, its memory, the disk."""

import enum
import os
import signal
import subprocess
import time
from pathlib import Path

from benchmarks import groups, guests, harvest, loads, workstation

_STOPPED_S = 10.0
# With less of what others leave, guests are not flat out.
_FLAT_OUT_PERCENT = 90
_FLAT_OUT_S = 60.0
_LOOK_S = 0.2
# In the other hierarchies they stay in the slice, whoever holds them: the
# agent must take their use and their waiting for that of guests.
_MOVED = ('cpu', 'cpuset', 'blkio')


class Place(enum.Enum):
    """Which group the scheduler sees the guests in."""

    SLICE = 'slice'
    BESIDE = 'beside'
    OWNER = groups.OWNER


class FlatOut:
    """For each core one that streams memory and one that writes safely."""

    def __init__(
        self, host: workstation.Workstation, program: Path, cores: int
    ) -> None:
        """Start them in the slice; they run."""
        self._host = host
        self._meter = harvest.Meter(host)
        self._pids: list[int] = []
        (groups.CGROUPS / 'cpu' / host.parent / Place.BESIDE.value).mkdir()
        for slot in range(cores):
            self._start(program, 'copy', 'inf', str(loads.COPY_MIB))
            file = host.dir / f'guest-{slot}'
            self._start(program, 'sync', 'inf', str(file))

    def place(self, place: Place) -> None:
        """Move them into a group; where it lies is all that changes."""
        for slot, pid in enumerate(self._pids):
            for name in _MOVED:
                group = self._group(name, slot, place)
                (group / 'cgroup.procs').write_text(str(pid))

    def run(self) -> None:
        """Let them run."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Stop them; they are when this returns."""
        self.pause()
        workstation.wait_for(
            lambda: all(guests.state(pid) == 'T' for pid in self._pids),
            'guests stopped',
            within_s=_STOPPED_S,
        )

    def pause(self) -> None:
        """Stop them; those in a system call go on to its end."""
        self._signal(signal.SIGSTOP)

    def renice(self, nice: int) -> None:
        """Change their nice value."""
        for pid in self._pids:
            os.setpriority(os.PRIO_PROCESS, pid, nice)

    def wait_flat_out(self) -> None:
        """Wait until they leave hardly any core idle; raise Unready."""
        workstation.wait_for(
            self._is_flat_out,
            'guests flat out',
            self._host.log,
            _FLAT_OUT_S,
        )

    def _is_flat_out(self) -> bool:
        begin = self._meter.read()
        time.sleep(_LOOK_S)
        spent = self._meter.read().since(begin)
        return harvest.percent(spent) >= _FLAT_OUT_PERCENT

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._pids:
            os.kill(pid, number)

    def _start(self, program: Path, *words: str) -> None:
        slot = len(self._pids)
        process = subprocess.Popen([program, *words])
        self._host.stack.callback(process.wait)
        self._host.stack.callback(process.kill)
        self._pids.append(process.pid)
        for top in groups.tops():
            group = self._group(top.name, slot, Place.SLICE)
            if not group.parent.is_dir():
                continue
            group.mkdir()
            if top.name == 'cpuset':
                groups.fill_cpuset(group)
            (group / 'cgroup.procs').write_text(str(process.pid))

    def _group(self, name: str, slot: int, place: Place) -> Path:
        ours = groups.CGROUPS / name / self._host.parent
        if place is Place.SLICE:
            return ours / groups.SLICE / f'stand-in-{slot}'
        return ours / place.value if name == 'cpu' else ours
