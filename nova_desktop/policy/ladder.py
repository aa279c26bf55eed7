# SPDX-License-Identifier: Apache-2.0
"""What guests are held to under a verdict, rung by rung."""

import dataclasses
import enum
from collections.abc import Collection, Set

from nova_desktop import model
from nova_desktop.policy import comfort, cores, giving

SLEEPING = 'the host prepares for sleep'
"""Why guests are paused until Nova has been asked."""


class Need(enum.Enum):
    """What guests need CPU for, beside an owner."""

    NONE = enum.auto()
    TO_HEAR = enum.auto()
    """To hear that they have to go: of what the owner leaves unused."""
    TO_FREE = enum.auto()
    """To free the host: also where it is the owner's."""


@dataclasses.dataclass(frozen=True, slots=True)
class LadderLimits:
    """What the rungs hold guests to; ``None`` leaves a rung out.

    ``leaving_cpus`` is how much CPU guests share while one of them leaves or
    hears that it has to, or they give memory back to an owner who has little
    left: they need CPU for it, or a busy owner would starve what frees the
    host. The next four are the most that guests do beside an owner, on each
    disk all together and on the network each, per second. ``take_cores``
    leaves guests as few whole cores there as their share needs.
    ``pause_passthrough`` pauses those that were given a device of the host,
    which no limit holds.
    """

    leaving_cpus: float = 0.5
    disk_bytes_per_s: int | None = 20 * 1024**2
    disk_operations_per_s: int | None = 20
    network_kib_per_s: int | None = 1024
    take_cores: bool = True
    balloon: bool = True
    pause_passthrough: bool = True


def hold(
    verdict: model.Verdict,
    leaving: Set[str],
    eased: comfort.Comfort,
    limits: LadderLimits,
    capacity: model.Capacity,
    whole_mib: int,
    gives: bool = False,
    owner_cpus: float | None = None,
    fence: str = '',
    hearing: Set[str] = frozenset(),
) -> model.Hold:
    """Turn a verdict into a target for each rung.

    ``leaving`` has the UUIDs of the guests on their way out, ``hearing`` of
    those that were just told that they have to go. ``whole_mib``
    is the memory lent while nothing narrows it; ``gives`` is whether guests
    get CPU to give it back. ``owner_cpus`` is what the owner's tasks use.
    ``fence`` is why all are paused until Nova has been asked, empty if they
    are not.
    """
    need = _need(bool(leaving) or gives, bool(hearing))
    reasons = (eased.reason, giving.REASON if gives else '')
    memory_mib = verdict.cap.memory_mib
    narrowed_mib = memory_mib if memory_mib < whole_mib else None
    return model.Hold(
        slice=slice_target(verdict, need, limits, capacity, eased, owner_cpus),
        cores=_cores(verdict, limits, capacity),
        disk=_disk(verdict, leaving, eased, limits),
        memory=model.MemoryTarget(
            high_mib=narrowed_mib,
            owner_low_mib=capacity.memory_mib - memory_mib,
        ),
        balloon=model.BalloonTarget(narrowed_mib if limits.balloon else None),
        network=model.NetworkTarget(
            limits.network_kib_per_s if verdict.yielding else None
        ),
        pause=_pause(verdict, leaving | hearing, limits, fence),
        reason='; '.join(filter(None, reasons)),
    )


def _need(frees: bool, hears: bool) -> Need:
    if frees:
        return Need.TO_FREE
    return Need.TO_HEAR if hears else Need.NONE


def slice_target(
    verdict: model.Verdict,
    need: Need,
    limits: LadderLimits,
    capacity: model.Capacity,
    eased: comfort.Comfort = comfort.AT_EASE,
    owner_cpus: float | None = None,
) -> model.SliceTarget:
    """Turn a verdict into the limits of the guests' slice.

    Where the owner leaves them as much unused, the idle class gives guests
    their share and costs him nothing; the normal class takes it from him.
    """
    cpus = verdict.cap.cpus * eased.cpu.part
    if need is not Need.NONE:
        # All guests together, however many leave: the owner's loss must not
        # grow with the number of guests.
        share = min(max(cpus, limits.leaving_cpus), float(capacity.cpus))
        where = _cores(verdict, limits, capacity).cpus
        unused = _unused(where, owner_cpus, capacity)
        if need is Need.TO_HEAR:
            return model.SliceTarget(cpus=max(cpus, min(share, unused)))
        return model.SliceTarget(cpus=share, idle=unused >= share)
    away = verdict.presence.presence is model.Presence.AWAY
    if away and cpus >= capacity.cpus:
        return model.SliceTarget(cpus=None)
    return model.SliceTarget(cpus=cpus)


def _unused(
    where: Collection[int] | None,
    owner_cpus: float | None,
    capacity: model.Capacity,
) -> float:
    """Give what the owner leaves of the CPUs that guests may run on."""
    if owner_cpus is None:
        return 0.0
    count = capacity.cpus if where is None else len(where)
    return count * (1 - owner_cpus / capacity.cpus)


def share_to_pause(capacity: model.Capacity) -> model.SliceTarget:
    """Give what the slice gets while guests are being paused.

    A limit would be used up by the CPUs of the guests, and each QEMU wait
    for its next period before it can stop them.
    """
    return model.SliceTarget(cpus=float(capacity.cpus), idle=False)


def _pause(
    verdict: model.Verdict,
    leaving: Set[str],
    limits: LadderLimits,
    fence: str,
) -> model.PauseTarget:
    if verdict.departing == 'sleep':
        fence = SLEEPING
    if fence:
        # Nobody leaves a host that sleeps, or that the cloud does not see.
        return model.PauseTarget(everybody=True, fence=fence)
    return model.PauseTarget(
        everybody=verdict.cap.cpus == 0,
        passthrough=verdict.yielding
        and verdict.presence.confirmed
        and limits.pause_passthrough,
        spared=frozenset(leaving),
    )


def _cores(
    verdict: model.Verdict, limits: LadderLimits, capacity: model.Capacity
) -> model.CoreTarget:
    here = verdict.presence.presence.owner_may_be_here
    if not (verdict.yielding and here and limits.take_cores):
        # Who is not there, but has tasks that wait, is protected by the idle
        # class, and his tasks may run wherever guests do.
        return model.CoreTarget()
    return model.CoreTarget(cores.left(verdict.cap.cpus, capacity))


def _disk(
    verdict: model.Verdict,
    leaving: Set[str],
    eased: comfort.Comfort,
    limits: LadderLimits,
) -> model.DiskTarget:
    if not verdict.yielding or leaving:
        # A disk that is copied away is the way to get all of it back.
        return model.DiskTarget()
    return model.DiskTarget(
        bytes_per_s=_part(limits.disk_bytes_per_s, eased.disk.part),
        operations_per_s=_part(limits.disk_operations_per_s, eased.disk.part),
    )


def _part(most: int | None, part: float) -> int | None:
    return None if most is None else max(1, round(most * part))
