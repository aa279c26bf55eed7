# SPDX-License-Identifier: Apache-2.0
"""What it costs that a guest leaves, in seconds."""

import dataclasses

from nova_desktop import model

_MIB_PER_GIB = 1024

_MOVES_MEMORY = frozenset({model.ReclaimAction.LIVE_MIGRATE})
_MOVES_DISK = frozenset(
    {model.ReclaimAction.COLD_MIGRATE, model.ReclaimAction.SHELVE}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """How fast guests leave a host, in MiB per second, above 0."""

    link_mib_per_s: float
    disk_mib_per_s: float


def seconds(
    guest: model.Candidate, action: model.ReclaimAction, rates: Rates
) -> float:
    """Add the work that is lost to the time that moving takes.

    A live migration moves the memory and loses nothing. Everything else ends
    what runs: the work since the guest's start or its last checkpoint is lost.
    A disk is read and sent at once, at the slower of both rates.
    """
    if action in _MOVES_MEMORY:
        return guest.memory_mib / rates.link_mib_per_s
    if action not in _MOVES_DISK:
        return guest.unsaved_s
    slower = min(rates.link_mib_per_s, rates.disk_mib_per_s)
    return guest.unsaved_s + guest.disk_gib * _MIB_PER_GIB / slower
