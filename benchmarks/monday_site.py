# SPDX-License-Identifier: Apache-2.0
"""How hosts reach Placement: by Nova's own client, with answers counted."""

import threading
from collections import Counter
from typing import Any

from keystoneauth1 import adapter, session
from nova.scheduler.client import report

from benchmarks.monday_phase import Tally


class Way(adapter.Adapter):  # type: ignore[misc]
    """Reaches Placement for one kind of caller, and counts the answers."""

    def __init__(self, url: str, who: str, tally: Tally) -> None:
        super().__init__(
            session.Session(additional_headers={'x-auth-token': 'admin'}),
            service_type='placement',
            endpoint_override=url,
            raise_exc=False,
        )
        self._who = who
        self._tally = tally
        self._lock = threading.Lock()

    def request(self, url: str, method: str, **kwargs: Any) -> Any:
        """Ask, and count the answer; none is 0."""
        status = 0
        try:
            answer = super().request(url, method, **kwargs)
            status = answer.status_code
        finally:
            with self._lock:
                self._tally[self._who, method, status] += 1
        return answer


class Site:
    """The ways to Placement of all hosts in one process."""

    def __init__(self, url: str) -> None:
        self.tally: Tally = Counter()
        self.tracking = Way(url, 'tracker', self.tally)
        self.pushing = self._client(url, 'push')
        self.scheduling = self._client(url, 'scheduler')
        self.checking = self._client(url, 'check')

    def _client(self, url: str, who: str) -> Any:
        return report.SchedulerReportClient(Way(url, who, self.tally))
