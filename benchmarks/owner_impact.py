# SPDX-License-Identifier: Apache-2.0
"""What an active owner's work loses beside guests that are flat out."""

import argparse
import os
import random
import shutil
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from benchmarks import (
    flat_out,
    harvest,
    loads,
    methods,
    ratios,
    result,
    workstation,
)

SETTINGS = """
[comfort]
step_s = 1
"""
"""Guests are given back their share sooner than by default, so that what
owners suffer beside the guests of others is over soon: to our disadvantage.
"""

NOTES = (
    'guests are stand-ins: for each core one that streams memory and one that '
    'writes 4 KiB at a time safely',
    'a ratio is the median of the rounds, each to the same round alone, of '
    'which the others may have fewer; '
    '(least-most); those of p999 and max are over all rounds together',
    'membw_ratio is alone / beside guests, the others beside guests / alone',
    'others: what is neither of this benchmark nor stolen, of one core; it '
    'should be next to nothing',
    'the agent runs all the time, beside alone and the others too',
    'ours_unlimited_count, ours_not_active_count: looks without a limit, and '
    'measurements that did not end with an active owner; others than 0 make '
    'ours worthless',
)
_NO_DISKS = ('tmpfs', 'ramfs', 'overlay')


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    command.add_argument(
        '--pairs',
        type=int,
        default=5,
        metavar='N',
        help='rounds, each with every load alone and with ours (default '
        '%(default)s)',
    )
    command.add_argument(
        '--others',
        type=int,
        default=1,
        metavar='N',
        help="the first rounds that have the others' methods too, of which "
        "BOINC's takes a hundred seconds for each load (default %(default)s)",
    )
    command.add_argument(
        '--seconds',
        type=float,
        default=5.0,
        metavar='S',
        help='the least time of one measurement (default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure an owner's loads beside guests: ours and others' methods."""
    for program in ('gcc', 'make'):
        if shutil.which(program) is None:
            raise workstation.Unready(f'needs {program}, which is missing')
    with workstation.Workstation(SETTINGS) as host:
        disk = _disk(host.dir)
        owner = loads.Loads(host.dir)
        host.wait_free(harvest.FREE_S)
        busy = flat_out.FlatOut(host, owner.program, os.cpu_count() or 1)
        got = harvest.measure(host, owner, chosen.seconds)
        with methods.Owner(host) as typist:
            rounds = Rounds(
                owner, methods.Methods(host, busy, typist), harvest.Meter(host)
            )
            for number in range(max(1, chosen.pairs)):
                rounds.play(chosen.seconds, number < max(1, chosen.others))
                done = f'round {number + 1} of {chosen.pairs}'
                print(done, file=sys.stderr, flush=True)
            held = host.status()
        found = rounds.metrics(typist) | got
    samples = ratios.samples(rounds.measured) | {
        'others_percent': rounds.others
    }
    lines = (*ratios.side_by_side(rounds.measured), *NOTES, disk, _said(held))
    return Compared('owner_impact', found, samples, lines)


class Compared(result.Result):
    """Metrics with a table, and without a count for each of many samples."""

    __slots__ = ()

    def table(self) -> str:
        """Word the metrics, one in a line, and the notes below."""
        counted = {'measurements': self.samples['others_percent']}
        fewer = result.Result('', self.metrics, counted, self.notes)
        return fewer.table()


class Rounds:
    """Every load under every method, in random order."""

    def __init__(
        self, owner: loads.Loads, all_: methods.Methods, meter: harvest.Meter
    ) -> None:
        self._owner = owner
        self._methods = all_
        self._meter = meter
        self._rng = random.Random()  # noqa: S311
        self._spent: list[harvest.Reading] = []
        self._stolen: list[float] = []
        self.others: list[float] = []
        self.measured: dict[tuple[str, str], list[list[float]]] = defaultdict(
            list
        )

    def play(self, seconds: float, others: bool) -> None:
        """Measure each of them once more, ``others`` as well or not."""
        self._methods.wait_held()
        known = list(self._methods.by_name)
        chosen = known if others else [methods.ALONE, methods.OURS]
        names = list(self._owner.by_name)
        self._rng.shuffle(names)
        for load in names:
            for name in methods.order(chosen, self._rng):
                self._measure(load, name, seconds)

    def _measure(self, load: str, name: str, seconds: float) -> None:
        least_s = methods.least_s(name, self._methods.share)
        with self._methods.by_name[name]():
            begin = self._meter.read()
            readings = self._owner.by_name[load](max(seconds, least_s))
            spent = self._meter.read().since(begin)
        self.measured[load, name].append(readings)
        value = ratios.KINDS[load].value(readings)
        print(f'{load} {name} {value:.3f}', file=sys.stderr, flush=True)
        self._stolen.append(100 * spent.stolen_s / spent.at_s)
        others = 100 * spent.others_s / spent.at_s
        self.others.append(round(max(0.0, others), 2))
        if name == methods.OURS:
            self._spent.append(spent)

    def metrics(self, typist: methods.Owner) -> dict[str, float]:
        """Give what was found, and whether it can be believed."""
        return ratios.metrics(self.measured) | {
            'harvest_active_percent': harvest.percent(*self._spent),
            'ours_unlimited_count': typist.unlimited,
            'ours_looks_count': typist.looks,
            'ours_not_active_count': self._methods.not_active,
            'steal_most_percent': round(max(self._stolen), 2),
            'others_p50_percent': statistics.median(self.others),
            'others_most_percent': max(self.others),
        }


def _disk(path: Path) -> str:
    """Say on what the files lie; raise Unready where that is no disk."""
    place = str(path.stat().st_dev)
    for line in Path('/proc/self/mountinfo').read_text().splitlines():
        words = line.split()
        major, minor = map(int, words[2].split(':'))
        if str(os.makedev(major, minor)) != place:
            continue
        kind, device = words[words.index('-') + 1 :][:2]
        if kind in _NO_DISKS:
            raise workstation.Unready(
                f'{path} lies on {kind}: set TMPDIR to a directory on a disk'
            )
        return f'the files lie on {kind}, {device}'
    return 'on what the files lie is not known'


def _said(status: dict[str, object]) -> str:
    """Word what the agent said at the end, rung by rung where it does."""
    return (
        f'the agent at the end: {status["Reason"]}; '
        f'held to: {status.get("Limits", "not said")}'
    )
