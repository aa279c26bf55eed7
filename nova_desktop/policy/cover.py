# SPDX-License-Identifier: Apache-2.0
"""The least loss for which enough can be had: a knapsack, in whole numbers.

What looks cheapest per size is taken first. From there the search goes on to
both sides, over what was taken last and what would have come next, because the
best choice differs from the cheap one around that point. A state is dropped
when another frees as much for no more, or when nothing that may still come can
make it better than the best choice known.
"""

import dataclasses
import itertools
import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

WIDE = 8192
"""States that are looked at before only the nearest go on.

All that up to 12 items can have are 8190: as many are always exact.
"""
NARROW = 32
"""States that go on then, so that the time is bounded."""

_State = tuple[int, int, Any]
"""What is still needed, the weight, and a chain of items put in or out."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cover:
    """What to take, its loss, and what any choice loses at least.

    Where both are the same it is proved to be the best. They never differ by
    more than what one item loses.
    """

    taken: tuple[int, ...]
    loss: int
    least: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Item:
    """``rank`` orders by loss, then by number; ``weight`` by size as well."""

    index: int
    size: int
    rank: int
    weight: int


class _Search:
    """Look for the best cover; ``base`` separates rank and size in a weight.

    Items are cheapest first; those before ``first`` are in at the beginning.
    The next to be put in is ``right``, the next to be put out ``left``.
    """

    def __init__(self, items: Sequence[_Item], need: int, base: int) -> None:
        self._items = items
        self._base = base
        self._need = rest = need
        self.first = weight = 0
        while rest > items[self.first].size:
            rest -= items[self.first].size
            weight += items[self.first].weight
            self.first += 1
        last = items[self.first]
        self._right, self._left = self.first, self.first - 1
        self._states: list[_State] = [(rest, weight, None)]
        enough = (rest - last.size, weight + last.weight, (self.first, None))
        self.best: _State = enough
        self.missed = self.best[1]
        self._looked = 0

    def run(self) -> None:
        """Search to both ends in turn, as long as anything can get better."""
        after = range(self.first, len(self._items))
        before = range(self.first - 1, -1, -1)
        for pair in itertools.zip_longest(after, before):
            for index in pair:
                if index is not None and self._states:
                    self._widen(index)

    def _widen(self, index: int) -> None:
        """Let each state also have an item put in, or out if it is in."""
        item = self._items[index]
        size, weight = item.size, item.weight
        if index >= self.first:
            self._right = index + 1
        else:
            self._left = index - 1
            size, weight = -size, -weight
        changed = [
            (state[0] - size, state[1] + weight, (index, state[2]))
            for state in self._states
        ]
        kept = self._sieve([*self._states, *changed])
        if self._looked > WIDE and len(kept) > NARROW:
            kept.sort(key=lambda each: (each[0], abs(each[1][0])))
            self.missed = min(self.missed, kept[NARROW][0])
            del kept[NARROW:]
        self._states = [state for _bound, state in kept]

    def _sieve(self, states: list[_State]) -> list[tuple[int, _State]]:
        """Keep what may still become the best, with its bound."""
        states.sort(key=operator.itemgetter(0, 1))
        self._looked += len(states)
        kept = []
        lightest = math.inf
        for state in states:
            if state[1] >= lightest:
                continue
            lightest = state[1]
            if state[0] <= 0 and state[1] < self.best[1]:
                self.best = state
            bound = self._bound(state)
            if bound is not None and bound < self.best[1]:
                kept.append((bound, state))
        return kept

    def _bound(self, state: _State) -> int | None:
        """Give what a state weighs at least in the end; None: it has ended.

        Nothing that comes frees for less per size than the next item, nor
        spares more than the last one; and all that is needed is freed.
        """
        index = self._right if state[0] > 0 else self._left
        if not 0 <= index < len(self._items):
            return None
        near = self._items[index]
        more = -(-state[0] * near.rank // near.size)
        return (state[1] // self._base + more) * self._base + self._need


def _flips(chain: Any) -> Iterable[int]:
    while chain is not None:
        yield chain[0]
        chain = chain[1]


def _needed(items: Iterable[_Item], need: int) -> list[_Item]:
    """Leave out what is not needed, the heaviest first."""
    kept = sorted(items, key=operator.attrgetter('weight', 'index'))
    spare = sum(item.size for item in kept) - need
    for item in reversed(kept.copy()):
        if item.size <= spare:
            kept.remove(item)
            spare -= item.size
    return kept


def cheapest(sizes: Sequence[int], losses: Sequence[int], need: int) -> Cover:
    """Choose items whose sizes add up to ``need`` at least, losing least.

    Ties: the fewest, then the least size, and of items that are alike the
    first. ``sizes`` are above 0 and together ``need`` at least; ``losses`` are
    not negative.
    """
    if need <= 0:
        return Cover((), 0, 0)
    unit = math.gcd(*sizes)
    need = -(-need // unit)
    total = sum(sizes) // unit
    ones, base = len(sizes) + 1, total + 1
    items = []
    for index, (size, loss) in enumerate(zip(sizes, losses, strict=True)):
        small, rank = size // unit, loss * ones + 1
        items.append(_Item(index, small, rank, rank * base + small))
    # Two ratios differ by 1 / total ** 2 at least: whole numbers tell.
    items.sort(key=lambda item: item.rank * total**2 // item.size)
    search = _Search(items, need, base)
    search.run()
    taken = set(range(search.first)).symmetric_difference(
        _flips(search.best[2])
    )
    needed = _needed((items[index] for index in taken), need)
    weight = sum(item.weight for item in needed)
    return Cover(
        taken=tuple(sorted(item.index for item in needed)),
        loss=weight // base // ones,
        least=min(weight, search.missed) // base // ones,
    )
