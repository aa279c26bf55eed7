# SPDX-License-Identifier: Apache-2.0
"""What Nova's services tell each other, held back until time passes."""

import threading
from collections.abc import Callable

import fixtures
from nova.tests import fixtures as nova_fixtures
from oslo_log import log
from oslo_messaging.rpc import client

LOG = log.getLogger(__name__)


class HeldCasts(fixtures.Fixture):
    """Have Nova do what its API accepted some seconds later, and at once.

    Whatever one service casts to another is done in the thread that releases
    it, so that Nova has done all when that returns. An error is lost, as that
    of a cast is.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.takes_s = 0.0
        self._working = False
        self._now = now
        self._lock = threading.Lock()
        self._held: list[tuple[float, Callable[[], None]]] = []

    def _setUp(self) -> None:
        self.useFixture(nova_fixtures.SpawnIsSynchronousFixture())
        context = client._BaseCallContext
        stock = context.cast
        self.useFixture(
            fixtures.MonkeyPatch(
                'oslo_messaging.rpc.client._BaseCallContext.cast',
                lambda *args, **kwargs: self._hold(stock, args, kwargs),
            )
        )

    def _hold(self, stock, args, kwargs) -> None:
        context, ctxt, method = args
        if context.target.fanout:
            stock(*args, **kwargs)
            return

        def act() -> None:
            try:
                context.call(ctxt, method, **kwargs)
            except Exception as error:  # noqa: BLE001
                LOG.info('%s has failed: %r', method, error)

        with self._lock:
            # What Nova tells itself while it works is the same work.
            takes_s = 0.0 if self._working else self.takes_s
            self._held.append((self._now() + takes_s, act))

    def release(self, everything: bool = False) -> None:
        """Do what is due, and what comes of it."""
        self._working = True
        while (act := self._next(everything)) is not None:
            act()
        self._working = False

    def _next(self, everything: bool) -> Callable[[], None] | None:
        with self._lock:
            for index, (due, _act) in enumerate(self._held):
                if everything or due <= self._now():
                    return self._held.pop(index)[1]
        return None
