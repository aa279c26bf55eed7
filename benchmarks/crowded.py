# SPDX-License-Identifier: Apache-2.0
"""Hosts full of guests, made up the same way each time."""

import random
import uuid
from collections.abc import Callable

from nova_desktop import model
from nova_desktop.policy import cost

RATES = cost.Rates(link_mib_per_s=100, disk_mib_per_s=200)
"""As the options are by default."""

FLAVORS = ((512, 5), (1024, 10), (2048, 20), (4096, 20), (8192, 40))
"""Memory in MiB and disk in GiB."""
ACTIONS = (
    model.ReclaimAction.LIVE_MIGRATE,
    model.ReclaimAction.SHELVE,
    model.ReclaimAction.STOP,
)
_LIVE = model.ReclaimAction.LIVE_MIGRATE
_MEAN_AGE_S = 7200.0

Guests = list[model.Candidate]


def guest(
    rng: random.Random,
    memory_mib: int,
    disk_gib: int,
    action: model.ReclaimAction,
    priority: int = 0,
    age_s: float | None = None,
) -> model.Candidate:
    """Make one guest; its age is as of a steady coming and going."""
    return model.Candidate(
        server_id=str(uuid.UUID(int=rng.getrandbits(128))),
        tolerance=model.Tolerance(True, priority, (action,)),
        vcpus=1,
        memory_mib=memory_mib,
        unsaved_s=rng.expovariate(1 / _MEAN_AGE_S) if age_s is None else age_s,
        disk_gib=disk_gib,
    )


def mixed(rng: random.Random, count: int, priorities: int = 1) -> Guests:
    """Make guests of usual flavors, which leave in different ways."""
    return [
        guest(
            rng,
            *rng.choice(FLAVORS),
            rng.choice(ACTIONS),
            rng.randrange(priorities),
        )
        for _ in range(count)
    ]


def _movable(rng: random.Random, count: int) -> Guests:
    return [guest(rng, *rng.choice(FLAVORS), _LIVE) for _ in range(count)]


def _any_size(rng: random.Random, count: int) -> Guests:
    return [
        guest(rng, rng.randint(300, 16384), 1, _LIVE) for _ in range(count)
    ]


def _alike(rng: random.Random, count: int) -> Guests:
    """Make guests that lose the same, however large they are."""
    shelve = model.ReclaimAction.SHELVE
    return [
        guest(rng, rng.randint(300, 16384), 10, shelve, age_s=600.0)
        for _ in range(count)
    ]


KINDS: dict[str, Callable[[random.Random, int], Guests]] = {
    'mixed': mixed,
    'priorities': lambda rng, count: mixed(rng, count, priorities=3),
    'movable': _movable,
    'any_size': _any_size,
    'alike': _alike,
}
"""From what is usual to what is hard: sizes that have nothing in common."""


def memory(guests: Guests) -> int:
    """Add up the memory of guests in MiB."""
    return sum(each.memory_mib for each in guests)


def loss_s(guests: Guests) -> float:
    """Add up what it costs that guests leave, by the first of their actions.

    In milliseconds as the planner counts, so that equal is equal.
    """
    return sum(
        round(1000 * cost.seconds(each, each.tolerance.actions[0], RATES))
        / 1000
        for each in guests
    )
