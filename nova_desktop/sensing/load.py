# SPDX-License-Identifier: Apache-2.0
"""What everything that is not a guest uses, and what it waits for."""

import asyncio
import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from nova_desktop import exception, model

_TICKS_PER_S = os.sysconf('SC_CLK_TCK')
_STALE_PERIODS = 3


def usage_s(path: Path) -> float:
    """Read a cgroup's CPU time in seconds: ``cpuacct.usage`` or ``cpu.stat``.

    Raises OSError, and ValueError for a file that is neither.
    """
    text = path.read_text()
    for line in text.splitlines():
        if line.startswith('usage_usec '):
            return int(line.split()[1]) / 1e6
    return int(text) / 1e9


def busy_s(proc: Path) -> float:
    """Read the machine's busy CPU time in seconds from ``proc/stat``."""
    fields = (proc / 'stat').read_text().split('\n', 1)[0].split()
    # cpu user nice system idle iowait irq softirq ...; user has guests in it.
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[1:8])
    return (user + nice + system + irq + softirq) / _TICKS_PER_S


def stalled_s(path: Path) -> float:
    """Read how long some task of a group waited, from a pressure file."""
    for line in path.read_text().splitlines():
        if line.startswith('some '):
            return int(line.rpartition('total=')[2]) / 1e6
    raise ValueError(f'{path} has no line "some"')


def available(proc: Path) -> float | None:
    """Read the part of memory that can be had, from ``proc/meminfo``.

    None without the file; raises ValueError for one of another shape.
    """
    try:
        lines = (proc / 'meminfo').read_text().splitlines()
    except FileNotFoundError:
        return None
    kib = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(':') for line in lines)
        if name in ('MemTotal', 'MemAvailable')
    }
    if not kib.get('MemTotal') or 'MemAvailable' not in kib:
        raise ValueError(f'{proc}/meminfo does not tell what is available')
    return min(1.0, kib['MemAvailable'] / kib['MemTotal'])


@dataclasses.dataclass(frozen=True, slots=True)
class _Sample:
    """Counters in seconds at one moment; guests None where not known."""

    at_s: float
    host_s: float
    guests_s: float | None
    stalled_s: dict[str, tuple[float, ...]]
    available: float | None


class LoadSource:
    """Sample the host's CPU time without its guests, and their waiting.

    ``guests`` gives their CPU seconds so far, or is the usage file of their
    cgroup. ``host_usage`` is the usage file of the host's own cgroup where
    several hosts share a kernel, else the whole machine counts. ``pressure``
    names the ``cpu.pressure`` files of groups that hold no guest; that of
    the whole machine would count the waiting of the guests. Those for the
    disk and the memory are looked for beside each.
    """

    name = 'load'

    def __init__(
        self,
        proc: Path,
        guests: Callable[[], float | None] | Path,
        clock: Callable[[], float],
        period_s: float = 5.0,
        host_usage: Path | None = None,
        pressure: tuple[Path, ...] = (),
    ) -> None:
        self._proc = proc
        self._guests = guests
        self._clock = clock
        self._period_s = period_s
        self._host_usage = host_usage
        self._pressure = pressure
        self._last: _Sample | None = None
        self._facts = model.LoadFacts()
        self._error = 'no sample yet'
        self._timer: asyncio.TimerHandle | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Take the first sample; the next follow each period.

        Raises HostUnready when a counter cannot be read.
        """
        self._on_event = on_event
        self.sample()
        if self._error:
            raise exception.HostUnready(
                f'the load of the host cannot be read: {self._error}; check '
                'the paths of the cgroup and of /proc that the agent is given'
            )
        self._plan()

    def health(self, now_s: float) -> model.Health:
        """Say whether the latest sample is fresh."""
        if self._error:
            return model.Health(False, self._error)
        limit_s = _STALE_PERIODS * self._period_s
        if self._last is None or now_s > self._last.at_s + limit_s:
            return model.Health(False, f'no sample for {limit_s:g} s')
        return model.Health(True)

    def facts(self, now_s: float) -> model.LoadFacts:
        """Return the use over the latest period; None before there is one."""
        return self._facts

    async def stop(self) -> None:
        """Stop to sample."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sample(self) -> None:
        """Read all counters now and compare them with the last ones."""
        try:
            new = self._read()
        except (OSError, ValueError) as problem:
            self._error = f'CPU time cannot be read: {problem}'
            self._last, self._facts = None, model.LoadFacts()
            return
        self._error = ''
        if self._last is not None and new.at_s > self._last.at_s:
            self._facts = _compare(self._last, new)
        self._last = new

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._period_s, self._tick)

    def _tick(self) -> None:
        self._plan()
        self.sample()
        self._on_event()

    def _read(self) -> _Sample:
        guests = self._guests
        # Guests first: what they use between the two reads then counts as
        # the owner's, not the other way round.
        guests_s = usage_s(guests) if isinstance(guests, Path) else guests()
        if self._host_usage is None:
            host_s = busy_s(self._proc)
        else:
            host_s = usage_s(self._host_usage)
        stalled = {'cpu': tuple(stalled_s(path) for path in self._pressure)}
        for what in ('io', 'memory'):
            stalled[what] = _beside(self._pressure, f'{what}.pressure')
        now_s = self._clock()
        left = available(self._proc)
        return _Sample(now_s, host_s, guests_s, stalled, left)


def _beside(files: Iterable[Path], name: str) -> tuple[float, ...]:
    """Read the files of that name beside others, where the kernel has them."""
    found = []
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            found.append(stalled_s(path.with_name(name)))
    return tuple(found)


def _compare(old: _Sample, new: _Sample) -> model.LoadFacts:
    elapsed_s = new.at_s - old.at_s
    guests_s = 0.0
    if old.guests_s is not None and new.guests_s is not None:
        # Less than before means another group of that name: nothing known
        # of the guests leaves the whole use to the owner.
        guests_s = max(0.0, new.guests_s - old.guests_s)
    owner_s = max(0.0, new.host_s - old.host_s - guests_s)
    return model.LoadFacts(
        owner_cpus=owner_s / elapsed_s,
        cpu_pressure=_worst('cpu', old, new),
        io_pressure=_worst('io', old, new),
        memory_pressure=_worst('memory', old, new),
        memory_available=new.available,
    )


def _worst(what: str, old: _Sample, new: _Sample) -> float | None:
    """Give the share of time in which the worst group waited."""
    before, after = old.stalled_s[what], new.stalled_s[what]
    if not after or len(before) != len(after):
        return None
    elapsed_s = new.at_s - old.at_s
    waits = (end - begin for begin, end in zip(before, after, strict=True))
    return min(1.0, max(0.0, *waits) / elapsed_s)
