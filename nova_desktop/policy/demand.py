# SPDX-License-Identifier: Apache-2.0
"""Whether the owner's own tasks wait for the CPUs, a disk or memory."""

import dataclasses
from collections.abc import Iterator

from nova_desktop import model

END_FACTOR = 0.5
"""Demand ends at this part of where it began, or it would flap there."""


@dataclasses.dataclass(frozen=True, slots=True)
class DemandLimits:
    """Where demand begins.

    ``cpus`` in CPUs; the pressures are shares (0 to 1) of time;
    ``memory_available`` the part (0 to 1) of memory below which it begins,
    where the others begin above.
    """

    cpus: float = 2.0
    cpu_pressure: float = 0.1
    io_pressure: float = 0.2
    memory_pressure: float = 0.05
    memory_available: float = 0.05


def decide(
    load: model.LoadFacts | None, limits: DemandLimits, before: bool
) -> bool:
    """Judge the load; ``before`` is whether there was demand until now.

    Without a source of load there is none; a source that has no reading
    just now changes nothing.
    """
    if load is None:
        return False
    factor = END_FACTOR if before else 1.0
    known = list(_excesses(load, limits))
    return any(part >= factor for part in known) if known else before


def _excesses(load: model.LoadFacts, limits: DemandLimits) -> Iterator[float]:
    """Give each reading as a multiple of where demand begins."""
    readings = (
        (load.owner_cpus, limits.cpus),
        (load.cpu_pressure, limits.cpu_pressure),
        (load.io_pressure, limits.io_pressure),
        (load.memory_pressure, limits.memory_pressure),
    )
    for used, limit in readings:
        if used is not None:
            yield used / limit
    left = load.memory_available
    if left is not None and limits.memory_available:
        # The less is left the more is wanted: nothing left is no end of it.
        yield limits.memory_available / left if left else float('inf')
