# SPDX-License-Identifier: Apache-2.0
"""Which guests must yield, and what may be done with them.

Memory decides. CPU needs no victim: the guests' slice holds all of them to
whatever the owner leaves, at once and reversibly, while memory in use can
only be had back by a guest that leaves.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

from nova_desktop import model
from nova_desktop.policy import cost, cover, timely

_ALIASES = {
    'SHUTOFF': 'STOPPED',
    'VERIFY_RESIZE': 'RESIZED',
    'RESCUE': 'RESCUED',
}
_GONE = frozenset({'SHELVED_OFFLOADED', 'DELETED', 'SOFT-DELETE'})
# Nova keeps these on the host, but they hold none of its memory. A guest in
# ERROR may well run: the owner's memory counts, so it is believed to.
_AT_REST = frozenset({'STOPPED', 'SUSPENDED', 'SHELVED', 'BUILDING'})

_SHELVED_FROM = frozenset({'ACTIVE', 'STOPPED', 'PAUSED', 'SUSPENDED'})
_ALLOWED: dict[model.ReclaimAction, frozenset[str]] = {
    model.ReclaimAction.LIVE_MIGRATE: frozenset({'ACTIVE', 'PAUSED'}),
    model.ReclaimAction.COLD_MIGRATE: frozenset({'ACTIVE', 'STOPPED'}),
    model.ReclaimAction.SUSPEND: frozenset({'ACTIVE'}),
    model.ReclaimAction.SHELVE: _SHELVED_FROM,
    model.ReclaimAction.STOP: frozenset({'ACTIVE', 'ERROR'}),
    # Nova rebuilds nothing elsewhere that lives: it is shelved on the way.
    model.ReclaimAction.REBUILD: _SHELVED_FROM,
}
_DELETE = model.ReclaimAction.DELETE


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """Who must go, why, and how many MiB nobody could be found for.

    ``loss_s`` is what their leaving costs, ``least_s`` what any choice that
    keeps to the priorities costs at least: the two differ where the best was
    not proved.
    """

    victims: tuple[model.Candidate, ...]
    reason: str
    unmet: int = 0
    loss_s: float = 0.0
    least_s: float = 0.0


def _state(state: str) -> str:
    return _ALIASES.get(state.upper(), state.upper())


def holds_memory(state: str) -> bool:
    """Say whether a server in this state uses memory of its host."""
    return _state(state) not in _GONE | _AT_REST


def actions_allowed(
    state: str, tolerance: model.Tolerance
) -> tuple[model.ReclaimAction, ...]:
    """Give the flavor's actions that Nova allows in a state, in its order.

    ``state`` is Nova's vm_state or the API's status, in any case. A resize
    that waits for its tenant's word is confirmed first, and the guest is then
    an active one. One in rescue waits: its tenant is saving it.
    """
    name = _state(state)
    if not tolerance.preemptible or name in _GONE | {'RESCUED'}:
        return ()
    if name == 'RESIZED':
        name = 'ACTIVE'
    return tuple(
        action
        for action in tolerance.actions
        if action is _DELETE or name in _ALLOWED[action]
    )


def _may_go(guest: model.Candidate) -> bool:
    return (
        holds_memory(guest.state)
        and guest.memory_mib > 0
        and bool(actions_allowed(guest.state, guest.tolerance))
    )


def _memory(guests: Iterable[model.Candidate]) -> int:
    return sum(guest.memory_mib for guest in guests)


def _priority(guest: model.Candidate) -> int:
    return guest.tolerance.priority


def _loss_ms(
    guest: model.Candidate, rates: cost.Rates, within_s: float
) -> int:
    """Give what it costs that a guest leaves by what is tried first."""
    allowed = actions_allowed(guest.state, guest.tolerance)
    action = timely.choose(guest, allowed, within_s, rates).action
    return round(1000 * cost.seconds(guest, action or allowed[0], rates))


def _pick(
    guests: Iterable[model.Candidate],
    need_mib: int,
    rates: cost.Rates,
    within_s: float,
) -> tuple[list[model.Candidate], int, int]:
    """Choose by priority; give the guests, their loss and the least in ms.

    The highest first: of each, as little is lost as will do when all below
    it go. Who of those below is not needed then is spared.
    """
    victims: list[model.Candidate] = []
    loss_ms, least_ms = 0, 0
    # Of those alike the youngest go: a migration may fail, and cost the work.
    ordered = sorted(
        guests, key=lambda g: (-_priority(g), g.unsaved_s, g.server_id)
    )
    below = _memory(ordered)
    rest = min(need_mib, below)
    for _, group in itertools.groupby(ordered, _priority):
        same = list(group)
        below -= _memory(same)
        found = cover.cheapest(
            [guest.memory_mib for guest in same],
            [_loss_ms(guest, rates, within_s) for guest in same],
            rest - below,
        )
        chosen = [same[index] for index in found.taken]
        victims = chosen + victims
        loss_ms += found.loss
        least_ms += found.least
        rest -= _memory(chosen)
    return victims, loss_ms, least_ms


def choose(
    candidates: Sequence[model.Candidate],
    keep_cpus: float,
    keep_memory_mib: int,
    rates: cost.Rates,
    within_s: float = math.inf,
) -> Plan:
    """Choose who must go so that no more than ``keep_memory_mib`` stays.

    ``candidates`` are all guests of the host, also those that may not be
    touched; ``within_s`` is the time that each has to leave in, after its
    grace. Lowest priority first, then the least cost, then the fewest, then
    the least memory beyond what is needed, then the least unsaved work.
    ``keep_cpus`` chooses nobody, it is told in the reason only.
    """
    used = _memory(g for g in candidates if holds_memory(g.state))
    need_mib = used - keep_memory_mib
    asked = f'guests use {used} MiB, {keep_memory_mib} MiB may stay'
    if need_mib <= 0:
        return Plan((), f'{asked}: nobody must go')
    able = [g for g in candidates if _may_go(g)]
    victims, loss_ms, least_ms = _pick(able, need_mib, rates, within_s)
    freed = _memory(victims)
    unmet = max(0, need_mib - freed)
    reason = (
        f'{asked} (and {keep_cpus:g} CPUs, by throttling): {len(victims)} '
        f'go and free {freed} MiB, at a cost of {loss_ms / 1000:.0f} s'
    )
    if loss_ms > least_ms:
        reason += f' (the least may be {least_ms / 1000:.0f} s)'
    if unmet:
        reason += f'; {unmet} MiB are held by guests that may not be touched'
    return Plan(tuple(victims), reason, unmet, loss_ms / 1000, least_ms / 1000)
