# SPDX-License-Identifier: Apache-2.0
"""What our filter and weigher add to the selection of a host."""

import argparse
import gc
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator

from benchmarks import many_hosts, result, workstation

HOSTS = (1_000, 10_000)

NOTES = (
    "select_destinations of Nova's own scheduler for one guest, with its "
    'default filters and all of its weighers: stock, and with '
    'DesktopFilter and all of our weighers as well, one after the other',
    "overhead: with Nova's and Placement's real databases (SQLite) and the "
    'real Placement, all in one process; the median of the pairs',
    'alone: compute nodes are read from rows in memory, and candidates are '
    'there at once, so that nothing hides what the scheduler itself does',
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    command.add_argument(
        '--pairs',
        type=int,
        default=9,
        metavar='N',
        help='selections of each kind and number of hosts with database and '
        'Placement (default %(default)s)',
    )
    command.add_argument(
        '--pairs-alone',
        type=int,
        default=21,
        metavar='N',
        help='selections of each kind and number of hosts without them '
        '(default %(default)s)',
    )
    command.add_argument(
        '--hosts',
        type=int,
        nargs='+',
        default=HOSTS,
        metavar='N',
        help='numbers of hosts (default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure the scheduler with ours and without, before many hosts."""
    # Loads Nova's tests, which decide for greenlets in whatever loads them.
    from benchmarks import real_cloud

    samples: dict[str, list[float]] = defaultdict(list)
    for count in chosen.hosts:
        print(f'{count} hosts', file=sys.stderr, flush=True)
        hosts = many_hosts.rows(count)
        with real_cloud.of(hosts):
            for pair in _pairs(chosen.pairs):
                _keep(samples, '', count, pair)
            with many_hosts.alone(hosts):
                for pair in _pairs(chosen.pairs_alone):
                    _keep(samples, 'alone_', count, pair)
    return result.Result('scheduling', metrics(samples), samples, NOTES)


def _pairs(count: int) -> Iterator[dict[str, float]]:
    kinds = {
        'stock': many_hosts.Scheduler(ours=False),
        'ours': many_hosts.Scheduler(ours=True),
    }
    for each in kinds.values():
        if not each.select():
            raise workstation.Unready('the scheduler found no host')
    for _ in range(max(1, count)):
        yield {
            kind: _took_ms(kinds[kind])
            for kind in random.sample(sorted(kinds), len(kinds))
        }


def _keep(
    samples: dict[str, list[float]],
    kind: str,
    count: int,
    took_ms: dict[str, float],
) -> None:
    for name, each_ms in took_ms.items():
        samples[f'{kind}{name}_{count}_ms'].append(round(each_ms, 3))
    more = 100 * (took_ms['ours'] / took_ms['stock'] - 1)
    samples[f'{kind}overhead_percent_{count}'].append(round(more, 3))


def _took_ms(scheduler: many_hosts.Scheduler) -> float:
    # Garbage of the one is not to be the time of the other.
    gc.collect()
    begin_s = time.perf_counter()
    scheduler.select()
    return 1000 * (time.perf_counter() - begin_s)


def metrics(samples: dict[str, list[float]]) -> dict[str, float]:
    """Give the median of each kind of sample."""
    return {
        name: round(statistics.median(values), 3)
        for name, values in sorted(samples.items())
    }
