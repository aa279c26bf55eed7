# SPDX-License-Identifier: Apache-2.0
"""How long real guests run on after their owner says pause."""

import contextlib
import dataclasses
import os
import random
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from benchmarks import figures, machines, result, workstation
from nova_desktop.mechanism import libvirt_link

libvirt = libvirt_link.libvirt

COUNT = 8
MEMORY_MIB = 96
SPARE_NS = 100_000
"""CPU time that a vCPU which stands still may use while it is watched.

QEMU may ask it something, for which its thread wakes and sleeps again.
"""
QUIET_S = 0.15
"""Longer than a period of the slice's limit, in which guests wait anyway."""
_BUSY_NS = 5_000_000
_PAUSED_S = 5.0
_RESUMED_S = 60.0
_NAP_S = 0.001

SETTINGS = (
    workstation.SHORT_HOLDS
    + """
[ladder]
resume_stagger_s = 0.01
"""
)

NOTES = (
    f'pause8: {COUNT} real guests (QEMU without KVM, one vCPU each, busy); '
    'the owner calls Pause over D-Bus -> libvirt says that the last is paused '
    'and no vCPU uses CPU any more',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Paused:
    """One pause of all guests, in seconds from the owner's call.

    ``told_s`` until libvirt had told of the last one, ``quiet_s`` until the
    last vCPU used no more CPU; None where one went on.
    """

    told_s: float | None
    quiet_s: float | None
    all_paused: bool


def run(samples: int) -> result.Result:
    """Measure: the owner says pause -> all vCPUs of all guests stopped."""
    found: dict[str, list[float]] = defaultdict(list)
    with (
        machines.folder() as directory,
        workstation.Workstation(
            SETTINGS + machines.settings(directory)
        ) as host,
    ):
        guests = Guests(host, machines.Machines(host, directory))
        for _ in range(samples):
            guests.wait_busy()
            # At any moment of the limit's periods.
            time.sleep(random.uniform(0, 0.1))  # noqa: S311
            _note(guests.pause(), found)
            host.call('Resume')
        print(f'{samples} pauses', file=sys.stderr)
    return result.Result('pausing', metrics(found), dict(found), NOTES)


def _note(seen: Paused, found: dict[str, list[float]]) -> None:
    if seen.told_s is None or seen.quiet_s is None or not seen.all_paused:
        found['pause8_never'].append(1)
        return
    for name, value_s in (
        ('pause8_ms', max(seen.told_s, seen.quiet_s)),
        ('pause8_told_ms', seen.told_s),
        ('pause8_quiet_ms', seen.quiet_s),
    ):
        found[name].append(figures.milliseconds(value_s))


def metrics(samples: dict[str, list[float]]) -> dict[str, float]:
    """Turn samples into the metrics."""
    found: dict[str, float] = {}
    for name in ('pause8', 'pause8_told', 'pause8_quiet'):
        values = samples.get(f'{name}_ms', [])
        if values:
            found |= result.spread(name, values)
            found[f'{name}_max_ms'] = max(values)
    found['pause8_never_count'] = len(samples.get('pause8_never', []))
    return found


def quiet_at(
    points: list[figures.Point], spare: int, least_s: float
) -> float | None:
    """Give the first moment from which hardly anything is used.

    From there to the last point at most ``spare`` is added. None where that
    is less than ``least_s`` before the last point.
    """
    last_s, last = points[-1]
    found = next(at_s for at_s, used in points if last - used <= spare)
    return found if found <= last_s - least_s else None


class Guests:
    """Busy guests, what libvirt tells of them, and their CPU time."""

    def __init__(
        self, host: workstation.Workstation, daemon: machines.Machines
    ) -> None:
        names = [f'guest-{number}' for number in range(COUNT)]
        self._host = host
        self._domains = [
            daemon.admin.createXML(
                daemon.describe(name, memory_mib=MEMORY_MIB, mode='burn'), 0
            )
            for name in names
        ]
        daemon.wait_booted(names)
        self._usages = [daemon.process(name).open_vcpu() for name in names]
        for fd in self._usages:
            host.stack.callback(os.close, fd)
        self._told_s: dict[str, float] = {}
        self._all_told = threading.Event()
        listener = daemon.listener()
        host.stack.callback(listener.close)
        listener.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._hear, None
        )

    def _hear(self, _from: Any, domain: Any, event: int, *_rest: Any) -> None:
        if event != libvirt.VIR_DOMAIN_EVENT_SUSPENDED:
            return
        self._told_s[domain.UUIDString()] = time.perf_counter()
        if len(self._told_s) == COUNT:
            self._all_told.set()

    def _used_ns(self) -> list[int]:
        return [int(os.pread(fd, 32, 0)) for fd in self._usages]

    def wait_busy(self) -> None:
        """Wait until each of them runs and computes; raise Unready."""
        running = libvirt.VIR_DOMAIN_RUNNING
        before = self._used_ns()

        def are_busy() -> bool:
            used = self._used_ns()
            return all(
                now - then > _BUSY_NS
                for now, then in zip(used, before, strict=True)
            ) and all(each.state()[0] == running for each in self._domains)

        workstation.wait_for(
            are_busy, 'all guests busy', self._host.log, _RESUMED_S, 0.02
        )

    def pause(self) -> Paused:
        """Have the owner say pause, and watch until it is quiet."""
        self._told_s.clear()
        self._all_told.clear()
        with self._saying() as began:
            traces = self._watch()
        states = [each.state()[0] for each in self._domains]
        quiet_s = [quiet_at(each, SPARE_NS, QUIET_S) for each in traces]
        told_s = self._told_s.values()
        at_s = [each for each in quiet_s if each is not None]
        return Paused(
            max(told_s) - began[0] if len(told_s) == COUNT else None,
            max(at_s) - began[0] if len(at_s) == COUNT else None,
            set(states) == {libvirt.VIR_DOMAIN_PAUSED},
        )

    @contextlib.contextmanager
    def _saying(self) -> Iterator[list[float]]:
        """Call on another thread; when it began is known at the end."""
        began: list[float] = []
        caller = threading.Thread(
            target=lambda: began.append(self._host.call('Pause', 't', 0))
        )
        caller.start()
        yield began
        caller.join()
        if not began:
            raise workstation.Unready(f'no pause: {self._host.log()}')

    def _watch(self) -> list[list[figures.Point]]:
        """Note the CPU time of each vCPU until well after all are paused."""
        traces: list[list[figures.Point]] = [[] for _ in self._usages]
        end_s = time.perf_counter() + _PAUSED_S
        until_s = end_s
        while (now_s := time.perf_counter()) < until_s:
            if self._all_told.is_set() and until_s == end_s:
                until_s = now_s + 2 * QUIET_S
            for trace, used in zip(traces, self._used_ns(), strict=True):
                trace.append((now_s, used))
            time.sleep(_NAP_S)
        return traces
