# SPDX-License-Identifier: Apache-2.0
"""What everything that is not a guest uses, and what it waits for."""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

from nova_desktop import exception, model
from nova_desktop.sensing import beat, counters, pressure

LEAST_S = 0.5
"""Samples closer to each other than this say nothing of a share of time."""

_STALE_PERIODS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class _Sample:
    """Counters in seconds at one moment; guests None where not known."""

    at_s: float
    host_s: float
    guests_s: float | None
    waits: pressure.Waits
    available: float | None


class LoadSource:
    """Sample the host's CPU time without its guests, and their waiting.

    ``guests`` gives their CPU seconds so far, or is the usage file of their
    cgroup. ``host_usage`` is the usage file of the host's own cgroup where
    several hosts share a kernel, else the whole machine counts. ``waiting``
    reads the pressure of the groups that hold no guest; that of the whole
    machine would count the waiting of the guests. When the kernel tells that
    they wait, the next sample does not wait for the end of its period.
    """

    name = 'load'

    def __init__(
        self,
        proc: Path,
        guests: Callable[[], float | None] | Path,
        clock: Callable[[], float],
        period_s: float = 5.0,
        host_usage: Path | None = None,
        waiting: pressure.OwnersPressure | None = None,
    ) -> None:
        self._proc = proc
        self._guests = guests
        self._clock = clock
        self._period_s = period_s
        self._host_usage = host_usage
        self._waiting = waiting
        self._last: _Sample | None = None
        self._facts = model.LoadFacts()
        self._error = 'no sample yet'
        self._timer: asyncio.TimerHandle | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Take the first sample; the next follow each period.

        ``on_event`` is called for each sample that differs from the last.
        Raises HostUnready when a counter cannot be read.
        """
        self._on_event = on_event
        if self._waiting is not None:
            loop = asyncio.get_running_loop()
            self._waiting.listen(loop, self._stalled)
        self.sample()
        if self._error:
            await self.stop()
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
        """Return the use between the last samples; None before there are."""
        return self._facts

    async def stop(self) -> None:
        """Stop to sample."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting is not None:
            self._waiting.close()

    def sample(self) -> None:
        """Read all counters now and compare them with the last ones.

        Whoever wants to know sooner than each period may call it, though not
        more often than each ``LEAST_S``.
        """
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
        wait_s = beat.wait_s(self._period_s, loop.time())
        self._timer = loop.call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self._plan()
        before = self._error, self._facts
        self.sample()
        if before != (self._error, self._facts):
            self._on_event()

    def _stalled(self) -> None:
        """Take the next sample as soon as it says something.

        One short stall is no demand: it is diluted in what passed since the
        last sample. If it goes on the kernel tells again, and then it shows.
        """
        due_s = 0.0 if self._last is None else self._last.at_s + LEAST_S
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        wait_s = max(0.0, due_s - self._clock())
        self._timer = loop.call_later(wait_s, self._tick)

    def _read(self) -> _Sample:
        guests = self._guests
        # Guests first: what they use between the two reads then counts as
        # the owner's, not the other way round.
        if isinstance(guests, Path):
            guests_s: float | None = counters.usage_s(guests)
        else:
            guests_s = guests()
        if self._host_usage is None:
            host_s = counters.busy_s(self._proc)
        else:
            host_s = counters.usage_s(self._host_usage)
        waits = {} if self._waiting is None else self._waiting.read()
        left = counters.available(self._proc)
        return _Sample(self._clock(), host_s, guests_s, waits, left)


def _compare(old: _Sample, new: _Sample) -> model.LoadFacts:
    elapsed_s = new.at_s - old.at_s
    guests_s = 0.0
    if old.guests_s is not None and new.guests_s is not None:
        # Less than before means another group of that name: nothing known
        # of the guests leaves the whole use to the owner.
        guests_s = max(0.0, new.guests_s - old.guests_s)
    owner_s = max(0.0, new.host_s - old.host_s - guests_s)
    shares = {
        f'{kind}_pressure': pressure.worst(
            kind, old.waits, new.waits, elapsed_s
        )
        for kind in pressure.KINDS
    }
    return model.LoadFacts(
        owner_cpus=owner_s / elapsed_s,
        memory_available=new.available,
        **shares,
    )
