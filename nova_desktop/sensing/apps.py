# SPDX-License-Identifier: Apache-2.0
"""Which of the programs run that want the host for themselves."""

import asyncio
import os
from collections.abc import Callable, Collection
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.sensing import beat, processes

LOG = logging.getLogger(__name__)

# The kernel keeps that many characters of a process's name.
_COMM_MAX = 15
# A program may take another name in its life: one in so many of the processes
# that are not new is looked at again each time.
_TURNS = 5


class AppSource:
    """Look for processes by name every ``poll_s``.

    ``names`` are those of the process or of the file that it runs; nothing
    is looked at where there are none. A guest's own process is none of the
    owner's: it is told by ``guests``, the name of the guests' cgroup.
    """

    name = 'apps'

    def __init__(
        self,
        proc: Path,
        names: Collection[str],
        clock: Callable[[], float],
        guests: str = '',
        poll_s: float = 2.0,
    ) -> None:
        self._proc = proc
        self._wanted = {each: each for each in names}
        self._wanted |= {each[:_COMM_MAX]: each for each in names}
        self._clock = clock
        self._guests = guests
        self._poll_s = poll_s
        self._turn = 0
        self._settled: set[str] = set()
        self._seen: set[str] = set()
        self._matches: dict[str, str] = {}
        self._facts = model.AppFacts()
        self._complaint = ''
        self._timer: asyncio.TimerHandle | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Look once; the next looks follow. Never raises."""
        self._on_event = on_event
        if self._wanted:
            self.look()
            self._plan()

    def health(self, now_s: float) -> model.Health:
        """Be healthy: what cannot be read narrows what is lent."""
        return model.Health(True, self._complaint)

    def facts(self, now_s: float) -> model.AppFacts:
        """Return what the last look saw."""
        return self._facts

    async def stop(self) -> None:
        """Stop to look."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Look at the new processes now, and in turn at the others."""
        try:
            names = os.listdir(self._proc)  # noqa: PTH208
        except OSError as problem:
            self._complaint = f'processes cannot be listed: {problem}'
            self._seen.clear()
            self._settled.clear()
            self._tell(None)
            return
        self._complaint = ''
        present = {each for each in names if each.isdigit()}
        self._turn = (self._turn + 1) % _TURNS
        due = {
            pid
            for pid in present
            if pid not in self._settled or int(pid) % _TURNS == self._turn
        }
        old = {
            pid: name
            for pid, name in self._matches.items()
            if pid in present and pid not in due
        }
        new = {pid: self._match(pid) for pid in due}
        self._matches = old | {pid: name for pid, name in new.items() if name}
        # A process may still become another program after its first look.
        self._settled, self._seen = self._seen & present, present
        self._tell(tuple(sorted(set(self._matches.values()))))

    def _tell(self, running: tuple[str, ...] | None) -> None:
        before, last = self._facts, self._facts.last
        last_seen_s = before.last_seen_s
        if running:
            last, last_seen_s = running[0], self._clock()
        self._facts = model.AppFacts(running, last, last_seen_s)
        if running != before.running:
            self._on_event()

    def _match(self, pid: str) -> str:
        """Give the listed name of a process, empty if it has none."""
        directory = f'{self._proc}/{pid}'
        found = self._wanted.get(processes.comm(directory), '')
        found = found or self._wanted.get(processes.program(directory), '')
        return (
            ''
            if found and processes.is_guest(directory, self._guests)
            else found
        )

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = beat.wait_s(self._poll_s, loop.time())
        self._timer = loop.call_later(wait_s, self._tick)

    def _tick(self) -> None:
        self._plan()
        try:
            self.look()
        except Exception:
            LOG.exception('One look at the processes is lost')
