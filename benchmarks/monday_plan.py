# SPDX-License-Identifier: Apache-2.0
"""What may be asked of Monday morning, and each process's part of it."""

import argparse
import dataclasses
import os

from benchmarks import number_options
from benchmarks.monday_desks import Desk


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What happens in one process, and by how many threads."""

    seconds: float
    stock: int
    tracked_percent: float
    claims_per_s: float
    leave_s: float
    threads: int


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    cores = os.cpu_count() or 1
    number_options.add(
        command,
        ('--hosts', int, 10_000, 'hosts that push'),
        ('--stock-hosts', int, 500, 'hosts that wait for the periodic update'),
        ('--minutes', float, 10.0, 'within which all owners come back'),
        ('--trackers', float, 10.0, 'percent of hosts with a tracker as well'),
        ('--claims', float, 5.0, 'guests per second that are scheduled'),
        ('--leave', float, 60.0, 'seconds within which guests leave an owner'),
        ('--workers', int, cores, 'processes of Placement'),
        ('--processes', int, cores, 'processes of the clients'),
        ('--parallel', int, 32, 'threads of the clients, of all processes'),
    )
    command.add_argument(
        '--alone',
        action='store_true',
        help='no guest is scheduled or leaves, and only stock hosts track',
    )


def shares(
    chosen: argparse.Namespace, desks: list[Desk]
) -> list[tuple[list[Desk], Plan]]:
    """Give each process its hosts, and its part of all that happens."""
    count = min(chosen.processes, chosen.hosts)
    pushing, stock = desks[: chosen.hosts], desks[chosen.hosts :]
    busy = not chosen.alone
    parts = []
    for first in range(count):
        waiting = stock[first::count]
        plan = Plan(
            seconds=chosen.minutes * 60,
            stock=len(waiting),
            tracked_percent=chosen.trackers if busy else 0.0,
            claims_per_s=chosen.claims / count if busy else 0.0,
            leave_s=chosen.leave if busy else 0.0,
            threads=max(1, chosen.parallel // count),
        )
        parts.append((pushing[first::count] + waiting, plan))
    return parts
