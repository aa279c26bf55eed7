# SPDX-License-Identifier: Apache-2.0
"""How much guests may use under a presence, and when they must go."""

import dataclasses

from nova_desktop import model
from nova_desktop.model import Presence

_NO_RULES = model.Rules()


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """What is lent: parts (0 to 1) of the host, and whether to admit."""

    cpu: float
    memory: float
    admit: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class CapShares:
    """What is lent under each presence."""

    away: Share = Share(cpu=1.0, memory=0.9, admit=True)
    idle: Share = Share(cpu=0.5, memory=0.5)
    active: Share = Share(cpu=0.01, memory=0.25)
    unknown: Share = Share(cpu=0.01, memory=0.25)


@dataclasses.dataclass(frozen=True, slots=True)
class CapLimits:
    """How long a presence must last before it has these consequences.

    ``reclaim_after_s`` until guests above the cap must go;
    ``give_back_hold_s`` until more is lent again.
    """

    reclaim_after_s: float = 30.0
    give_back_hold_s: float = 15.0


def decide(
    presence: model.PresenceVerdict,
    shares: CapShares,
    capacity: model.Capacity,
    limits: CapLimits,
    now_s: float,
    previous: model.Verdict | None,
    rules: model.Rules = _NO_RULES,
) -> model.Verdict:
    """Set the cap for a presence: taking is at once, giving back waits.

    ``rules`` narrow what presence allows; the owner's own lending stands in
    the place of presence, save for taking guests while nothing is known.
    """
    allowed = _allowed(presence, shares, capacity, previous, rules)
    wanted = _bounded(allowed, rules, capacity)
    before, tightened_s = _before(presence, shares, capacity, previous)
    taken = _less(wanted, before)
    if taken != before:
        tightened_s = now_s
    give_s = max(presence.since_s, tightened_s) + limits.give_back_hold_s
    waiting = wanted != taken and now_s < give_s
    cap = taken if waiting else wanted
    asked = any(
        bound.reclaim
        and _part(bound, capacity).memory_mib < allowed.memory_mib
        for bound in rules.bounds
    )
    binding_s = _binding_s(asked, now_s, previous)
    reclaim_s = _reclaim_s(presence, limits, rules, binding_s)
    due = now_s >= reclaim_s if reclaim_s is not None else False
    return model.Verdict(
        presence=presence,
        cap=cap,
        reclaim_due=due,
        reason=_reason(presence, cap, capacity, due, waiting, rules),
        recheck_s=_soonest(
            presence.recheck_s,
            rules.recheck_s,
            give_s if waiting else None,
            None if due else reclaim_s,
        ),
        tightened_s=tightened_s,
        bound_since_s=binding_s,
        yielding=not rules.lend
        and (presence.presence.owner_may_be_here or presence.demand),
    )


def whole_mib(shares: CapShares, capacity: model.Capacity) -> int:
    """Give the memory in MiB that is lent while nothing narrows it."""
    return _cap(shares.away, capacity).memory_mib


def _bounded(
    allowed: model.Cap, rules: model.Rules, capacity: model.Capacity
) -> model.Cap:
    for bound in rules.bounds:
        allowed = _less(allowed, _part(bound, capacity))
    return allowed


def _part(bound: model.Bound, capacity: model.Capacity) -> model.Cap:
    return _cap(Share(bound.cpu, bound.memory, bound.admit), capacity)


def _allowed(
    presence: model.PresenceVerdict,
    shares: CapShares,
    capacity: model.Capacity,
    previous: model.Verdict | None,
    rules: model.Rules,
) -> model.Cap:
    """Say what presence allows, or the owner in its place."""
    if rules.lend:
        known = presence.presence is not Presence.UNKNOWN
        share = dataclasses.replace(shares.away, admit=known)
        return _cap(share, capacity)
    cap = _cap(_share(shares, presence.presence), capacity)
    if presence.demand:
        step = _share(shares, _STRICTER[presence.presence])
        cpus = min(cap.cpus, _cap(step, capacity).cpus)
        cap = model.Cap(cpus=cpus, memory_mib=cap.memory_mib, admit=False)
    if presence.presence is Presence.UNKNOWN or not presence.confirmed:
        cap = dataclasses.replace(cap, admit=False)
    if presence.confirmed or previous is None:
        return cap
    # Memory comes back slowly and at the guests' cost: not for a first sign.
    memory_mib = min(previous.cap.memory_mib, capacity.memory_mib)
    return dataclasses.replace(cap, memory_mib=memory_mib)


