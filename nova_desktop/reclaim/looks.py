# SPDX-License-Identifier: Apache-2.0
"""Look slowly, in one thread, at what nobody tells the service."""

import threading
from collections.abc import Callable, Mapping

from oslo_log import log

from nova_desktop.reclaim import nouns

LOG = log.getLogger(__name__)


class Looks:
    """Look at one thing after the other; one that fails stops no other.

    The ``first`` ones are looked at when the service starts, too.
    """

    def __init__(
        self,
        first: Mapping[str, Callable[[], object]],
        others: Mapping[str, Callable[[], object]],
        period_s: float,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._first = first
        self._others = others
        self._period_s = period_s
        self._clock = clock
        self._stop = stop

    def run(self) -> None:
        """Look until the service stops."""
        self._go_round(self._first)
        while not self._clock.wait(self._stop, self._period_s):
            self._go_round(self._first)
            self._go_round(self._others)

    @staticmethod
    def _go_round(looks: Mapping[str, Callable[[], object]]) -> None:
        for what, look in looks.items():
            try:
                look()
            except nouns.CloudError as error:
                LOG.warning('%s are not looked for: %s', what, error)
            except Exception:
                LOG.exception('one look for %s is lost', what)
