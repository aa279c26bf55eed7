# SPDX-License-Identifier: Apache-2.0
"""What reclaim takes, part by part."""

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    leaving,
    leaving_busy,
    leaving_share,
    planning,
    result,
)

Options = Callable[[argparse.ArgumentParser], None]
Run = Callable[[argparse.Namespace], result.Result]

PARTS: dict[str, tuple[Options, Run]] = {
    'busy': (leaving_busy.options, leaving_busy.run),
    'leaving': (leaving.options, leaving.run),
    'planning': (planning.options, planning.run),
    'share': (leaving_share.options, leaving_share.run),
}


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark and of its parts."""
    command.add_argument(
        '--parts',
        nargs='+',
        choices=sorted(PARTS),
        default=sorted(PARTS),
        metavar='PART',
        help='what to measure, of: %(choices)s (default: all)',
    )
    for add, _run in PARTS.values():
        add(command)


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure what reclaim takes, part by part."""
    whole = result.Result('reclaim', {}, {})
    for name in chosen.parts:
        print(name, file=sys.stderr, flush=True)
        part = PARTS[name][1](chosen)
        whole = result.Result(
            whole.name,
            whole.metrics | part.metrics,
            whole.samples | part.samples,
            whole.notes + part.notes,
        )
    return whole
