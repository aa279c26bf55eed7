# SPDX-License-Identifier: Apache-2.0
"""How long a guest takes to leave beside a busy owner."""

import argparse
import random
import statistics
import sys

from benchmarks import leaving_site, leaving_watch, result

_ACTION = 'live-migrate'
_OWNERS: dict[str, str] = {
    'quiet': '',
    'working': f'work {leaving_site.CORES}',
    'busy': f'work {leaving_site.CORES} 900 10',
}
"""What owners do: nothing, 3 ms of work each 10 ms on each core, all of it."""

NOTES = (
    'leave_busy_ratio: how much longer the live migration of an idle guest '
    'takes beside an owner who keeps every core busy than beside one who does '
    'nothing, median of the rounds; working: 3 ms each 10 ms on every core',
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    command.add_argument(
        '--rounds',
        type=int,
        default=5,
        metavar='N',
        help='busy: rounds of a quiet, a working and a busy owner (default '
        '%(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure how a guest leaves beside a quiet owner and a busy one."""
    samples: dict[str, list[float]] = {f'{name}_s': [] for name in _OWNERS}
    rng = random.Random()  # noqa: S311
    with leaving_site.Site() as site:
        for number in range(chosen.rounds):
            print(f'round {number + 1}', file=sys.stderr, flush=True)
            for name in rng.sample(list(_OWNERS), len(_OWNERS)):
                samples[f'{name}_s'].append(_leave(site, _OWNERS[name]))
    metrics = {
        f'leave_{name}_s': statistics.median(samples[f'{name}_s'])
        for name in _OWNERS
    }
    for name in ('working', 'busy'):
        pairs = zip(samples[f'{name}_s'], samples['quiet_s'], strict=True)
        metrics[f'leave_{name}_ratio'] = round(
            statistics.median(above / below for above, below in pairs), 3
        )
    return result.Result('busy', metrics, samples, NOTES)


def _leave(site: leaving_site.Site, work: str) -> float:
    """Give the seconds that the guest took, once its grace was over."""
    site.boot(_ACTION, 1)
    watch = leaving_watch.Watch(site.host, released=True)
    site.owner('back')
    if work:
        site.owner(work)
    times = watch.wait()
    if work:
        site.owner('rest')
    site.clear()
    return times.leaving_s
