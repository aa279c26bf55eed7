# SPDX-License-Identifier: Apache-2.0
"""How long it takes that guests leave, by each action, in the sandbox."""

import argparse
import dataclasses
import sys

from benchmarks import leaving_rates, leaving_site, leaving_watch, result
from nova_desktop import model

ACTIONS = tuple(action.value for action in model.ReclaimAction)
KEEPS_ALLOCATION = frozenset({'stop', 'suspend'})
"""The server stays on its host, so that Placement counts it there."""

NOTES = (
    'ACTION_N_memory: from the request of the workstation until no QEMU of '
    'N guests is left there; ..._released: until Placement counts none; both '
    'with the grace (..._grace), which is the same for all',
    'ACTION_N_bound: what must be moved at the rates measured in the same '
    'run, one after the other and with nothing else to do',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """So many guests that leave by one action."""

    action: str
    count: int

    @property
    def name(self) -> str:
        """Give what the metrics' names begin with."""
        return f'{self.action.replace("-", "_")}_{self.count}'


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    command.add_argument(
        '--actions',
        nargs='+',
        choices=ACTIONS,
        default=ACTIONS,
        metavar='ACTION',
        help='leaving: how guests leave, of: %(choices)s (default: all)',
    )
    command.add_argument(
        '--guests',
        nargs='+',
        type=int,
        default=(1, 5, 20),
        metavar='N',
        help='leaving: guests on the host (default: 1 5 20)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure request -> memory free and allocation released."""
    with leaving_site.Site() as site:
        rates = leaving_rates.measure()
        metrics = {
            'disk_mib_per_s': rates.disk_mib_per_s,
            'link_mib_per_s': rates.link_mib_per_s,
        }
        cases = [
            Case(action, count)
            for count in chosen.guests
            for action in chosen.actions
        ]
        for case in cases:
            print(case.name, file=sys.stderr, flush=True)
            metrics |= _measure(site, case, rates)
    return result.Result('leaving', metrics, {'cases': [len(cases)]}, NOTES)


def _measure(
    site: leaving_site.Site, case: Case, rates: leaving_rates.Rates
) -> dict[str, float]:
    guests = site.boot(case.action, case.count)
    bound_s = leaving_rates.bound_s(
        case.action, leaving_watch.held(site.host, guests), rates
    )
    watch = leaving_watch.Watch(
        site.host, released=case.action not in KEEPS_ALLOCATION
    )
    site.owner('back')
    times = watch.wait()
    left = site.judge(case.action, guests)
    site.clear()
    metrics = {
        'grace': times.grace_s,
        'memory': times.memory_s,
        'released': times.released_s,
        'bound': bound_s,
    }
    return {
        f'{case.name}_{name}_s': round(value, 3)
        for name, value in metrics.items()
        if value is not None
    } | {f'{case.name}_left_guests': left}
