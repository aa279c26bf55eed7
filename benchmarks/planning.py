# SPDX-License-Identifier: Apache-2.0
"""How fast victims are chosen, and how good the choice is beside others'."""

import argparse
import gc
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

from benchmarks import crowded, figures, result, strategies
from benchmarks.crowded import Guests
from nova_desktop.policy import victims

COUNT = 500
SMALL = (2, 12)
"""Guests of a host on which every choice can be tried: at least, at most."""

NOTES = (
    f'plan_{COUNT}: one choice among {COUNT} guests, from '
    'hosts whose flavors are usual to hosts made to be hard',
    'over least: beyond what was proved that no choice can do better than',
    'the same hosts for each method, of one priority; where a method does '
    'not free enough (short), that host is in no other figure of it',
    'others delete at once: their victims are counted as losing no more than '
    'by the action that their flavor asks for',
)

Choose = Callable[[Guests, int, random.Random], Guests]


def ours(guests: Guests, need_mib: int, rng: random.Random) -> Guests:
    """Choose as the reclaim service does."""
    keep_mib = crowded.memory(guests) - need_mib
    return list(victims.choose(guests, 0.0, keep_mib, crowded.RATES).victims)


METHODS: dict[str, Choose] = {
    'plan': ours,
    'opie': strategies.opie,
    'aardvark_chance': strategies.aardvark_chance,
    'aardvark_strict': strategies.aardvark_strict,
}


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    command.add_argument(
        '--plans',
        type=int,
        default=200,
        metavar='N',
        help=f'choices among {COUNT} guests, of each kind of host '
        '(default %(default)s)',
    )
    command.add_argument(
        '--cases',
        type=int,
        default=2000,
        metavar='N',
        help='small hosts on which the methods are compared '
        '(default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure the choice of victims: its time, and its quality."""
    samples: dict[str, list[float]] = defaultdict(list)
    # As the service does once it has started.
    gc.collect()
    gc.freeze()
    for kind in crowded.KINDS:
        _time(kind, max(1, chosen.plans), samples)
    _compare(max(1, chosen.cases), samples)
    found = metrics(samples)
    table = side_by_side(found)
    return result.Result('planning', found, samples, (*NOTES, *table))


def _time(kind: str, plans: int, samples: dict[str, list[float]]) -> None:
    rng = random.Random(kind)  # noqa: S311 - the same hosts each time
    for turn in range(plans + 1):
        guests = crowded.KINDS[kind](rng, COUNT)
        keep_mib = int(rng.uniform(0.02, 0.98) * crowded.memory(guests))
        begin_s, begin_cpu_s = time.perf_counter(), time.thread_time()
        plan = victims.choose(guests, 0.0, keep_mib, crowded.RATES)
        cpu_s = time.thread_time() - begin_cpu_s
        took_s = time.perf_counter() - begin_s
        if turn == 0:
            continue
        over = 100 * (plan.loss_s / plan.least_s - 1)
        samples[f'plan_{COUNT}_{kind}_ms'].append(figures.milliseconds(took_s))
        samples[f'plan_{COUNT}_cpu_ms'].append(figures.milliseconds(cpu_s))
        samples[f'over_least_{kind}_percent'].append(round(over, 6))


def _compare(cases: int, samples: dict[str, list[float]]) -> None:
    rng = random.Random(cases)  # noqa: S311 - the same hosts each time
    for _ in range(cases):
        guests = crowded.mixed(rng, rng.randint(*SMALL))
        need_mib = rng.randint(1, crowded.memory(guests))
        least_s, fewest = strategies.optimum(guests, need_mib)
        for name, choose in METHODS.items():
            taken = choose(guests, need_mib, rng)
            spare_mib = crowded.memory(taken) - need_mib
            samples[f'{name}_short'].append(float(spare_mib < 0))
            if spare_mib < 0:
                continue
            samples[f'{name}_cost_s'].append(crowded.loss_s(taken))
            samples[f'{name}_optimum_s'].append(least_s)
            samples[f'{name}_guests_over_fewest'].append(
                float(len(taken) - fewest)
            )
            samples[f'{name}_beyond_need_mib'].append(float(spare_mib))


def metrics(samples: dict[str, list[float]]) -> dict[str, float]:
    """Give the times over all hosts and of each kind, then each method."""
    kinds = tuple(crowded.KINDS)
    times = [f'plan_{COUNT}_{kind}' for kind in kinds]
    every = [each for name in times for each in samples[f'{name}_ms']]
    overs = [samples[f'over_least_{kind}_percent'] for kind in kinds]
    whole = result.spread(f'plan_{COUNT}', every)
    found = {f'plan_{COUNT}_ms': whole[f'plan_{COUNT}_p99_ms']} | whole
    found |= result.spread(
        f'plan_{COUNT}_cpu', samples[f'plan_{COUNT}_cpu_ms']
    )
    for name in times:
        found |= result.spread(name, samples[f'{name}_ms'])
    for kind, over in zip(kinds, overs, strict=True):
        proved = sum(each == 0 for each in over) / len(over)
        found[f'plan_{COUNT}_{kind}_proved_percent'] = round(100 * proved, 1)
        found[f'plan_{COUNT}_{kind}_over_least_worst_percent'] = max(over)
    for name in METHODS:
        found |= _quality(name, samples)
    return found


def _quality(name: str, samples: dict[str, list[float]]) -> dict[str, float]:
    short = statistics.mean(samples[f'{name}_short'])
    found = {f'{name}_short_percent': 100 * short}
    costs = samples[f'{name}_cost_s']
    least = samples[f'{name}_optimum_s']
    if costs:
        over = [
            100 * (cost / best - 1)
            for cost, best in zip(costs, least, strict=True)
        ]
        start = f'{name}_cost_over_optimum'
        found |= {
            f'{start}_percent': statistics.mean(over),
            f'{start}_median_percent': statistics.median(over),
            f'{start}_worst_percent': max(over),
            f'{start}_total_percent': 100 * (sum(costs) / sum(least) - 1),
        }
        for each in ('guests_over_fewest', 'beyond_need_mib'):
            found[f'{name}_{each}'] = statistics.mean(
                samples[f'{name}_{each}']
            )
    return {key: round(value, 3) for key, value in found.items()}


def side_by_side(found: dict[str, float]) -> list[str]:
    """Lay the methods out with a column for each."""
    rows = [
        ('short_percent', 'does not free enough, %'),
        ('cost_over_optimum_percent', 'cost over optimum, mean %'),
        ('cost_over_optimum_median_percent', '  median %'),
        ('cost_over_optimum_worst_percent', '  worst %'),
        ('cost_over_optimum_total_percent', '  of all hosts together %'),
        ('guests_over_fewest', 'guests over the fewest, mean'),
        ('beyond_need_mib', 'MiB beyond need, mean'),
    ]
    lines = [' ' * 30 + ''.join(f'{name:>17}' for name in METHODS)]
    for key, words in rows:
        cells = (found.get(f'{name}_{key}') for name in METHODS)
        lines.append(
            f'{words:30}'
            + ''.join(
                f'{"-" if cell is None else format(cell, ".2f"):>17}'
                for cell in cells
            )
        )
    return lines
