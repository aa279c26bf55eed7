# SPDX-License-Identifier: Apache-2.0
"""What it costs that a guest leaves, in seconds."""

import dataclasses

from nova_desktop import model

_MIB_PER_GIB = 1024

_MOVES_DISK = frozenset(
    {
        model.ReclaimAction.COLD_MIGRATE,
        model.ReclaimAction.SHELVE,
        model.ReclaimAction.REBUILD,
    }
)
_KEEPS_WORK = frozenset(
    {model.ReclaimAction.LIVE_MIGRATE, model.ReclaimAction.SUSPEND}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """How fast guests leave a host, in MiB per second, above 0."""

    link_mib_per_s: float
    disk_mib_per_s: float


def loses_work(action: model.ReclaimAction) -> bool:
    """Say whether an action ends what runs in the guest."""
    return action not in _KEEPS_WORK


def moving_s(
    guest: model.Candidate, action: model.ReclaimAction, rates: Rates
) -> float:
    """Estimate how long an action takes: bytes by rate.

    A live migration sends the memory, a suspend writes it. A disk is read
    and sent at once, at the slower of both rates. Ending a guest moves
    nothing.
    """
    if action is model.ReclaimAction.LIVE_MIGRATE:
        return guest.memory_mib / rates.link_mib_per_s
    if action is model.ReclaimAction.SUSPEND:
        return guest.memory_mib / rates.disk_mib_per_s
    if action not in _MOVES_DISK:
        return 0.0
    slower = min(rates.link_mib_per_s, rates.disk_mib_per_s)
    return guest.disk_gib * _MIB_PER_GIB / slower


def seconds(
    guest: model.Candidate, action: model.ReclaimAction, rates: Rates
) -> float:
    """Add the work that is lost to the time that moving takes.

    What ends the guest loses its work since its start or last checkpoint.
    """
    lost_s = guest.unsaved_s if loses_work(action) else 0.0
    return lost_s + moving_s(guest, action, rates)
