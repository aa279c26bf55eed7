# SPDX-License-Identifier: Apache-2.0
"""What a host tells Placement and the scheduler: pure functions."""

import math
from collections.abc import Mapping
from typing import Any

from nova_desktop import model

TRAIT = model.TRAIT
STATS_VERSION = 1
"""Goes up when the meaning of a ``desktop_*`` statistic changes."""

Inventory = dict[str, dict[str, Any]]

OWN_LIMITS_TRAIT = 'CUSTOM_DESKTOP_CPU_QUOTA'
"""On hosts where a flavor's ``quota:cpu_*`` takes effect."""

_CPUS = ('VCPU', 'PCPU')
_MEMORY = 'MEMORY_MB'


def cap_of(status: model.Status | None) -> model.Cap:
    """Give the cap in force; a silent agent lends nothing."""
    return model.NOTHING if status is None else status.cap


def operators_reserved(inventory: Inventory) -> dict[str, int]:
    """Remember what the operator reserves, by resource class."""
    return {name: int(each['reserved']) for name, each in inventory.items()}


def capped(
    inventory: Inventory, reserved: Mapping[str, int], cap: model.Cap
) -> Inventory:
    """Give the inventory with what the cap withholds reserved.

    ``reserved`` is the operator's own, by resource class; classes that it
    does not name are somebody else's, such as those of a provider.yaml.
    Nothing but ``reserved`` moves: Placement checks the other bounds before
    it forgives usage over capacity, so moving them would stop guests from
    moving away.
    """
    totals = {
        name: int(inventory[name]['total'])
        for name in reserved
        if name in inventory
    }
    lent = _lent(totals, cap)
    withheld = {
        name: {'reserved': max(reserved[name], total - lent[name])}
        for name, total in totals.items()
    }
    return {
        name: {**each, **withheld.get(name, {})}
        for name, each in inventory.items()
    }


def _lent(totals: Mapping[str, int], cap: model.Cap) -> dict[str, int]:
    """Give how much is lent of each resource class.

    Dedicated and shared CPUs are the same machine's: each kind has its part
    of the cap, so that both together are no more than it.
    """
    if not cap.admit:
        return dict.fromkeys(totals, 0)
    all_cpus = sum(totals.get(name, 0) for name in _CPUS)
    lent = dict(totals)
    for name in set(_CPUS) & set(totals):
        lent[name] = math.floor(cap.cpus * totals[name] / all_cpus)
    if _MEMORY in totals:
        lent[_MEMORY] = cap.memory_mib
    return lent


def stats(status: model.Status | None) -> dict[str, str | int | float]:
    """Give the hints for filter and weigher.

    Flat, because anything else kills Nova's update; rounded and without a
    time, so that the record is written only when something has changed.
    """
    cap = cap_of(status)
    presence = model.Presence.UNKNOWN if status is None else status.presence
    told: dict[str, str | int | float] = {
        'desktop_version': STATS_VERSION,
        'desktop_presence': presence.value,
        'desktop_admit': str(cap.admit),
        'desktop_cap_cpus': round(cap.cpus, 2),
        'desktop_cap_memory_mib': cap.memory_mib,
    }
    for horizon, probability in (status.forecast if status else {}).items():
        told[f'desktop_forecast_{horizon}'] = round(probability, 2)
    return told


def told_by_desktop(compute_node_stats: Any) -> bool:
    """Say whether a compute node's statistics come from a workstation."""
    return (
        isinstance(compute_node_stats, Mapping)
        and 'desktop_version' in compute_node_stats
    )
