# SPDX-License-Identifier: Apache-2.0
"""What came of one way to leave, and which way is tried next: pure."""

import dataclasses
from collections.abc import Sequence

from nova_desktop import model
from nova_desktop.policy import cost, timely, victims
from nova_desktop.reclaim import nouns, plan

_LIVE = model.ReclaimAction.LIVE_MIGRATE
# The conductor's own event fails where it finds no host at all.
_NO_HOST = 'conductor_'


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one action, and how long it took.

    ``unheard`` means that the cloud never took it: nothing is known against
    the action itself. ``let_down`` means that a host had agreed to take the
    server and then did not.
    """

    action: str
    left: bool
    reason: str
    took_s: float
    unheard: bool = False
    let_down: bool = False


def was_let_down(action: model.ReclaimAction, events: str) -> bool:
    """Say whether a live migration failed after a host was found.

    ``events`` are those that failed, as Nova tells them, of a migration that
    was rolled back.
    """
    return action is _LIVE and _NO_HOST not in events


def following(
    server: nouns.Server,
    attempts: Sequence[Attempt],
    left_s: float,
    now_unix_s: float,
    settings: nouns.Settings,
) -> timely.Choice:
    """Choose what to try after those attempts, with so many seconds left."""
    tried = {attempt.action for attempt in attempts}
    allowed = victims.actions_allowed(server.vm_state, server.tolerance)
    left = [each for each in allowed if each.value not in tried]
    guest = plan.candidate(server, now_unix_s, settings)
    rates = plan.rates(settings)
    choice = timely.choose(guest, left, left_s, rates)
    loses = choice.action is not None and cost.loses_work(choice.action)
    if loses and _once_more(attempts):
        again = timely.choose(guest, [_LIVE, *left], left_s, rates)
        choice = again if again.action is _LIVE else choice
    # A short silence of the cloud must not cost what may still be saved.
    unheard = any(attempt.unheard for attempt in attempts)
    if choice.action is model.ReclaimAction.DELETE and unheard:
        return timely.Choice(None)
    return choice


def _once_more(attempts: Sequence[Attempt]) -> bool:
    migrations = [each for each in attempts if each.action == _LIVE.value]
    return len(migrations) == 1 and attempts[-1].let_down
