# SPDX-License-Identifier: Apache-2.0
"""Whether the owner's own tasks want for CPUs, disk, memory or the GPU."""

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
    where the others begin above. ``gpu`` is the share of time (0 to 1) of
    the GPU's busiest engine.
    """

    cpus: float = 2.0
    cpu_pressure: float = 0.1
    io_pressure: float = 0.2
    memory_pressure: float = 0.05
    memory_available: float = 0.05
    gpu: float = 0.3


def decide(
    load: model.LoadFacts | None,
    gpu: model.GpuFacts | None,
    limits: DemandLimits,
    before: bool,
) -> bool:
    """Judge the load; ``before`` is whether there was demand until now.

    Without a source of load there is none of that; one that has no reading
    just now changes nothing. Most hosts have no reading of a GPU ever.
    """
    factor = END_FACTOR if before else 1.0
    busy = None if gpu is None else gpu.owner_busy
    if busy is not None and busy >= factor * limits.gpu:
        return True
    if load is None:
        return False
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
