# SPDX-License-Identifier: Apache-2.0
"""What was decided about servers: in memory, and for ``explain``.

Each worker keeps its own decisions, and apart from them those that others
tell: whatever comes by the bus then cannot push out its own. A service that
is started again has forgotten; Nova's metadata and instance actions have not.
"""

import collections
import threading
from collections.abc import Callable

from nova_desktop import messages
from nova_desktop.reclaim import nouns

_MAX_SHOWN = 100


class Journal:
    """The latest decisions; safe to use from any thread."""

    def __init__(
        self,
        worker: str,
        clock: nouns.Clock,
        size: int,
        share: Callable[[messages.Entry], object],
    ) -> None:
        self.worker = worker
        self.since_unix_s = clock.unix()
        self._clock = clock
        self._share = share
        self._lock = threading.Lock()
        self._own = collections.deque[messages.Entry](maxlen=size)
        self._heard = collections.deque[messages.Entry](maxlen=size)

    def note(
        self,
        what: messages.What,
        server_id: str,
        text: str,
        host: str = '',
        detail: str = '',
    ) -> None:
        """Keep a decision of this worker and tell the others.

        ``text`` is for the server's tenant too, ``host`` and ``detail`` are
        for operators.
        """
        entry = messages.Entry(
            at_unix_s=self._clock.unix(),
            worker=self.worker,
            server_id=server_id,
            what=what,
            text=text,
            host=host,
            detail=detail,
        )
        with self._lock:
            self._own.append(entry)
        self._share(entry)

    def hear(self, entry: messages.Entry) -> None:
        """Keep a decision of another worker."""
        if entry.worker == self.worker:
            return
        with self._lock:
            self._heard.append(entry)

    def of(self, server_id: str) -> list[messages.Entry]:
        """Give the decisions about a server, the oldest first."""
        with self._lock:
            found = [
                entry
                for entry in (*self._own, *self._heard)
                if entry.server_id == server_id
            ]
        found.sort(key=lambda entry: entry.at_unix_s)
        return found[-_MAX_SHOWN:]
