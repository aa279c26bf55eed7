# SPDX-License-Identifier: Apache-2.0
"""What is told aside, so that it holds up nothing, in bounded memory.

A silent host costs a thread some seconds for each word to a guest of its, and
a bus that is down for each notification: what waits there would pile up.
"""

import collections
import functools
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

from oslo_log import log

LOG = log.getLogger(__name__)


def _never() -> bool:
    return False


class Aside:
    """Do one thing at a time for each key; of what waits only the latest."""

    def __init__(self, executor: futures.Executor) -> None:
        self._executor = executor
        self._lock = threading.Lock()
        self._waiting: dict[str, Callable[[], object]] = {}
        self._begun: set[str] = set()

    def submit(
        self,
        key: str,
        step: Callable[..., object],
        *args: Any,
        unless: Callable[[], bool] = _never,
    ) -> None:
        """Do a step instead of what waits for its key, after what runs.

        ``unless`` is looked at when nothing can come in between.
        """
        with self._lock:
            if unless():
                return
            self._waiting[key] = functools.partial(step, *args)
            if key in self._begun:
                return
            self._begun.add(key)
        self._begin(key)

    def _begin(self, key: str) -> None:
        try:
            self._executor.submit(self._run, key)
        except RuntimeError:
            LOG.info('stopping: %s is not told', key)

    def _run(self, key: str) -> None:
        with self._lock:
            step = self._waiting.pop(key)
        try:
            step()
        except Exception:
            LOG.exception('what was to be told of %s is lost', key)
        with self._lock:
            if key not in self._waiting:
                self._begun.discard(key)
                return
        self._begin(key)


class Line:
    """Hand over one after another; of too many the oldest are dropped."""

    def __init__(
        self, name: str, aside: Aside, hand: Callable[[Any], object], most: int
    ) -> None:
        self._name = name
        self._aside = aside
        self._hand = hand
        self._waiting = collections.deque[Any](maxlen=most)

    def put(self, each: Any) -> None:
        """Have it handed over."""
        self._waiting.append(each)
        self._aside.submit(self._name, self._empty)

    def _empty(self) -> None:
        while self._waiting:
            self._hand(self._waiting.popleft())
