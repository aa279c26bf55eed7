# SPDX-License-Identifier: Apache-2.0
"""How long guests run on after the owner's first event."""

import argparse
import dataclasses
import os
import random
import sys
import time
from collections import defaultdict

from benchmarks import figures, guests, pausing, peers, result, workstation

SIZES = (1, 4, 16)
"""How many guests are busy."""
WINDOW_S = 0.02
"""Progress is judged over that long; the limit's period is 0.1 s."""
PERIOD_S = 0.1
ROUNDS = 10
_PEER_SIZE = 4
_BASELINE_S = 0.04
_SETTLE_S = 0.02
_TRACE_S = 0.11
_NAP_S = 0.001

NOTES = (
    'limit, felt: guests are stand-ins, busy processes in child groups of '
    'the slice',
    "limit: event -> the kernel file has it; poll_p99_ms is the method's "
    'error, already inside',
    'felt: event -> the first window of 20 ms in which progress is at or '
    'below the cap',
    'disturbed: cycles in which the watcher itself got no CPU for 20 ms; '
    'slowed: guests were slowed by others before an event, which then waited',
    'boinc, htcondor: their polling methods on 4 of the same stand-ins',
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    command.add_argument(
        '--samples',
        type=int,
        default=300,
        metavar='N',
        help='samples for each number of guests (default %(default)s)',
    )
    command.add_argument(
        '--pauses',
        type=int,
        default=60,
        metavar='N',
        help='pauses of real guests (default %(default)s)',
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Cycle:
    """One event: to the limit, to being held, and how well it was watched.

    ``poll_s`` lies between the last look without the limit and the first
    one with it, ``gap_s`` between any two looks at most. Where guests were
    not ``held``, ``felt_s`` is how long they were watched.
    """

    limit_s: float
    poll_s: float
    felt_s: float
    held: bool
    gap_s: float
    period_share: float


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure input -> limit in force -> guests held, and paused."""
    paused = pausing.run(max(1, chosen.pauses))
    count = max(1, chosen.samples)
    samples: dict[str, list[float]] = defaultdict(list)
    plan = figures.parts(count, min(ROUNDS, count))
    boinc = figures.parts(max(1, count // 20), len(plan))
    htcondor = figures.parts(max(1, count // 60), len(plan))
    with workstation.Workstation(workstation.SHORT_HOLDS) as host:
        busy = guests.Guests(host, max(SIZES))
        others = peers.Peers(host, busy)
        for number, cycles in enumerate(plan):
            for size in SIZES:
                _measure(host, busy, size, cycles, samples)
            busy.run(_PEER_SIZE)
            for name, method, times in (
                ('boinc_ms', others.boinc, boinc[number]),
                ('htcondor_ms', others.htcondor, htcondor[number]),
            ):
                samples[name] += [
                    figures.milliseconds(method()) for _ in range(times)
                ]
            print(f'round {number + 1} of {len(plan)}', file=sys.stderr)
    found = metrics(samples) | {'slowed_count': busy.slowed}
    return result.Result(
        'reaction',
        found | paused.metrics,
        samples | paused.samples,
        NOTES + paused.notes,
    )


def _measure(
    host: workstation.Workstation,
    busy: guests.Guests,
    size: int,
    cycles: int,
    samples: dict[str, list[float]],
) -> None:
    busy.run(size)
    for _ in range(cycles):
        seen = _cycle(host, busy, size)
        if not seen.held:
            samples['never_felt_sizes'].append(size)
        for name, value_s in (
            ('limit', seen.limit_s),
            ('poll', seen.poll_s),
            ('felt', seen.felt_s),
            ('gap', seen.gap_s),
        ):
            samples[f'{name}_ms_{size}'].append(figures.milliseconds(value_s))
        samples[f'period_share_percent_{size}'].append(
            round(seen.period_share * 100, 2)
        )


def _cycle(
    host: workstation.Workstation, busy: guests.Guests, size: int
) -> Cycle:
    """Wait until guests run freely, press a key and watch them."""
    host.wait_free()
    # At any moment of the agent's own ticks and of the limit's periods.
    time.sleep(random.uniform(_SETTLE_S, 2 * _SETTLE_S))  # noqa: S311
    full = busy.free_speed(_BASELINE_S)
    event_s = host.press()
    points = [(event_s, busy.progress())]
    before_s, limit_s = host.limit_at(
        lambda: points.append((time.perf_counter(), busy.progress()))
    )
    cap = host.cap_cpus() / min(size, os.cpu_count() or 1)
    while points[-1][0] < limit_s + _TRACE_S:
        time.sleep(_NAP_S)
        points.append((time.perf_counter(), busy.progress()))
    held_s = figures.held_at(points, WINDOW_S, cap * full)
    return Cycle(
        limit_s=limit_s - event_s,
        poll_s=limit_s - before_s,
        felt_s=(held_s or points[-1][0]) - event_s,
        held=held_s is not None,
        gap_s=figures.longest_gap(points),
        period_share=figures.share_of(points, limit_s, PERIOD_S, full),
    )


def metrics(samples: dict[str, list[float]]) -> dict[str, float]:
    """Turn samples into the metrics."""
    found: dict[str, float] = {}
    for size in SIZES:
        for name in ('limit', 'felt'):
            values = samples[f'{name}_ms_{size}']
            found |= result.spread(name, values, f'_{size}')
        shares = samples[f'period_share_percent_{size}']
        found[f'period_share_p50_{size}_percent'] = round(
            figures.percentile(shares, 50), 2
        )
    polls, gaps = (
        [value for size in SIZES for value in samples[f'{name}_ms_{size}']]
        for name in ('poll', 'gap')
    )
    found['poll_p99_ms'] = round(figures.percentile(polls, 99), 3)
    found['never_felt_count'] = len(samples.get('never_felt_sizes', []))
    window_ms = figures.milliseconds(WINDOW_S)
    found['disturbed_count'] = sum(value > window_ms for value in gaps)
    for name in ('boinc', 'htcondor'):
        values = samples[f'{name}_ms']
        found[f'{name}_p50_ms'] = round(figures.percentile(values, 50), 1)
        found[f'{name}_max_ms'] = round(max(values), 1)
    return found
