# SPDX-License-Identifier: Apache-2.0
"""Whether the owner's own tasks wait for the CPUs."""

from nova_desktop import model

END_FACTOR = 0.5
"""Demand ends at this part of where it began, or it would flap there."""


def decide(
    load: model.LoadFacts | None,
    demand_cpus: float,
    demand_pressure: float,
    before: bool,
) -> bool:
    """Judge the load; ``before`` is whether there was demand until now.

    Without a source of load there is none; a source that has no reading
    just now changes nothing.
    """
    if load is None:
        return False
    readings = (
        (load.owner_cpus, demand_cpus),
        (load.cpu_pressure, demand_pressure),
    )
    known = [(used, limit) for used, limit in readings if used is not None]
    if not known:
        return before
    factor = END_FACTOR if before else 1.0
    return any(used >= limit * factor for used, limit in known)
