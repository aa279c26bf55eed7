# SPDX-License-Identifier: Apache-2.0
"""Prefer the workstations whose owners should stay away longest."""

from collections.abc import Callable
from typing import Any

from nova_desktop.policy import admission, tolerance
from nova_desktop.weighers import base


class FreeTimeWeigher(base.DesktopWeigher):
    """Weigh hosts by the minutes for which a guest may expect to stay."""

    MULTIPLIER = 'free_time_weight_multiplier'
    minval = 0

    def for_request(
        self, spec_obj: Any, hosts: list[Any]
    ) -> Callable[[Any, admission.Offer], float]:
        """Weigh by free minutes, up to those that the flavor wants."""
        tolerated, _ = tolerance.parse(spec_obj.flavor.extra_specs or {})
        enough_min = tolerated.runtime_min
        return lambda _, offer: admission.expected_free_min(offer, enough_min)
