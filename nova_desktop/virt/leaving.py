# SPDX-License-Identifier: Apache-2.0
"""Let a guest run while Nova moves, saves or stops it.

A guest that is held paused or starved cannot shut down, and is saved or
moved in that state. Whoever asked, the agent first resumes it and grants its
leaving share.
"""

import collections
import contextlib
import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any

from oslo_log import log as logging

from nova_desktop.virt import link

LOG = logging.getLogger(__name__)


class Leaving:
    """Hold the leaving share of guests, counted where operations nest."""

    def __init__(
        self, agent: link.Link, seconds: int, timeout_s: float
    ) -> None:
        self._agent = agent
        self._seconds = seconds
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._held: collections.Counter[str] = collections.Counter()

    @contextlib.contextmanager
    def of(self, server_id: str) -> Iterator[None]:
        """Hold a guest's share for as long as the operation lasts."""
        with self._lock:
            self._held[server_id] += 1
            outermost = self._held[server_id] == 1
        if outermost and not self._agent.leave(
            server_id, self._seconds, self._timeout_s
        ):
            LOG.warning(
                'Server %s leaves without its share: the agent is silent',
                server_id,
            )
        try:
            yield
        finally:
            self._end(server_id)

    def _end(self, server_id: str) -> None:
        with self._lock:
            self._held[server_id] -= 1
            if self._held[server_id] > 0:
                return
            del self._held[server_id]
        self._agent.leave_done(server_id)


def with_share(
    stock: Callable[..., Any], departs: bool = False
) -> Callable[..., Any]:
    """Give one of the driver's operations, run with the leaving share.

    ``departs`` says that the guest no longer runs here afterwards.
    """
    signature = inspect.signature(stock)
    place = list(signature.parameters).index('instance')

    @functools.wraps(stock)
    def operation(driver: Any, *args: Any, **kwargs: Any) -> Any:
        instance = kwargs.get('instance')
        if instance is None:
            instance = args[place - 1]
        if departs:
            driver.desktop.note_departure(instance.uuid)
        with driver.desktop.leaving.of(instance.uuid):
            return stock(driver, *args, **kwargs)

    # Nova compares its drivers' signatures with those of their base.
    operation.__signature__ = signature  # type: ignore[attr-defined]
    return operation
