# SPDX-License-Identifier: Apache-2.0
"""What is to be done when, by whichever thread is free then."""

import sched
import threading
import time
from collections.abc import Callable
from typing import Any

_LOOK_S = 0.05


class Agenda:
    """Hands out tasks when they are due; any thread may add some."""

    def __init__(
        self,
        submit: Callable[..., object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what hands a task to a free thread."""
        self._submit = submit
        self._clock = clock
        self._events = sched.scheduler(clock)
        self._added = threading.Event()

    def at(
        self, due_s: float, task: Callable[..., object], *arguments: Any
    ) -> None:
        """Have a task called with ``arguments`` once it is due."""
        self._events.enterabs(due_s, 0, self._submit, (task, *arguments))
        self._added.set()

    def run(self, done: Callable[[], bool], until_s: float) -> bool:
        """Hand out what is due until ``done``; say whether it was in time."""
        while not done():
            if self._clock() > until_s:
                return False
            self._added.clear()
            wait_s = self._events.run(blocking=False)
            self._added.wait(
                _LOOK_S if wait_s is None else min(wait_s, _LOOK_S)
            )
        return True
