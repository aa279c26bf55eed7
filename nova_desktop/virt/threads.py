# SPDX-License-Identifier: Apache-2.0
"""Work beside Nova's own, under native threads and under eventlet alike.

The agent is heard on a native thread in either mode. Under eventlet such a
thread may not touch anything patched, logging included, so a signal is all
that it gives, and the work is done by a greenthread.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from nova import utils
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

T = TypeVar('T')


class Signal(Protocol):
    """What any thread may set and one worker waits for."""

    def set(self) -> None:
        """Wake the worker, now or when it next waits."""

    def wait(self, timeout_s: float | None) -> bool:
        """Wait until set, at most so long; say whether it was, and clear."""


class _NativeSignal:
    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def wait(self, timeout_s: float | None) -> bool:
        was_set = self._event.wait(timeout_s)
        self._event.clear()
        return was_set


class _GreenSignal:
    def __init__(self, eventlet: Any) -> None:
        self._eventlet = eventlet
        self._os = eventlet.patcher.original('os')
        self._receive, self._send = os.pipe()
        os.set_blocking(self._receive, False)
        os.set_blocking(self._send, False)

    def set(self) -> None:
        # A full pipe already holds a wake-up.
        with contextlib.suppress(BlockingIOError):
            self._os.write(self._send, b'.')

    def wait(self, timeout_s: float | None) -> bool:
        try:
            self._eventlet.hubs.trampoline(
                self._receive, read=True, timeout=timeout_s
            )
        except self._eventlet.Timeout:
            return False
        with contextlib.suppress(BlockingIOError):
            self._os.read(self._receive, 4096)
        return True


def signal() -> Signal:
    """Give a signal that works in Nova's concurrency mode."""
    eventlet = utils.get_eventlet()
    return _NativeSignal() if eventlet is None else _GreenSignal(eventlet)


def native(function: Callable[..., T], *args: Any) -> T:
    """Call what blocks a whole thread without blocking the others."""
    eventlet = utils.get_eventlet()
    if eventlet is None:
        return function(*args)
    result: T = eventlet.tpool.execute(function, *args)
    return result


class Worker:
    """Do one step whenever woken, and again after the wait it asks for.

    The step gives the seconds until it is to run again, ``None`` for only
    when woken. Wake-ups during a step collapse into one more step.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], float | None],
        retry_s: float = 10.0,
    ) -> None:
        self._name = name
        self._step = step
        self._retry_s = retry_s
        self._signal = signal()
        self._stopped = False

    def start(self) -> None:
        """Begin to work, in a thread of Nova's kind."""
        threading.Thread(
            target=self._run, name=self._name, daemon=True
        ).start()

    def wake(self) -> None:
        """Have the step done; any thread may ask."""
        self._signal.set()

    def stop(self) -> None:
        """Do no further step."""
        self._stopped = True
        self._signal.set()

    def _run(self) -> None:
        wait_s: float | None = None
        while True:
            self._signal.wait(wait_s)
            if self._stopped:
                return
            wait_s = self.once()

    def once(self) -> float | None:
        """Do the step; give the seconds until the next one."""
        try:
            return self._step()
        except Exception:
            LOG.exception(
                '%(name)s failed and is tried again in %(wait)s seconds',
                {'name': self._name, 'wait': self._retry_s},
            )
            return self._retry_s
