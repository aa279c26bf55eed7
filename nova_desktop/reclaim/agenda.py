# SPDX-License-Identifier: Apache-2.0
"""Resume evictions once their time has come or there is news for them.

One that waits holds no thread, so thousands may be in their grace at a time.
"""

import dataclasses
import heapq
import itertools
import math
import threading
from collections.abc import Callable, Generator
from concurrent import futures

from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.step import Pause

Course = Generator[Pause, None, None]

_NOW = 0.0


@dataclasses.dataclass(eq=False)
class _Entry:
    """A course, and which of its places on the agenda counts (0: none)."""

    course: Course
    place: int = 0
    running: bool = False
    woken: bool = False


class Agenda:
    """What is to be gone on with, and when; safe to use from any thread."""

    def __init__(
        self,
        clock: nouns.Clock,
        actors: futures.Executor,
        stop: threading.Event,
    ) -> None:
        self._clock = clock
        self._actors = actors
        self._stop = stop
        self._changed = threading.Condition()
        self._places = itertools.count(1)
        self._heap: list[tuple[float, int, _Entry]] = []

    def start(self, course: Course) -> Callable[[], None]:
        """Begin as soon as may be; give what resumes it before its time.

        What begins goes before all that is looked at again and again.
        """
        entry = _Entry(course)
        with self._changed:
            self._place(entry, _NOW)

        def wake() -> None:
            with self._changed:
                entry.woken = entry.running
                if not entry.running:
                    self._place(entry, _NOW)

        return wake

    def _place(self, entry: _Entry, due: float) -> None:
        """Note when to resume a course; for ever means only when woken."""
        entry.place = next(self._places)
        if due == math.inf:
            return
        heapq.heappush(self._heap, (due, entry.place, entry))
        self._changed.notify()

    def until_next_s(self) -> float | None:
        """Give the seconds until something is due, None when nothing is."""
        with self._changed:
            if not self._heap:
                return None
            return max(0.0, self._heap[0][0] - self._clock.steady())

    def run(self) -> None:
        """Resume what is due, in one of several threads, until the end."""
        while not self._stop.is_set():
            if self.resume_one():
                continue
            with self._changed:
                wait_s = self.until_next_s()
                if wait_s != 0 and not self._stop.is_set():
                    self._changed.wait(wait_s)

    def resume_one(self) -> bool:
        """Resume what is most due; say no when nothing is."""
        with self._changed:
            if self.until_next_s() != 0:
                return False
            _due, place, entry = heapq.heappop(self._heap)
            if entry.place != place:
                return True
            entry.running = True
        self._resume(entry)
        return True

    def _resume(self, entry: _Entry) -> None:
        try:
            pause = next(entry.course)
        except StopIteration:
            return
        if pause.acts:
            self._act(entry)
            return
        with self._changed:
            due = self._clock.steady() + pause.seconds
            entry.running = False
            self._place(entry, _NOW if entry.woken else due)
            entry.woken = False

    def _act(self, entry: _Entry) -> None:
        try:
            self._actors.submit(self._resume, entry)
        except RuntimeError:
            # The service is stopping; what was not begun is taken up again.
            entry.course.close()

    def stop(self) -> None:
        """Let the threads end; what waits is left as it is."""
        with self._changed:
            self._changed.notify_all()
