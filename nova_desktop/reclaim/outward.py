# SPDX-License-Identifier: Apache-2.0
"""Tell tenants by ways that lead out of the cloud and may take long.

Each way has threads and a queue of its own, so that a receiver that hangs
holds up no eviction, no guest and no other way.
"""

import dataclasses
import threading
from collections.abc import Callable
from concurrent import futures

from oslo_log import log

from nova_desktop import exception, messages
from nova_desktop.reclaim import nouns

LOG = log.getLogger(__name__)

_THREADS = 2
_MAX_WAITING = 1000
_FIRST_PAUSE_S = 1.0


class TryAgain(exception.DesktopError):
    """It did not work now."""


class GiveUp(exception.DesktopError):
    """It will not work."""


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What a server's tenant is told, and when that was decided."""

    host: str
    notice: messages.Notice
    server: nouns.Server
    unix_s: float


Send = Callable[[Told], None]
"""Send it, at most some seconds long; raise TryAgain or GiveUp."""


class Lane:
    """One way out: so many tries, each after a longer pause."""

    def __init__(
        self, name: str, send: Send, tries: int, stop: threading.Event
    ) -> None:
        self._name = name
        self._send = send
        self._tries = tries
        self._stop = stop
        self._free = threading.BoundedSemaphore(_MAX_WAITING)
        self._pool = futures.ThreadPoolExecutor(_THREADS, name)

    def tell(self, told: Told) -> None:
        """Have it sent; drop it where too much is waiting."""
        if not self._free.acquire(blocking=False):
            self._lost(told, f'{_MAX_WAITING} others wait')
            return
        try:
            self._pool.submit(self._run, told)
        except RuntimeError:
            self._free.release()
            self._lost(told, 'the service is stopping')

    def _run(self, told: Told) -> None:
        try:
            self._try(told)
        except Exception as error:
            LOG.exception('%s', error)
            self._lost(told, type(error).__name__)
        finally:
            self._free.release()

    def _try(self, told: Told) -> None:
        pause_s, why = _FIRST_PAUSE_S, ''
        for left in reversed(range(self._tries)):
            try:
                self._send(told)
                return
            except GiveUp as error:
                self._lost(told, str(error))
                return
            except TryAgain as error:
                why = str(error)
            if not left or self._stop.wait(pause_s):
                break
            pause_s *= 2
        self._lost(told, why)

    def _lost(self, told: Told, why: str) -> None:
        LOG.warning(
            '%s about server %s is lost by %s: %.300s',
            told.notice.event,
            told.notice.server_id,
            self._name,
            why,
        )

    def stop(self) -> None:
        """Send nothing more; ``stop`` has ended the pauses."""
        self._pool.shutdown(wait=False, cancel_futures=True)
