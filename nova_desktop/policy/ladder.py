# SPDX-License-Identifier: Apache-2.0
"""What the guests' slice is held to under a verdict."""

import dataclasses

from nova_desktop import model


@dataclasses.dataclass(frozen=True, slots=True)
class LadderLimits:
    """How much CPU the guests share while one of them leaves.

    A guest that is moved, saved or shut down needs CPU to leave: without
    this a busy owner would starve the very eviction that frees the host.
    """

    leaving_cpus: float = 0.5


def slice_target(
    verdict: model.Verdict,
    leaving: int,
    limits: LadderLimits,
    capacity: model.Capacity,
) -> model.SliceTarget:
    """Turn a verdict into the limits of the guests' slice.

    ``leaving`` is the number of guests on their way out.
    """
    cpus = verdict.cap.cpus
    if leaving > 0:
        # All guests together, however many leave: the owner's loss must not
        # grow with the number of guests.
        share = min(max(cpus, limits.leaving_cpus), float(capacity.cpus))
        return model.SliceTarget(cpus=share, idle=False)
    away = verdict.presence.presence is model.Presence.AWAY
    if away and cpus >= capacity.cpus:
        return model.SliceTarget(cpus=None)
    return model.SliceTarget(cpus=cpus)
