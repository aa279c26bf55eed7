# SPDX-License-Identifier: Apache-2.0
"""How others notice the owner, as pollers of the same machine.

BOINC looks for input each second, its client asks for that each second, and
the program that it runs asks the client each second whether to stop.
HTCondor's daemons look each 5 s, twice in a row, before a job is frozen.
"""

import os
import random
import signal
import time
from collections.abc import Callable, Sequence

from benchmarks import figures, guests, workstation

BOINC_S = (1.0, 1.0, 1.0)
HTCONDOR_S = (5.0, 5.0)
_NAP_S = 0.005


class Peers:
    """Samples of both methods on the stand-ins that run."""

    def __init__(
        self, host: workstation.Workstation, busy: guests.Guests
    ) -> None:
        self._busy = busy
        # Outside of what the agent watches, which would be faster.
        self._node = host.dir / 'peer'
        os.mkfifo(self._node)
        self._state = host.slices['freezer'] / 'freezer.state'

    def boinc(self) -> float:
        """Measure event -> every stand-in stopped by a signal."""
        try:
            return self._sample(BOINC_S, self._stop, self._busy.stopped)
        finally:
            for pid in self._busy.running:
                os.kill(pid, signal.SIGCONT)

    def htcondor(self) -> float:
        """Measure event -> the freezer says that all are frozen."""
        try:
            return self._sample(HTCONDOR_S, self._freeze, self._frozen)
        finally:
            self._state.write_text('THAWED')

    def _sample(
        self,
        periods_s: Sequence[float],
        act: Callable[[], object],
        done: Callable[[], bool],
    ) -> float:
        node = os.open(self._node, os.O_RDWR | os.O_NONBLOCK)
        try:
            before = self._node.stat().st_mtime_ns
            event_s = time.perf_counter()
            os.write(node, workstation.KEY)
            self._poll(periods_s, before)
            act()
            while not done():
                time.sleep(_NAP_S)
            return time.perf_counter() - event_s
        finally:
            os.close(node)

    def _poll(self, periods_s: Sequence[float], before: int) -> None:
        """Look in turn as each poller does, each at a phase of its own.

        A poller sees only what the one before it has seen already; that
        all phases are drawn anew stands for an event at any moment.
        """
        now_s = time.perf_counter()
        # A phase is random: no secret depends on it.
        firsts_s = [now_s + random.uniform(0, each) for each in periods_s]  # noqa: S311
        for first_s, period_s in zip(firsts_s, periods_s, strict=True):
            while True:
                now_s = time.perf_counter()
                tick_s = figures.next_tick(now_s, first_s, period_s)
                time.sleep(tick_s - now_s)
                if self._node.stat().st_mtime_ns != before:
                    break

    def _stop(self) -> None:
        for pid in self._busy.running:
            os.kill(pid, signal.SIGSTOP)

    def _freeze(self) -> None:
        self._state.write_text('FROZEN')

    def _frozen(self) -> bool:
        return self._state.read_text().strip() == 'FROZEN'
