# SPDX-License-Identifier: Apache-2.0
"""Avoid the workstations that their owners have needed lately."""

from collections.abc import Callable
from typing import Any

from nova_desktop.policy import admission
from nova_desktop.weighers import base


class RecentDemandWeigher(base.DesktopWeigher):
    """Weigh hosts by how much of the last hours their owners needed them.

    An owner who comes and goes leaves short times, whatever is forecast.
    """

    MULTIPLIER = 'recent_demand_weight_multiplier'
    minval = -1.0
    maxval = 0.0

    def for_request(
        self, spec_obj: Any, hosts: list[Any]
    ) -> Callable[[Any, admission.Offer], float]:
        """Weigh by what the host tells; the same for each request."""
        return lambda _, offer: -offer.demand
