# SPDX-License-Identifier: Apache-2.0
"""How fast a real guest gives memory back, and how others get it back."""

import argparse
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable

from benchmarks import (
    figures,
    giving,
    machine,
    machines,
    memory_guest,
    result,
    workstation,
)

STEPS_MIB = (256, 512, 768, 1024)
KEEP_MIB = 640
"""What the agent lets guests keep beside an owner.

A guest takes what it gives from memory that it has never touched first, and
of that the host gets nothing: to have 1024 MiB back more must be asked for.
"""
SETTINGS = """
[presence]
active_hold_s = 3
locked_away_after_s = 3
away_after_s = 3600
settle_s = 0
cool_down_s = 0
demand_cpus = 1024
demand_pressure = 1
[ladder]
giving_memory_available = 1
[cap]
give_back_hold_s = 0
idle_memory = {share:.5f}
active_memory = {share:.5f}
unknown_memory = {share:.5f}
"""

NOTES = (
    f'a guest of {memory_guest.MEMORY_MIB} MiB whose page cache holds '
    f'{memory_guest.FILE_MIB}; what the host has back is what the resident '
    'memory of its QEMU shrank by',
    'balloon: the first key of an owner who goes on typing -> the agent has '
    'the guest give, on the core and the CPUs that one gets who gives while '
    'little is left; the only rung that takes memory in cgroup version 1',
    'busy_owner: the same while the owner burns every core; where 1024 MiB '
    'were not reached there is no such metric, but what there was',
    "suspend: virsh suspend, as HTCondor's; managedsave: virsh managedsave; "
    'both of a guest that nobody holds, which is their best',
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    command.add_argument(
        '--pairs',
        type=int,
        default=3,
        metavar='N',
        help='rounds, each with every method (default %(default)s)',
    )
    command.add_argument(
        '--busy-seconds',
        type=float,
        default=60.0,
        metavar='S',
        help='how long to wait for memory beside an owner who uses every core '
        '(default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure how fast a guest gives 1 GiB back: ours and others' ways."""
    share = KEEP_MIB / int(machine.read()['memory_mib'])
    found: dict[str, list[float]] = defaultdict(list)
    with (
        machines.folder() as directory,
        workstation.Workstation(
            SETTINGS.format(share=share) + machines.settings(directory)
        ) as host,
    ):
        daemon = machines.Machines(host, directory)
        ways = giving.Ways(host, memory_guest.Guest(host, daemon))
        for number in range(max(1, chosen.pairs)):
            _round(ways, found)
            print(
                f'round {number + 1} of {chosen.pairs}',
                file=sys.stderr,
                flush=True,
            )
        ways.prepare()
        note(ways.busy_owner(chosen.busy_seconds), '_busy_owner', found)
    return result.Result('memory_back', metrics(found), dict(found), NOTES)


def _round(ways: giving.Ways, found: dict[str, list[float]]) -> None:
    def balloon() -> None:
        note(ways.balloon(), '', found)

    def suspend() -> None:
        found['suspend_given_back_mib'].append(ways.suspend())

    def save() -> None:
        for name, value in ways.managedsave().items():
            found[f'managedsave_{name}'].append(value)

    methods: list[Callable[[], None]] = [balloon, suspend, save]
    for method in random.sample(methods, len(methods)):
        ways.prepare()
        method()


def note(
    given: giving.Given, suffix: str, found: dict[str, list[float]]
) -> None:
    """Keep of one giving back when each step was reached, and at what cost."""
    last_s, last_mib = given.points[-1]
    found[f'balloon{suffix}_given_back_mib'].append(float(last_mib))
    found[f'balloon{suffix}_guest_cpus'].append(round(given.cpu_s / last_s, 3))
    at_s = {step: reached(given.points, step) for step in STEPS_MIB}
    for step, value_s in at_s.items():
        if value_s is not None:
            found[f'balloon_{step}mib{suffix}_s'].append(round(value_s, 3))
    first_s, whole_s = at_s[STEPS_MIB[0]], at_s[STEPS_MIB[-1]]
    found[f'balloon{suffix}_missed_count'].append(float(whole_s is None))
    if first_s is not None and whole_s is not None and whole_s > first_s:
        speed = (STEPS_MIB[-1] - STEPS_MIB[0]) / (whole_s - first_s)
        found[f'balloon{suffix}_mib_per_s'].append(round(speed, 1))


def reached(points: list[figures.Point], mib: int) -> float | None:
    """Give the first moment with so much given back; None if there is none."""
    return next((at_s for at_s, given in points if given >= mib), None)


def metrics(samples: dict[str, list[float]]) -> dict[str, float]:
    """Give the median of each kind of sample; counts are added up."""
    return {
        name: sum(values)
        if name.endswith('_count')
        else round(statistics.median(values), 3)
        for name, values in sorted(samples.items())
    }
