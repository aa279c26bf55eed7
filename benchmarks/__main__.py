# SPDX-License-Identifier: Apache-2.0
"""Run one benchmark: NAME [--json FILE]."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == '__main__':
    import benchmarks.native_threads  # noqa: F401 - before the others

from benchmarks import (
    burst,
    candidates,
    machine,
    memory_back,
    monday,
    monday_plan,
    owner_impact,
    reaction,
    reclaim,
    result,
    scheduling,
    sensing,
    workstation,
)

Run = Callable[[argparse.Namespace], result.Result]
Options = Callable[[argparse.ArgumentParser], None]

BENCHMARKS: dict[str, tuple[Options, Run]] = {
    'burst': (burst.options, burst.run),
    'candidates': (candidates.options, candidates.run),
    'memory_back': (memory_back.options, memory_back.run),
    'monday': (monday_plan.options, monday.run),
    'owner_impact': (owner_impact.options, owner_impact.run),
    'reaction': (reaction.options, reaction.run),
    'reclaim': (reclaim.options, reclaim.run),
    'scheduling': (scheduling.options, scheduling.run),
    'sensing': (sensing.options, sensing.run),
}


def parser() -> argparse.ArgumentParser:
    """Give the command line; a name that is not known lists all."""
    parsed = argparse.ArgumentParser(
        prog='tools/bench', description='Measure what the project promises.'
    )
    names = parsed.add_subparsers(dest='name', required=True)
    for name, (options, run) in BENCHMARKS.items():
        help = (run.__doc__ or '').partition('\n')[0]
        command = names.add_parser(name, help=help, description=help)
        command.add_argument('--json', type=Path, metavar='FILE')
        options(command)
    return parsed


def main(argv: Sequence[str]) -> int:
    """Run the benchmark that is named; return the exit code."""
    chosen = parser().parse_args(argv)
    # What was started must be ended on a SIGTERM too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    facts = machine.read()
    facts['busy_before_percent'] = machine.busy_now()
    print(machine.header(facts))
    print(
        f'busy with other work: {facts["busy_before_percent"]} %', flush=True
    )
    _, run = BENCHMARKS[chosen.name]
    try:
        measured = run(chosen)
    except workstation.Unready as problem:
        print(f'tools/bench: {problem}', file=sys.stderr)
        return 1
    facts['steal_end_s'] = machine.read()['steal_s']
    facts['busy_after_percent'] = machine.busy_now()
    print(
        f'steal until the end {facts["steal_end_s"]} s, busy with other work '
        f'{facts["busy_after_percent"]} %\n'
    )
    print(measured.table())
    if chosen.json is not None:
        chosen.json.write_text(measured.document(facts) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
