# SPDX-License-Identifier: Apache-2.0
"""A guest that leaves beside a busy owner, and what its owner feels of it."""

import argparse
import statistics
import sys
import time

from benchmarks import leaving_site, leaving_watch, result

_ALONE_S = 10.0
_ACTION = 'live-migrate'

NOTES = (
    'leave_busy_ratio: how much longer the live migration of an idle guest '
    'takes beside an owner who works on every core than beside one who does '
    'nothing, median of the pairs',
    "owner_p99_ratio: p99 of the owner's jobs (3 ms each 10 ms on each core) "
    'while it leaves, over that without any guest, median of the pairs',
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    command.add_argument(
        '--pairs',
        type=int,
        default=5,
        metavar='N',
        help='busy: pairs of a quiet and a busy owner (default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure how a guest leaves beside a quiet owner and a busy one."""
    samples: dict[str, list[float]] = {
        name: []
        for name in ('quiet_s', 'busy_s', 'alone_p99_ms', 'leaving_p99_ms')
    }
    with leaving_site.Site() as site:
        for pair in range(chosen.pairs):
            print(f'pair {pair + 1}', file=sys.stderr, flush=True)
            samples['alone_p99_ms'].append(_alone(site))
            # In turn, so that what drifts falls on both.
            for busy in (pair % 2 == 0, pair % 2 == 1):
                took_s, p99_ms = _leave(site, busy)
                samples['busy_s' if busy else 'quiet_s'].append(took_s)
                if busy:
                    samples['leaving_p99_ms'].append(p99_ms)
    metrics = {
        'leave_quiet_s': statistics.median(samples['quiet_s']),
        'leave_busy_s': statistics.median(samples['busy_s']),
        'leave_busy_ratio': _ratio(samples['busy_s'], samples['quiet_s']),
        'owner_alone_p99_ms': statistics.median(samples['alone_p99_ms']),
        'owner_leaving_p99_ms': statistics.median(samples['leaving_p99_ms']),
        'owner_p99_ratio': _ratio(
            samples['leaving_p99_ms'], samples['alone_p99_ms']
        ),
    }
    return result.Result(
        'busy',
        {name: round(value, 3) for name, value in metrics.items()},
        samples,
        NOTES,
    )


def _ratio(over: list[float], under: list[float]) -> float:
    pairs = zip(over, under, strict=True)
    return statistics.median(above / below for above, below in pairs)


def _alone(site: leaving_site.Site) -> float:
    """Give the owner's p99 in milliseconds without guests."""
    site.owner('back')
    site.owner(f'work {leaving_site.CORES}')
    time.sleep(_ALONE_S)
    p99_ms = float(site.owner('rest')['p99_ms'])
    site.clear()
    return p99_ms


def _leave(site: leaving_site.Site, busy: bool) -> tuple[float, float]:
    """Give how long the guest took, and the owner's p99 meanwhile, or 0."""
    site.boot(_ACTION, 1)
    watch = leaving_watch.Watch(site.host, released=True)
    site.owner('back')
    p99_ms = 0.0
    if busy:
        site.owner(f'work {leaving_site.CORES}')
    times = watch.wait()
    if busy:
        p99_ms = float(site.owner('rest')['p99_ms'])
    site.clear()
    return times.leaving_s, p99_ms
