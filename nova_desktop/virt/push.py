# SPDX-License-Identifier: Apache-2.0
"""Write the inventory to Placement the moment the cap moves.

The resource tracker's own update comes once a minute. Writing through the
report client's ``set_inventory_for_provider`` would use the generation in
the tracker's cache, so that both overwrite one another; this reads the
generation first, and has the tracker forget its copy afterwards.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nova import context as nova_context
from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.virt import inventory, threads

LOG = logging.getLogger(__name__)

_MICROVERSION = '1.26'
"""The first that lets everything be reserved."""


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """A resource provider of the host, and what its operator reserves."""

    uuid: str
    reserved: Mapping[str, int]


class NotYet(exception.DesktopError):
    """Placement holds a newer generation than was read, or nothing yet."""


class Refused(exception.DesktopError):
    """Placement did not give or take the inventory."""


def write(
    report: Any, context: Any, provider: Provider, cap: model.Cap
) -> None:
    """Bring a provider's ``reserved`` in line with the cap.

    Also written when nothing moves: the new generation then stops a tracker
    that is about to write an older cap.
    """
    url = f'/resource_providers/{provider.uuid}/inventories'
    answer = report.get(
        url, version=_MICROVERSION, global_request_id=context.global_id
    )
    if answer.status_code != 200:
        raise Refused(f'GET: {answer.status_code} {answer.text}')
    found = answer.json()
    if not found['inventories']:
        raise NotYet
    found['inventories'] = inventory.capped(
        found['inventories'], provider.reserved, cap
    )
    answer = report.put(
        url, found, version=_MICROVERSION, global_request_id=context.global_id
    )
    if answer.status_code == 409:
        raise NotYet
    if answer.status_code != 200:
        raise Refused(f'PUT: {answer.status_code} {answer.text}')


class Pusher:
    """Keep Placement at the latest cap; older ones are skipped."""

    def __init__(
        self,
        report: Callable[[], Any],
        cap: Callable[[], model.Cap],
        retry_s: float,
        retry_max_s: float,
    ) -> None:
        self._report = report
        self._cap = cap
        self._retry_s = retry_s
        self._retry_max_s = retry_max_s
        self._providers: tuple[Provider, ...] = ()
        self._seen = cap()
        self._changes = 0
        self._pushed = 0
        self._attempts = 0
        self._complained = False
        self._when_settled: Callable[[], None] = lambda: None
        self._worker = threads.Worker('desktop-push', self.step, retry_max_s)

    def start(self) -> None:
        """Write changes from now on, once the provider is known."""
        self._worker.start()

    def stop(self) -> None:
        """Write no more."""
        self._worker.stop()

    def cap_heard(self) -> None:
        """Take notice of a new cap; called on the agent's native thread.

        Changes are counted, not compared with what was written: there and
        back again must be written too, for the tracker may have met the
        cap in between.
        """
        cap = self._cap()
        if cap != self._seen:
            self._seen = cap
            self._changes += 1
            self._worker.wake()

    def wake_when_settled(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called each time Placement has caught up."""
        self._when_settled = wake

    def settled(self) -> bool:
        """Say whether Placement knows of the latest cap."""
        return bool(self._providers) and self._changes == self._pushed

    def changes(self) -> int:
        """Give how many caps have been heard of."""
        return self._changes

    def providers_known(
        self, providers: Sequence[Provider], changes: int
    ) -> None:
        """Take the providers from Nova's update, which writes for itself.

        ``changes`` is what was heard before the update read its cap; only
        what came later is to be pushed. Writing beside the tracker's very
        first update makes that one fail.
        """
        first = not self._providers
        self._providers = tuple(providers)
        if first:
            self._pushed = changes
            self._worker.wake()
            self._when_settled()

    def step(self) -> float | None:
        """Write the latest cap; give the wait before another attempt."""
        providers, changes = self._providers, self._changes
        if not providers or changes == self._pushed:
            return None
        cap = self._cap()
        try:
            for provider in providers:
                self._write(provider, cap)
        except NotYet:
            return self._wait()
        except Exception as failure:  # noqa: BLE001
            # Whatever keystoneauth or Nova raises: Placement has to be told.
            self._complain(failure)
            return self._wait()
        self._pushed = changes
        self._settle(cap)
        self._when_settled()
        return None

    def _write(self, provider: Provider, cap: model.Cap) -> None:
        report = self._report()
        try:
            write(report, nova_context.get_admin_context(), provider, cap)
        finally:
            # Also after a failure: its answer may be all that was lost.
            report.invalidate_resource_provider(provider.uuid, cacheonly=True)

    def _settle(self, cap: model.Cap) -> None:
        self._attempts = 0
        self._complained = False
        LOG.info(
            'Placement follows the cap: %(cpus)g CPUs, %(memory)d MiB, '
            'admission %(admit)s',
            {
                'cpus': cap.cpus,
                'memory': cap.memory_mib,
                'admit': 'open' if cap.admit else 'closed',
            },
        )

    def _complain(self, failure: Exception) -> None:
        if not self._complained:
            LOG.error(
                'Placement does not know what this host lends, and is tried '
                'until it does: %s',
                failure,
            )
        self._complained = True

    def _wait(self) -> float:
        self._attempts += 1
        growth = 2.0 ** min(self._attempts - 1, 30)
        return min(self._retry_max_s, self._retry_s * growth)