_STRICTER = {
    Presence.AWAY: Presence.IDLE,
    Presence.IDLE: Presence.ACTIVE,
    Presence.ACTIVE: Presence.ACTIVE,
    Presence.UNKNOWN: Presence.UNKNOWN,
}
"""The presence whose CPU share holds while the owner's tasks wait."""


def _share(shares: CapShares, presence: Presence) -> Share:
    return {
        Presence.AWAY: shares.away,
        Presence.IDLE: shares.idle,
        Presence.ACTIVE: shares.active,
        Presence.UNKNOWN: shares.unknown,
    }[presence]


def _cap(share: Share, capacity: model.Capacity) -> model.Cap:
    return model.Cap(
        cpus=round(share.cpu * capacity.cpus, 3),
        memory_mib=int(share.memory * capacity.memory_mib),
        admit=share.admit,
    )


def _before(
    presence: model.PresenceVerdict,
    shares: CapShares,
    capacity: model.Capacity,
    previous: model.Verdict | None,
) -> tuple[model.Cap, float]:
    """Return the cap that holds and since when it waits to give back."""
    if previous is None:
        # Nothing is known of before: start as if the owner were unknown.
        start = _cap(shares.unknown, capacity)
        return dataclasses.replace(start, admit=False), presence.since_s
    if previous.tightened_s is None:
        return previous.cap, presence.since_s
    return previous.cap, previous.tightened_s


def _less(one: model.Cap, other: model.Cap) -> model.Cap:
    return model.Cap(
        cpus=min(one.cpus, other.cpus),
        memory_mib=min(one.memory_mib, other.memory_mib),
        admit=one.admit and other.admit,
    )


def _binding_s(
    asked: bool, now_s: float, previous: model.Verdict | None
) -> float | None:
    """Say since when a bound asks guests to leave; None if none does.

    One that leaves more than presence does asks nobody: guests above what
    presence alone would let them keep are held only.
    """
    if not asked:
        return None
    if previous is None or previous.bound_since_s is None:
        return now_s
    return previous.bound_since_s


def _reclaim_s(
    presence: model.PresenceVerdict,
    limits: CapLimits,
    rules: model.Rules,
    binding_s: float | None,
) -> float | None:
    here = presence.presence.owner_may_be_here and presence.confirmed
    return _soonest(
        presence.since_s + limits.reclaim_after_s
        if here and not rules.lend
        else None,
        None if binding_s is None else binding_s + limits.reclaim_after_s,
    )


def _soonest(*moments_s: float | None) -> float | None:
    return min((at for at in moments_s if at is not None), default=None)


def _reason(
    presence: model.PresenceVerdict,
    cap: model.Cap,
    capacity: model.Capacity,
    due: bool,
    waiting: bool,
    rules: model.Rules,
) -> str:
    # No figure here grows with the clock: an unchanged verdict must read
    # the same, or each look at it would count as a change.
    parts = [
        presence.reason,
        f'guests may use {cap.cpus:g} of {capacity.cpus} CPUs and '
        f'{cap.memory_mib} of {capacity.memory_mib} MiB',
        f'new guests are {"admitted" if cap.admit else "refused"}',
    ]
    parts[1:1] = [each for each in (rules.lend,) if each]
    parts[1:1] = [bound.reason for bound in rules.bounds]
    if presence.demand:
        parts.insert(1, "the owner's own tasks need the CPUs")
    if waiting:
        parts.append('more is given back once this has held')
    if due:
        parts.append('guests above that must leave')
    return '; '.join(parts)
