# SPDX-License-Identifier: Apache-2.0
"""Empty the workstations that an operator takes out of the cloud.

Which ones is read from Nova at each look, so that a worker that was started
again goes on. Of several workers each does this, as with a request that is
repeated: one that comes second finds the notice given, and the server busy or
gone.
"""

import math
import uuid
from collections.abc import Callable

from oslo_log import log

from nova_desktop import messages
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.hosts import Hosts

LOG = log.getLogger(__name__)

OVER = 'its workstation is not drained any more'
# Tenants read it. What the operator wrote is not for them.
_REASON = 'its workstation is taken out of the cloud'


def is_on(cloud: nouns.Cloud, host: str) -> bool:
    """Say whether a host is drained now; raise CloudError."""
    compute = cloud.compute(host)
    return compute is not None and compute.drain is not None


def takes_guests(cloud: nouns.Cloud, host: str) -> bool:
    """Say whether guests may be started on a host; raise CloudError.

    That somebody has disabled it counts, for whatever reason.
    """
    compute = cloud.compute(host)
    return compute is not None and compute.disabled is None


def request_of(compute: nouns.Compute) -> messages.ReclaimRequest:
    """Give what a drain asks for, the same each time."""
    drain = compute.drain
    within_s = drain.within_s if drain else None
    text = f'{compute.host} {compute.disabled}'
    return messages.ReclaimRequest(
        request_id=str(uuid.uuid5(uuid.NAMESPACE_OID, text)),
        host=compute.host,
        keep_cpus=0.0,
        keep_memory_mib=0,
        within_s=within_s or math.inf,
        reason=_REASON,
    )


class Drains:
    """Look for such workstations."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        evict: Callable[[messages.ReclaimRequest], object],
        room_again: Callable[[], object],
        clock: nouns.Clock,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._evict = evict
        self._room_again = room_again
        self._clock = clock

    def scan(self) -> None:
        """Have guests leave who are to, and stay who may again.

        Raises CloudError when Nova cannot tell.
        """
        computes = self._cloud.computes()
        drained = {each.host: each for each in computes if each.drain}
        over = self._hosts.all_drained() - drained.keys()
        for host in sorted(over):
            LOG.info('%s is not drained any more', host)
            self._hosts.undrained(host, OVER)
        if over:
            self._room_again()
        for compute in drained.values():
            self._drain(compute)

    def _drain(self, compute: nouns.Compute) -> None:
        request = request_of(compute)
        if not compute.up:
            # Nova can move nothing from there; it is known all the same.
            self._hosts.drained(request, self._clock.unix())
            return
        try:
            self._evict(request)
        except nouns.CloudError as error:
            LOG.warning('%s is not drained now: %s', compute.host, error)
