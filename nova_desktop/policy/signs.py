# SPDX-License-Identifier: Apache-2.0
"""What tells that a person is there, each sign for its time."""

from nova_desktop import model
from nova_desktop.model import Presence
from nova_desktop.policy.thresholds import (
    HELPERS,
    INPUT,
    SESSIONS,
    TERMINALS,
    PresenceLimits,
)

# A login may hear of an event a moment before the device is read.
_SAME_EVENT_S = 1.0


def verdict(
    facts: model.Facts,
    presence: Presence,
    source: str,
    reason: str,
    recheck_s: float | None = None,
    confirmed: bool = True,
) -> model.PresenceVerdict:
    """Make a verdict of now; see model.PresenceVerdict."""
    return model.PresenceVerdict(
        presence=presence,
        source=source,
        reason=reason,
        since_s=facts.now_s,
        confirmed=confirmed,
        recheck_s=recheck_s,
    )


def nobody_unlocked(facts: model.Facts) -> bool:
    """Say whether it is known that no session here is unlocked."""
    return facts.sessions is not None and facts.sessions.unlocked == 0


def _hold_s(facts: model.Facts, limits: PresenceLimits) -> float:
    # Locking is the owner's own word that he leaves: it shortens the hold.
    if nobody_unlocked(facts):
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


def touched(
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
    return verdict(facts, Presence.ACTIVE, source, reason, until_s)


def bumped(
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
    return verdict(facts, Presence.ACTIVE, INPUT, reason, until_s, confirmed)


def _hand(seen: model.InputFacts, limits: PresenceLimits) -> bool:
    return seen.pointer_windows >= limits.pointer_windows_needed


def _was_here(previous: model.PresenceVerdict | None) -> bool:
    # What was unknown may have been the owner, who then goes on moving.
    if previous is None or previous.presence is Presence.UNKNOWN:
        return True
    return previous.presence is Presence.ACTIVE and previous.confirmed


def helped(
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
    return verdict(facts, Presence.ACTIVE, HELPERS, reason, until_s)


def _same_bump(
    facts: model.Facts, seen_s: float, limits: PresenceLimits
) -> bool:
    """Say whether the login saw no more than a bump of the desk's pointer."""
    if facts.input is None or facts.input.last_pointer_s is None:
        return False
    after_s = seen_s - facts.input.last_pointer_s
    near = -_SAME_EVENT_S <= after_s <= limits.bump_hold_s
    return near and not _hand(facts.input, limits)


def watching(
    facts: model.Facts, limits: PresenceLimits
) -> model.PresenceVerdict | None:
    """See an owner who is there without touching anything."""
    if facts.helpers is not None and facts.helpers.inhibited:
        reason = 'a login keeps its screen from idling'
        return verdict(facts, Presence.ACTIVE, HELPERS, reason)
    if facts.sessions is None:
        return None
    if facts.sessions.inhibitors:
        names = ', '.join(facts.sessions.inhibitors)
        reason = f'idling is inhibited by {names}'
        return verdict(facts, Presence.ACTIVE, SESSIONS, reason)
    if facts.sessions.remote and limits.remote_counts:
        reason = f'{facts.sessions.remote} remote session(s) are open'
        return verdict(facts, Presence.ACTIVE, SESSIONS, reason)
    return None


def quiet_from_s(facts: model.Facts, limits: PresenceLimits) -> float:
    """Give the moment since which nothing was seen of anybody."""
    # Before the start nothing was seen, which is not the same as silence.
    moments_s = [facts.started_s]
    moments_s += [at_s for at_s, _source, _what in _signs(facts, limits)]
    if facts.input is not None and facts.input.last_pointer_s is not None:
        moments_s.append(facts.input.last_pointer_s)
    if facts.helpers is not None and facts.helpers.last_active_s is not None:
        moments_s.append(facts.helpers.last_active_s)
    return max(moments_s)
