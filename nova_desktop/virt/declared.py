# SPDX-License-Identifier: Apache-2.0
"""What this host promises of its guests, as traits in Placement.

The control plane acts on them while the host cannot be asked, so a promise
is taken back in Placement before it is broken here.
"""

import threading
from collections.abc import Callable
from typing import Any

from nova import context as nova_context
from oslo_log import log as logging

from nova_desktop import exception, model

LOG = logging.getLogger(__name__)

_MICROVERSION = '1.6'
_TRIES = 5


class NotDeclared(exception.DesktopError):
    """Placement did not take the traits."""


class Declared:
    """Hold the promises that are in force, here and in Placement."""

    def __init__(self, report: Callable[[], Any]) -> None:
        self._report = report
        self._lock = threading.Lock()
        self._provider = ''
        self._wanted: frozenset[str] = frozenset()
        self._written: frozenset[str] | None = None

    def tell(self, tree: Any, node: str, provider: str) -> None:
        """Give Nova's own update the same traits; without waiting."""
        wanted = self._wanted
        tree.add_traits(node, *sorted(wanted))
        tree.remove_traits(node, *sorted(set(model.PROMISES) - wanted))
        self._provider = provider

    def promise(self, trait: str) -> None:
        """Have Placement hold a promise; raise NotDeclared."""
        self._set(self._wanted | {trait})

    def take_back(self, *traits: str) -> None:
        """Return once Placement holds a promise no more; raise NotDeclared.

        In memory it ends at once, so that Nova's update cannot renew it.
        """
        self._set(self._wanted - set(traits))

    def _set(self, wanted: frozenset[str]) -> None:
        # Memory first: an update of Nova's that has read the traits before
        # meets a newer generation and is done again.
        self._wanted = wanted
        with self._lock:
            if wanted != self._written:
                self._written = None
                self._write(wanted)
                self._written = wanted

    def _write(self, wanted: frozenset[str]) -> None:
        if not self._provider:
            raise NotDeclared('Nova has not told the provider yet')
        for _ in range(_TRIES):
            if self._written_now(wanted):
                LOG.info(
                    'Placement is told what this host promises: %s',
                    ', '.join(sorted(wanted)) or 'nothing',
                )
                return
        raise NotDeclared('the provider changes all the time')

    def _written_now(self, wanted: frozenset[str]) -> bool:
        report, context = self._report(), nova_context.get_admin_context()
        more = {
            'version': _MICROVERSION,
            'global_request_id': context.global_id,
        }
        for trait in wanted:
            _checked(report.put(f'/traits/{trait}', None, **more))
        url = f'/resource_providers/{self._provider}/traits'
        found = _checked(report.get(url, **more)).json()
        others = set(found['traits']) - set(model.PROMISES)
        found['traits'] = sorted(others | wanted)
        try:
            answer = report.put(url, found, **more)
        finally:
            report.invalidate_resource_provider(self._provider, cacheonly=True)
        if answer.status_code == 409:
            return False
        _checked(answer)
        return True


def _checked(answer: Any) -> Any:
    if answer.status_code >= 300:
        raise NotDeclared(f'{answer.status_code} {answer.text[:300]}')
    return answer
