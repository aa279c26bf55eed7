# SPDX-License-Identifier: Apache-2.0
"""Whether the owner is at the workstation, and why."""

import dataclasses

from nova_desktop import model
from nova_desktop.model import Presence
from nova_desktop.policy import demand

INPUT = 'input'
SESSIONS = 'sessions'
TERMINALS = 'terminals'
HELPERS = 'helpers'
AGENT = 'agent'


# A login may hear of an event a moment before the device is read.
_SAME_EVENT_S = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class PresenceLimits:
    """The thresholds of presence; seconds, CPUs and shares of time.

    ``active_hold_s``: input keeps the owner active that long.
    ``pointer_windows_needed``: sensing windows with pointer input that tell
    a hand from a bumped desk. ``bump_hold_s``: how long a first pointer event
    that nothing confirms counts. ``away_after_s``: silence that means away
    beside an unlocked session. ``locked_away_after_s``: the same with no
    session or all locked, where it takes the place of ``active_hold_s`` too.
    ``settle_s``: how long after the start nothing seen is not yet silence.
    ``cool_down_s``: the least time between a change and one away from the
    owner. ``demand_cpus``, ``demand_pressure`` (of the CPUs),
    ``demand_io_pressure``, ``demand_memory_pressure``: demand begins here and
    ends at half; ``demand_memory_available``: it begins below this part of
    memory and ends above double. ``required``: sources without which nothing
    is known. ``remote_counts``: a remote session, and what is typed into a
    terminal, is the owner.
    """

    active_hold_s: float = 60.0
    pointer_windows_needed: int = 2
    bump_hold_s: float = 10.0
    away_after_s: float = 900.0
    locked_away_after_s: float = 15.0
    settle_s: float = 60.0
    cool_down_s: float = 10.0
    demand_cpus: float = 2.0
    demand_pressure: float = 0.1
    demand_io_pressure: float = 0.2
    demand_memory_pressure: float = 0.05
    demand_memory_available: float = 0.05
    required: tuple[str, ...] = (INPUT, SESSIONS)
    remote_counts: bool = True


def decide(
    facts: model.Facts,
    limits: PresenceLimits,
    previous: model.PresenceVerdict | None,
) -> model.PresenceVerdict:
    """Judge the facts; towards the owner at once, away from him with holds."""
    found = (
        _unbelievable(facts, limits)
        or _touched(facts, limits)
        or _bumped(facts, limits, previous)
        or _helped(facts, limits)
        or _watching(facts, limits)
        or _quiet(facts, limits)
    )
    found = dataclasses.replace(found, demand=_demand(facts, limits, previous))
    return found if previous is None else _follow(found, previous, limits)


def _verdict(
    facts: model.Facts,
    presence: Presence,
    source: str,
    reason: str,
    recheck_s: float | None = None,
    confirmed: bool = True,
) -> model.PresenceVerdict:
    return model.PresenceVerdict(
        presence=presence,
        source=source,
        reason=reason,
        since_s=facts.now_s,
        confirmed=confirmed,
        recheck_s=recheck_s,
    )


