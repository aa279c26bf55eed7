# SPDX-License-Identifier: Apache-2.0
"""What an owner feels of guests that have CPU to leave, at their worst."""

import argparse
import contextlib
import os
import statistics
import sys
from collections.abc import Iterator

from benchmarks import (
    figures,
    flat_out,
    harvest,
    loads,
    methods,
    owner_impact,
    result,
    workstation,
)

_GUEST = '5f0c3f6e-9f0e-4b42-8f6a-0d2f6e1f9b11'
_LONGEST_S = 600

NOTES = (
    'leaving_owner_p99_ratio: p99 of 3 ms of work each 10 ms on every core, '
    'while stand-ins for guests that are flat out have the leaving share, '
    'over that while they are stopped; median of the pairs',
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    command.add_argument(
        '--share-pairs',
        type=int,
        default=10,
        metavar='N',
        help='share: pairs without guests and with (default %(default)s)',
    )
    command.add_argument(
        '--share-seconds',
        type=float,
        default=5.0,
        metavar='S',
        help='share: time of one measurement (default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure the owner's p99 beside guests that leave, and alone."""
    samples: dict[str, list[float]] = {'alone_p99_ms': [], 'share_p99_ms': []}
    used: list[float] = []
    with workstation.Workstation(owner_impact.SETTINGS) as host:
        owner = loads.Loads(host.dir)
        host.wait_free(harvest.FREE_S)
        busy = flat_out.FlatOut(host, owner.program, os.cpu_count() or 1)
        meter = harvest.Meter(host)
        with methods.Owner(host) as typist:
            ways = methods.Methods(host, busy, typist)
            for pair in range(chosen.share_pairs):
                print(f'pair {pair + 1}', file=sys.stderr, flush=True)
                with ways.alone():
                    late_ms = owner.wake(chosen.share_seconds)
                samples['alone_p99_ms'].append(figures.percentile(late_ms, 99))
                with ways.ours(), _leaving(host):
                    begin = meter.read()
                    late_ms = owner.wake(chosen.share_seconds)
                    spent = meter.read().since(begin)
                samples['share_p99_ms'].append(figures.percentile(late_ms, 99))
                used.append(spent.guests_s / spent.at_s)
    ratios = [
        beside / alone for alone, beside in zip(*samples.values(), strict=True)
    ]
    metrics = {
        'leaving_owner_alone_p99_ms': statistics.median(
            samples['alone_p99_ms']
        ),
        'leaving_owner_p99_ms': statistics.median(samples['share_p99_ms']),
        'leaving_owner_p99_ratio': statistics.median(ratios),
        'leaving_share_used_cpus': statistics.median(used),
    }
    return result.Result(
        'share',
        {name: round(value, 3) for name, value in metrics.items()},
        samples,
        NOTES,
    )


@contextlib.contextmanager
def _leaving(host: workstation.Workstation) -> Iterator[None]:
    """Have the agent grant the leaving share."""
    host.call('Leave', 'su', _GUEST, _LONGEST_S)
    try:
        yield
    finally:
        host.call('LeaveDone', 's', _GUEST)
