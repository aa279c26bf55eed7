# SPDX-License-Identifier: Apache-2.0
"""How others choose victims on a host, and the best choice, by trying all.

By what their sources say: opie's FilterScheduler, and the strategies of
CERN's aardvark. Memory alone counts here, as it does in this project.
"""

import itertools
import random
from collections.abc import Iterator

from benchmarks.crowded import Guests, loss_s, memory

CHANCE_ATTEMPTS = 5
"""aardvark's default ``max_attempts``."""


def _every_choice(guests: Guests, need_mib: int) -> Iterator[Guests]:
    """Give all choices that free enough, the smallest numbers first."""
    for count in range(len(guests) + 1):
        for some in itertools.combinations(guests, count):
            if memory(list(some)) >= need_mib:
                yield list(some)


def optimum(guests: Guests, need_mib: int) -> tuple[float, int]:
    """Give the least loss in seconds, and the fewest guests, of any choice."""
    every = list(_every_choice(guests, need_mib))
    return min(map(loss_s, every)), min(map(len, every))


def opie(guests: Guests, need_mib: int, rng: random.Random) -> Guests:
    """Take the last of the host's preemptible instances, whatever it frees."""
    return guests[-1:]


def aardvark_chance(
    guests: Guests, need_mib: int, rng: random.Random
) -> Guests:
    """Take guests at random until there is enough, or nobody after five."""
    chosen: Guests = []
    for each in rng.sample(guests, min(CHANCE_ATTEMPTS, len(guests))):
        chosen.append(each)
        if memory(chosen) >= need_mib:
            return chosen
    return []


def aardvark_strict(
    guests: Guests, need_mib: int, rng: random.Random
) -> Guests:
    """Try all for what leaves the least unused; then the fewest, the oldest.

    Nova lists the longest living first, and the first of equals is kept.
    """
    oldest_first = sorted(guests, key=lambda each: -each.unsaved_s)
    return min(_every_choice(oldest_first, need_mib), key=memory)
