# SPDX-License-Identifier: Apache-2.0
"""Prefer the workstations whose owners should stay away longest."""

from typing import Any

import nova.conf
from nova.scheduler import utils, weights

from nova_desktop.conf import desktop as options
from nova_desktop.policy import admission, tolerance

CONF = nova.conf.CONF

options.register(CONF)


class FreeTimeWeigher(weights.BaseHostWeigher):  # type: ignore[misc]
    """Weigh hosts by the minutes for which a guest may expect to stay.

    Hosts that are no workstations weigh nothing: what tolerates an owner is
    to use the idle machines first.
    """

    minval = 0

    def weight_multiplier(self, host_state: Any) -> float:
        """Give the multiplier, from the aggregate or from the option."""
        multiplier: float = utils.get_weight_multiplier(
            host_state,
            'free_time_weight_multiplier',
            CONF.desktop.free_time_weight_multiplier,
        )
        return multiplier

    def weigh_objects(
        self, weighed_obj_list: Any, weight_properties: Any
    ) -> list[float]:
        """Give the weight of each host; reads the flavor once for all."""
        runtime_min = _runtime_min(weight_properties)
        return [_weight(each.obj, runtime_min) for each in weighed_obj_list]

    def _weigh_object(self, host_state: Any, weight_properties: Any) -> float:
        return _weight(host_state, _runtime_min(weight_properties))


def _runtime_min(spec_obj: Any) -> int | None:
    tolerated, _ = tolerance.parse(spec_obj.flavor.extra_specs or {})
    return tolerated.runtime_min


def _weight(host_state: Any, runtime_min: int | None) -> float:
    stats = host_state.stats or {}
    if not admission.is_desktop(stats):
        return 0.0
    try:
        offer = admission.read(stats)
    except ValueError:
        return 0.0
    return admission.expected_free_min(offer, runtime_min)