def _unbelievable(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict | None:
    read = {INPUT: facts.input, SESSIONS: facts.sessions}
    for name, health in facts.health.items():
        if not health.ok:
            reason = f'source {name} cannot be believed: {health.reason}'
            return _verdict(facts, Presence.UNKNOWN, name, reason)
    for name in limits.required:
        if name not in facts.health or read.get(name, facts) is None:
            reason = f'source {name} is required and gave no reading'
            return _verdict(facts, Presence.UNKNOWN, name, reason)
    return None


def _nobody_unlocked(facts: model.Facts) -> bool:
    return facts.sessions is not None and facts.sessions.unlocked == 0


def _hold_s(facts: model.Facts, limits: PresenceLimits) -> float:
    # Locking is the owner's own word that he leaves: it shortens the hold.
    if _nobody_unlocked(facts):
        return limits.locked_away_after_s
    return limits.active_hold_s


def _signs(
    facts: model.Facts, limits: PresenceLimits
) -> list[tuple[float, str, str]]:
    """List what only a person does: when, which source saw it, and what."""
    typed_s = facts.terminals.last_input_s if facts.terminals else None
    if not limits.remote_counts:
        # Who types at the desk is seen by the input devices.
        typed_s = None
    found = (
        (
            facts.input.last_key_s if facts.input else None,
            INPUT,
            'a key or button was pressed',
        ),
        (
            facts.sessions.last_sign_s if facts.sessions else None,
            SESSIONS,
            'somebody logged in, unlocked or woke the host',
        ),
        (typed_s, TERMINALS, 'somebody typed into a terminal'),
    )
    return [(at, who, what) for at, who, what in found if at is not None]


def _touched(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict | None:
    """See a sign that only a person gives: a key, or a session unlocked."""
    hold_s = _hold_s(facts, limits)
    signs = _signs(facts, limits)
    if not signs:
        return None
    # Of signs of one moment the first named decides: input.
    latest_s, source, what = max(signs, key=lambda sign: sign[0])
    if facts.now_s >= latest_s + hold_s:
        return None
    reason = f'{what} less than {hold_s:g} s ago'
    until_s = latest_s + hold_s
    return _verdict(facts, Presence.ACTIVE, source, reason, until_s)


def _bumped(
    facts: model.Facts,
    limits: PresenceLimits,
    previous: model.PresenceVerdict | None,
) -> model.PresenceVerdict | None:
    """Tell a hand on the pointer from a bumped desk."""
    if facts.input is None or facts.input.last_pointer_s is None:
        return None
    hold_s = _hold_s(facts, limits)
    confirmed = _hand(facts.input, limits) or _was_here(previous)
    reason = f'the pointer was moved less than {hold_s:g} s ago'
    if not confirmed:
        hold_s = min(hold_s, limits.bump_hold_s)
        reason = (
            f'the pointer moved less than {hold_s:g} s ago, in fewer than '
            f'{limits.pointer_windows_needed} windows: perhaps a bumped desk'
        )
    until_s = facts.input.last_pointer_s + hold_s
    if facts.now_s >= until_s:
        return None
    return _verdict(facts, Presence.ACTIVE, INPUT, reason, until_s, confirmed)


def _hand(seen: model.InputFacts, limits: PresenceLimits) -> bool:
    return seen.pointer_windows >= limits.pointer_windows_needed


def _was_here(previous: model.PresenceVerdict | None) -> bool:
    # What was unknown may have been the owner, who then goes on moving.
    if previous is None or previous.presence is Presence.UNKNOWN:
        return True
    return previous.presence is Presence.ACTIVE and previous.confirmed


def _helped(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict | None:
    """See input that only a login sees, such as that of a remote desktop."""
    if facts.helpers is None or facts.helpers.last_active_s is None:
        return None
    hold_s = _hold_s(facts, limits)
    seen_s = facts.helpers.last_active_s
    if facts.now_s >= seen_s + hold_s or _same_bump(facts, seen_s, limits):
        return None
    reason = f'a login had input less than {hold_s:g} s ago'
    # While it lasts, the helper's next word is what changes it.
    until_s = None if facts.helpers.active else seen_s + hold_s
    return _verdict(facts, Presence.ACTIVE, HELPERS, reason, until_s)


def _same_bump(
    facts: model.Facts, seen_s: float, limits: PresenceLimits
) -> bool:
    """Say whether the login saw no more than a bump of the desk's pointer."""
    if facts.input is None or facts.input.last_pointer_s is None:
        return False
    after_s = seen_s - facts.input.last_pointer_s
    near = -_SAME_EVENT_S <= after_s <= limits.bump_hold_s
    return near and not _hand(facts.input, limits)


def _watching(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict | None:
    """See an owner who is there without touching anything."""
    if facts.helpers is not None and facts.helpers.inhibited:
        reason = 'a login keeps its screen from idling'
        return _verdict(facts, Presence.ACTIVE, HELPERS, reason)
    if facts.sessions is None:
        return None
    if facts.sessions.inhibitors:
        names = ', '.join(facts.sessions.inhibitors)
        reason = f'idling is inhibited by {names}'
        return _verdict(facts, Presence.ACTIVE, SESSIONS, reason)
    if facts.sessions.remote and limits.remote_counts:
        reason = f'{facts.sessions.remote} remote session(s) are open'
        return _verdict(facts, Presence.ACTIVE, SESSIONS, reason)
    return None


def _quiet_from_s(facts: model.Facts, limits: PresenceLimits) -> float:
    # Before the start nothing was seen, which is not the same as silence.
    moments_s = [facts.started_s]
    moments_s += [at_s for at_s, _source, _what in _signs(facts, limits)]
    if facts.input is not None and facts.input.last_pointer_s is not None:
        moments_s.append(facts.input.last_pointer_s)
    if facts.helpers is not None and facts.helpers.last_active_s is not None:
        moments_s.append(facts.helpers.last_active_s)
    return max(moments_s)


def _quiet(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict:
    """Judge silence: away, not yet away, or too early to say."""
    if facts.input is None and not _nobody_unlocked(facts):
        reason = 'no source sees input, and a session may be unlocked'
        return _verdict(facts, Presence.UNKNOWN, INPUT, reason)
    source, limit_s = INPUT, limits.away_after_s
    reason = f'no input for {limit_s:g} s'
    if _nobody_unlocked(facts):
        source, limit_s = SESSIONS, limits.locked_away_after_s
        reason = f'{_who(facts)}, and no input for {limit_s:g} s'
    away_s = _quiet_from_s(facts, limits) + limit_s
    if facts.now_s >= away_s:
        return _verdict(facts, Presence.AWAY, source, reason)
    settled_s = facts.started_s + limits.settle_s
    if facts.now_s < settled_s:
        reason = (
            f'the agent began to watch less than {limits.settle_s:g} s ago'
        )
        return _verdict(
            facts,
            Presence.UNKNOWN,
            AGENT,
            reason,
            min(settled_s, away_s),
            confirmed=False,
        )
    reason = f'no input now, but some within the last {limit_s:g} s'
    return _verdict(facts, Presence.IDLE, source, reason, away_s)


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
        demand.DemandLimits(
            cpus=limits.demand_cpus,
            cpu_pressure=limits.demand_pressure,
            io_pressure=limits.demand_io_pressure,
            memory_pressure=limits.demand_memory_pressure,
            memory_available=limits.demand_memory_available,
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
