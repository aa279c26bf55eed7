# SPDX-License-Identifier: Apache-2.0
"""Have the agent fence all guests unless Nova counts this host as up.

The agent holds the timer, because nova-compute may be what has died. It runs
from a moment before the last sign of life that Nova is known to have taken.
"""

import time
from collections.abc import Callable

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.virt import belonging, declared, link, threads

LOG = logging.getLogger(__name__)

_LOOKS = 6
"""So often in ``fence_after_s`` Nova is asked whether it counts us as up."""


class DeadMan:
    """Renew the agent's timer for as long as that is true."""

    def __init__(
        self,
        agent: link.Link,
        nova: belonging.Nova,
        promises: declared.Declared,
        after_s: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agent = agent
        self._nova = nova
        self._promises = promises
        self._after_s = after_s
        self._clock = clock
        self._seen: int | None = None
        self._looked_s = 0.0
        self._alive_s: float | None = None
        self._renewed = False
        self._worker = threads.Worker(
            'desktop-deadman', self.step, max(0.1, after_s / _LOOKS)
        )
        self.wake = self._worker.wake

    def start(self) -> None:
        """Watch from now on, if that is switched on."""
        self._worker.start()
        self._worker.wake()

    def stop(self) -> None:
        """Watch no longer: on purpose, so the guests may run on."""
        self._worker.stop()
        if not self._after_s:
            return
        try:
            self._promises.take_back(model.FENCE)
        except Exception as failure:  # noqa: BLE001
            # Whatever keystoneauth raises: then the promise is kept.
            LOG.warning(
                'Guests are fenced in %(after)d s, because Placement cannot '
                'be told that they are not: %(why)s',
                {'after': self._after_s, 'why': failure},
            )
            return
        self._agent.fence_in(0)

    def holds(self) -> bool:
        """Say whether guests that run would be fenced when cut off."""
        return not self._after_s or (self._renewed and self._left_s() > 0)

    def step(self) -> float | None:
        """Look once; give the seconds until the next look."""
        if not self._after_s:
            return None
        try:
            self._look()
            self._renew()
        except Exception as failure:  # noqa: BLE001
            # Whatever Nova or keystoneauth raises: nothing is confirmed.
            LOG.warning('The fence is not put off: %s', failure)
        return self._after_s / _LOOKS

    def _look(self) -> None:
        before_s, self._looked_s = self._looked_s, self._clock()
        signs = self._nova.signs_of_life()
        seen, self._seen = self._seen, signs
        if seen is not None and signs is None:
            LOG.warning('This host is forced down: its guests are fenced')
        elif seen is not None and signs is not None and signs > seen:
            # The sign came after the look before this one.
            self._alive_s = before_s

    def _left_s(self) -> float:
        if self._alive_s is None:
            return 0.0
        return self._alive_s + self._after_s - self._clock()

    def _renew(self) -> None:
        if self._agent.status is None:
            if self._renewed:
                LOG.warning('The agent is silent: no guest can be fenced')
            self._renewed = False
            self._promises.take_back(model.FENCE)
            return
        left_s = int(self._left_s())
        self._renewed = left_s > 0 and self._agent.fence_in(left_s)
        if self._renewed:
            self._promises.promise(model.FENCE)
