# SPDX-License-Identifier: Apache-2.0
"""One phase of Monday morning in one process, and what it gave."""

import dataclasses
import functools
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from benchmarks import agenda, figures

Tally = Counter[tuple[str, str, int]]
"""Answers by who asked, the method and the status."""
_PATIENCE_S = 300.0


class Late(Exception):
    """Placement was not told in time."""


@dataclasses.dataclass(slots=True)
class Told:
    """Times are from when the owner is back until Placement has it."""

    push_ms: list[float] = dataclasses.field(default_factory=list)
    stock_ms: list[float] = dataclasses.field(default_factory=list)
    ended_s: list[float] = dataclasses.field(default_factory=list)
    lost: list[str] = dataclasses.field(default_factory=list)
    failures: list[str] = dataclasses.field(default_factory=list)
    tally: Tally = dataclasses.field(default_factory=Counter)

    def add(self, other: 'Told') -> None:
        """Add what another process saw."""
        self.push_ms += other.push_ms
        self.stock_ms += other.stock_ms
        self.ended_s += other.ended_s
        self.lost += other.lost
        self.failures += other.failures
        self.tally += other.tally


class Phase:
    """Has threads do what is due until all that is waited for is done."""

    def __init__(self, threads: int) -> None:
        self.told = Told()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(threads)
        self._agenda = agenda.Agenda(self._submit)
        self._done = 0
        self.at = self._agenda.at

    def wrote(self, values_ms: list[float], since_s: float) -> None:
        """Note that one more host is known in Placement."""
        now_s = time.monotonic()
        with self._lock:
            values_ms.append(figures.milliseconds(now_s - since_s))
            self.told.ended_s.append(now_s)
            self._done += 1

    def looked(self, lost: str | None) -> None:
        """Note that one more host was compared, and whether it is wrong."""
        with self._lock:
            self._done += 1
            if lost is not None:
                self.told.lost.append(lost)

    def run(self, count: int, until_s: float) -> Told:
        """Work until ``count`` hosts are done; raise Late."""
        with self._pool as pool:
            in_time = self._agenda.run(
                lambda: self._done >= count, until_s + _PATIENCE_S
            )
            pool.shutdown(cancel_futures=True)
        if not in_time:
            failures = '\n'.join(self.told.failures[-3:])
            raise Late(f'{self._done} of {count} hosts are done\n{failures}')
        return self.told

    def _submit(self, task: Callable[..., object], *arguments: Any) -> None:
        future = self._pool.submit(task, *arguments)
        future.add_done_callback(functools.partial(self._look, task))

    def _look(
        self, task: Callable[..., object], future: Future[object]
    ) -> None:
        if future.cancelled() or (problem := future.exception()) is None:
            return
        with self._lock:
            self.told.failures.append(f'{task.__name__}: {problem!r}')
