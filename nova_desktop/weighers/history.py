# SPDX-License-Identifier: Apache-2.0
"""Do not put an instance back where it has been evicted from."""

from collections.abc import Callable
from typing import Any

from nova_desktop.policy import admission
from nova_desktop.weighers import base


class PreemptionHistoryWeigher(base.DesktopWeigher):
    """Weigh hosts by how often the instance had to leave them lately."""

    MULTIPLIER = 'preemption_history_weight_multiplier'

    def for_request(
        self, spec_obj: Any, hosts: list[Any]
    ) -> Callable[[Any, admission.Offer], float] | None:
        """Weigh by the evictions that each host tells of the instance."""
        server_id = spec_obj.instance_uuid
        told = any(admission.EVICTED in (host.stats or {}) for host in hosts)
        if not told or not server_id:
            return None
        return lambda host, _: -admission.evictions(host.stats, server_id)
