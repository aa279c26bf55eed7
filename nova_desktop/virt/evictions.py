# SPDX-License-Identifier: Apache-2.0
"""Which instances the owner has had to send away from here lately."""

import collections
import threading
from collections.abc import Callable

KEEP_S = 86400.0
"""For this long an eviction counts."""

KEEP = 32
"""More instances than that are not told; the oldest are forgotten."""

SAME_S = 600.0
"""Within this time a server leaves once, however many steps it takes."""


class Evictions:
    """Count evictions by server; used from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: collections.OrderedDict[str, list[float]] = (
            collections.OrderedDict()
        )

    def note(self, server_id: str) -> None:
        """Take notice that a server leaves because the owner needs it to."""
        now_s = self._clock()
        with self._lock:
            times = self._times.setdefault(server_id, [])
            if not times or now_s - times[-1] > SAME_S:
                times.append(now_s)
            self._times.move_to_end(server_id)
            while len(self._times) > KEEP:
                self._times.popitem(last=False)

    def stats(self) -> dict[str, str]:
        """Give the scheduler's statistic: ``SERVER:TIMES,...``, if any."""
        after_s = self._clock() - KEEP_S
        with self._lock:
            counts = {
                server_id: sum(at_s > after_s for at_s in times)
                for server_id, times in self._times.items()
            }
        told = ','.join(f'{name}:{n}' for name, n in counts.items() if n)
        return {'desktop_evicted': told} if told else {}
