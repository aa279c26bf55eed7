# SPDX-License-Identifier: Apache-2.0
"""Which guests must yield, and what may be done with them.

Memory decides. CPU needs no victim: the guests' slice holds all of them to
whatever the owner leaves, at once and reversibly, while memory in use can
only be had back by a guest that leaves.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from nova_desktop import model

EXACT = 12
"""Up to this many guests of one priority the best choice is found."""

_ALIASES = {
    'SHUTOFF': 'STOPPED',
    'VERIFY_RESIZE': 'RESIZED',
    'RESCUE': 'RESCUED',
}
_GONE = frozenset({'SHELVED_OFFLOADED', 'DELETED', 'SOFT-DELETE'})
# Nova keeps these on the host, but they hold none of its memory. A guest in
# ERROR may well run: the owner's memory counts, so it is believed to.
_AT_REST = frozenset({'STOPPED', 'SUSPENDED', 'SHELVED', 'BUILDING'})

_ALLOWED: dict[model.ReclaimAction, frozenset[str]] = {
    model.ReclaimAction.LIVE_MIGRATE: frozenset({'ACTIVE', 'PAUSED'}),
    model.ReclaimAction.COLD_MIGRATE: frozenset({'ACTIVE', 'STOPPED'}),
    model.ReclaimAction.SHELVE: frozenset(
        {'ACTIVE', 'STOPPED', 'PAUSED', 'SUSPENDED'}
    ),
    model.ReclaimAction.STOP: frozenset({'ACTIVE', 'ERROR'}),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Who must go, why, and how many MiB nobody could be found for."""

    victims: tuple[model.Candidate, ...]
    reason: str
    unmet: int = 0


def _state(state: str) -> str:
    return _ALIASES.get(state.upper(), state.upper())


def holds_memory(state: str) -> bool:
    """Say whether a server in this state uses memory of its host."""
    return _state(state) not in _GONE | _AT_REST


def actions_allowed(
    state: str, tolerance: model.Tolerance
) -> tuple[model.ReclaimAction, ...]:
    """Give the flavor's actions that Nova allows in a state, in its order.

    ``state`` is Nova's vm_state or the API's status, in any case.
    """
    name = _state(state)
    if not tolerance.preemptible or name in _GONE:
        return ()
    return tuple(
        action
        for action in tolerance.actions
        if action is model.ReclaimAction.DELETE or name in _ALLOWED[action]
    )


def _may_go(guest: model.Candidate) -> bool:
    return (
        holds_memory(guest.state)
        and guest.memory_mib > 0
        and bool(actions_allowed(guest.state, guest.tolerance))
    )


def _memory(guests: Iterable[model.Candidate]) -> int:
    return sum(guest.memory_mib for guest in guests)


def _best_subset(
    guests: Sequence[model.Candidate], need_mib: int
) -> tuple[model.Candidate, ...]:
    """Find the subset that frees enough with the least loss, by trying all.

    The subset of each bit mask is its highest bit's guest and a smaller mask,
    so each costs one addition. Ties: fewest guests, then least memory.
    """
    totals: list[tuple[float, int, int]] = [(0.0, 0, 0)]
    best, best_mask = None, 0
    for guest in guests:
        for loss, count, freed in tuple(totals):
            total = (
                loss + guest.age_s,
                count + 1,
                freed + guest.memory_mib,
            )
            totals.append(total)
            if total[2] >= need_mib and (best is None or total < best):
                best, best_mask = total, len(totals) - 1
    return tuple(
        guest for bit, guest in enumerate(guests) if best_mask >> bit & 1
    )


def _cheapest(
    guests: Sequence[model.Candidate], need_mib: int
) -> tuple[model.Candidate, ...]:
    """Choose among guests of one priority that together free enough.

    With many guests those cheapest per MiB are taken up to just before the
    need is met, and the best choice is found among the ones around that
    point: it is there that the best answer differs from the cheap one.
    """
    ordered = sorted(
        guests, key=lambda g: (g.age_s / g.memory_mib, g.age_s, g.server_id)
    )
    freed = list(itertools.accumulate(g.memory_mib for g in ordered))
    crossing = next(i for i, total in enumerate(freed) if total >= need_mib)
    start = max(0, min(crossing - EXACT // 2, len(ordered) - EXACT))
    taken = ordered[:start]
    rest = need_mib - _memory(taken)
    core = (*taken, *_best_subset(ordered[start : start + EXACT], rest))
    alone = min(
        (g for g in ordered if g.memory_mib >= need_mib),
        key=lambda g: (g.age_s, g.memory_mib, g.server_id),
        default=None,
    )
    if alone and (alone.age_s, 1) < (sum(g.age_s for g in core), len(core)):
        return (alone,)
    return core


def _without_needless(
    victims: Iterable[model.Candidate], need_mib: int
) -> tuple[model.Candidate, ...]:
    """Spare whoever is not needed, the most important and oldest first."""
    kept = sorted(
        victims, key=lambda g: (g.tolerance.priority, g.age_s, g.server_id)
    )
    spare = _memory(kept) - need_mib
    for guest in reversed(kept.copy()):
        if guest.memory_mib <= spare:
            kept.remove(guest)
            spare -= guest.memory_mib
    return tuple(kept)


def _pick(
    guests: Sequence[model.Candidate], need_mib: int
) -> tuple[model.Candidate, ...]:
    taken: list[model.Candidate] = []
    rest = need_mib
    for priority in sorted({g.tolerance.priority for g in guests}):
        same = [g for g in guests if g.tolerance.priority == priority]
        if _memory(same) >= rest:
            taken.extend(_cheapest(same, rest))
            break
        taken.extend(same)
        rest -= _memory(same)
    return _without_needless(taken, min(need_mib, _memory(guests)))


def choose(
    candidates: Sequence[model.Candidate],
    keep_cpus: float,
    keep_memory_mib: int,
) -> Plan:
    """Choose who must go so that no more than ``keep_memory_mib`` stays.

    ``candidates`` are all guests of the host, also those that may not be
    touched. Lowest priority first, then the least work lost (age), then the
    fewest. ``keep_cpus`` chooses nobody, it is told in the reason only.
    """
    used = _memory(g for g in candidates if holds_memory(g.state))
    need_mib = used - keep_memory_mib
    asked = f'guests use {used} MiB, {keep_memory_mib} MiB may stay'
    if need_mib <= 0:
        return Plan((), f'{asked}: nobody must go')
    victims = _pick([g for g in candidates if _may_go(g)], need_mib)
    unmet = max(0, need_mib - _memory(victims))
    reason = (
        f'{asked} (and {keep_cpus:g} CPUs, by throttling): '
        f'{len(victims)} go and free {_memory(victims)} MiB'
    )
    if unmet:
        reason += f'; {unmet} MiB are held by guests that may not be touched'
    return Plan(victims, reason, unmet)
