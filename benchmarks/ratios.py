# SPDX-License-Identifier: Apache-2.0
"""Loads beside guests compared with the same loads alone; pure."""

import dataclasses
import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence

from benchmarks import figures, methods

Rounds = Sequence[Sequence[float]]
"""The readings of one load under one method, round by round."""
Measured = Mapping[tuple[str, str], Rounds]
"""By load and method."""


def thousandth(values: Sequence[float]) -> float:
    """Give the 99.9th percentile of at least one value."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=1000, method='inclusive')[998]


def _p99(values: Sequence[float]) -> float:
    return figures.percentile(values, 99)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """How the readings of a load become one value of a round.

    ``tails`` are looked at over all rounds together, because one round has
    too few readings for them.
    """

    metric: str
    unit: str
    value: Callable[[Sequence[float]], float]
    more_is_better: bool = False
    tails: tuple[tuple[str, Callable[[Sequence[float]], float]], ...] = ()

    def ratio(self, value: float, alone: float) -> float:
        """Say how many times worse it is; 1 is as good as alone."""
        return alone / value if self.more_is_better else value / alone


KINDS = {
    'wake': Kind(
        'p99', 'ms', _p99, tails=(('p999', thousandth), ('max', max))
    ),
    'batch': Kind('batch', 's', statistics.mean),
    'membw': Kind('membw', 'gb_s', statistics.mean, more_is_better=True),
    'fsync': Kind(
        'fsync_p99',
        'ms',
        _p99,
        tails=(('fsync_p999', thousandth), ('fsync_max', max)),
    ),
}


def pairs(measured: Measured, load: str, method: str) -> list[float]:
    """Give the ratio of each round to the same round alone.

    A method of others may have been left out of the last rounds.
    """
    kind = KINDS[load]
    both = zip(
        measured[load, method],
        measured[load, methods.ALONE],
        strict=method == methods.OURS,
    )
    return [
        kind.ratio(kind.value(beside), kind.value(alone))
        for beside, alone in both
    ]


def metrics(measured: Measured) -> dict[str, float]:
    """Give the medians of the pairs, ours first, then the values."""
    found: dict[str, float] = {}
    names = sorted({method for _load, method in measured}, key=_rank)
    for method, (load, kind) in itertools.product(names, KINDS.items()):
        if method == methods.ALONE:
            continue
        start = '' if method == methods.OURS else f'{method}_'
        ratios = pairs(measured, load, method)
        found[f'{start}{kind.metric}_ratio'] = statistics.median(ratios)
        for name, tail in kind.tails:
            found[f'{start}{name}_ratio'] = kind.ratio(
                tail(_all(measured[load, method])),
                tail(_all(measured[load, methods.ALONE])),
            )
    for method, (load, kind) in itertools.product(names, KINDS.items()):
        rounds = measured[load, method]
        start, end = f'{method}_', f'_{kind.unit}'
        found[f'{start}{kind.metric}{end}'] = _median(kind, rounds)
        for name, tail in kind.tails:
            found[f'{start}{name}{end}'] = tail(_all(rounds))
    return {name: round(value, 4) for name, value in found.items()}


def samples(measured: Measured) -> dict[str, list[float]]:
    """Give the value of each round, and each ratio."""
    found: dict[str, list[float]] = {}
    for (load, method), rounds in measured.items():
        kind = KINDS[load]
        name = f'{method}_{kind.metric}'
        values = [round(kind.value(each), 4) for each in rounds]
        found[f'{name}_{kind.unit}'] = values
        found[f'{method}_{load}_readings_count'] = [
            float(len(each)) for each in rounds
        ]
        if method != methods.ALONE:
            ratios = pairs(measured, load, method)
            found[f'{name}_ratio'] = [round(each, 4) for each in ratios]
    return found


def side_by_side(measured: Measured) -> list[str]:
    """Lay it out with a column for each method and the spread of pairs."""
    names = sorted({method for _load, method in measured}, key=_rank)
    rows = [['', *names]]
    for load, kind in KINDS.items():
        values = [_median(kind, measured[load, name]) for name in names]
        unit = kind.unit.replace('_', '/')
        rows.append([f'{kind.metric} {unit}', *(f'{v:.3f}' for v in values)])
        for tail_name, tail in kind.tails:
            ends = [tail(_all(measured[load, name])) for name in names]
            rows.append([f'{tail_name} {unit}', *(f'{v:.3f}' for v in ends)])
        spreads = [
            '' if name == methods.ALONE else _spread(measured, load, name)
            for name in names
        ]
        rows.append([f'{kind.metric} ratio', *spreads])
    return [
        f'{row[0]:16}' + ''.join(f'{cell:>21}' for cell in row[1:])
        for row in rows
    ]


def _spread(measured: Measured, load: str, method: str) -> str:
    ratios = pairs(measured, load, method)
    middle = statistics.median(ratios)
    return f'{middle:.2f} ({min(ratios):.2f}-{max(ratios):.2f})'


def _median(kind: Kind, rounds: Rounds) -> float:
    return statistics.median(map(kind.value, rounds))


def _all(rounds: Rounds) -> list[float]:
    return list(itertools.chain.from_iterable(rounds))


def _rank(method: str) -> tuple[int, str]:
    first = (methods.OURS, methods.ALONE)
    known = method in first
    return (first.index(method) if known else len(first), method)
