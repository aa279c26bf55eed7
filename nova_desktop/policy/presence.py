# SPDX-License-Identifier: Apache-2.0
"""Whether the owner is at the workstation, and why."""

import dataclasses

from nova_desktop import model
from nova_desktop.model import Presence
from nova_desktop.policy import demand, signs
from nova_desktop.policy.thresholds import (
    AGENT,
    INPUT,
    SESSIONS,
    PresenceLimits,
)

__all__ = ['PresenceLimits', 'decide']


def decide(
    facts: model.Facts,
    limits: PresenceLimits,
    previous: model.PresenceVerdict | None,
) -> model.PresenceVerdict:
    """Judge the facts; towards the owner at once, away from him with holds."""
    found = (
        _unbelievable(facts, limits)
        or signs.touched(facts, limits)
        or signs.bumped(facts, limits, previous)
        or signs.helped(facts, limits)
        or signs.watching(facts, limits)
        or _quiet(facts, limits)
    )
    found = dataclasses.replace(found, demand=_demand(facts, limits, previous))
    return found if previous is None else _follow(found, previous, limits)


def _unbelievable(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict | None:
    read = {INPUT: facts.input, SESSIONS: facts.sessions}
    for name, health in facts.health.items():
        if not health.ok:
            reason = f'source {name} cannot be believed: {health.reason}'
            return signs.verdict(facts, Presence.UNKNOWN, name, reason)
    for name in limits.required:
        if name not in facts.health or read.get(name, facts) is None:
            reason = f'source {name} is required and gave no reading'
            return signs.verdict(facts, Presence.UNKNOWN, name, reason)
    return None


def _quiet(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict:
    """Judge silence: away, not yet away, or too early to say."""
    if facts.input is None and not signs.nobody_unlocked(facts):
        reason = 'no source sees input, and a session may be unlocked'
        return signs.verdict(facts, Presence.UNKNOWN, INPUT, reason)
    source, limit_s = INPUT, limits.away_after_s
    reason = f'no input for {limit_s:g} s'
    if signs.nobody_unlocked(facts):
        source, limit_s = SESSIONS, limits.locked_away_after_s
        reason = f'{_who(facts)}, and no input for {limit_s:g} s'
    away_s = signs.quiet_from_s(facts, limits) + limit_s
    if facts.now_s >= away_s:
        return signs.verdict(facts, Presence.AWAY, source, reason)
    settled_s = facts.started_s + limits.settle_s
    if facts.now_s < settled_s:
        reason = (
            f'the agent began to watch less than {limits.settle_s:g} s ago'
        )
        return signs.verdict(
            facts,
            Presence.UNKNOWN,
            AGENT,
            reason,
            min(settled_s, away_s),
            confirmed=False,
        )
    reason = f'no input now, but some within the last {limit_s:g} s'
    return signs.verdict(facts, Presence.IDLE, source, reason, away_s)


def _who(facts: model.Facts) -> str:
    count = facts.sessions.count if facts.sessions else 0
    return f'all of {count} session(s) locked' if count else 'no session'


def _demand(
    facts: model.Facts,
    limits: PresenceLimits,
    previous: model.PresenceVerdict | None,
) -> bool:
    return demand.decide(
        facts.load,
        facts.gpu,
        demand.DemandLimits(
            cpus=limits.demand_cpus,
            cpu_pressure=limits.demand_pressure,
            io_pressure=limits.demand_io_pressure,
            memory_pressure=limits.demand_memory_pressure,
            memory_available=limits.demand_memory_available,
            gpu=limits.demand_gpu,
        ),
        before=previous is not None and previous.demand,
    )


_TOWARDS_OWNER = {
    Presence.AWAY: 0,
    Presence.IDLE: 1,
    Presence.ACTIVE: 2,
    Presence.UNKNOWN: 2,
}


def _follow(
    found: model.PresenceVerdict,
    previous: model.PresenceVerdict,
    limits: PresenceLimits,
) -> model.PresenceVerdict:
    """Join a finding to the verdict before it: cool-down, and since when."""
    rank = _TOWARDS_OWNER[found.presence]
    before = _TOWARDS_OWNER[previous.presence]
    cool_s = previous.since_s + limits.cool_down_s
    if rank < before and found.since_s < cool_s:
        return dataclasses.replace(
            previous, demand=found.demand, recheck_s=cool_s
        )
    if rank == before:
        return dataclasses.replace(found, since_s=previous.since_s)
    return found
