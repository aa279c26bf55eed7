# SPDX-License-Identifier: Apache-2.0
"""How long the cloud still offers a workstation whose owner is back."""

import argparse
import itertools
import sys
from collections.abc import Iterator

from benchmarks import result, workstation
from sandbox import bring_up, cloud, desk, layout, observe, supervise

PATIENCE_S = 60.0

NOTES = (
    "owner_back: from the owner's first key until GET "
    '/allocation_candidates does not name the host any more, in the whole '
    'sandbox: agent, D-Bus, nova-compute, Placement, MariaDB',
    'ask: one such question, the error of the method',
    "Nova's own update of the inventory comes once in 60 s",
)


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    command.add_argument(
        '--samples',
        type=int,
        default=50,
        metavar='N',
        help='returns of an owner (default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure owner back -> no allocation candidate, in the sandbox."""
    if not supervise.running():
        bring_up.up()
    placement = observe.Placement(cloud.connect())
    samples: dict[str, list[float]] = {'owner_back': [], 'ask': []}
    for name in itertools.islice(_turns(), max(1, chosen.samples)):
        print('.', end='', file=sys.stderr, flush=True)
        _say(name, 'away')
        if placement.wait_offered(name, True, PATIENCE_S) is None:
            raise workstation.Unready(f'{name} is not offered')
        back_s = _say(name, 'back')
        gone_s = placement.wait_offered(name, False, PATIENCE_S)
        if gone_s is None:
            raise workstation.Unready(f'{name} is still offered')
        samples['owner_back'].append(round(1000 * (gone_s - back_s), 3))
        begin_s = observe.now()
        placement.offered()
        samples['ask'].append(round(1000 * (observe.now() - begin_s), 3))
    for host in layout.WORKSTATIONS:
        _say(host.name, 'away')
    metrics = {
        name: value
        for kind, values in samples.items()
        for name, value in result.spread(kind, values).items()
    }
    metrics['owner_back_max_ms'] = max(samples['owner_back'])
    return result.Result('candidates', metrics, samples, NOTES)


def _turns() -> Iterator[str]:
    while True:
        yield from (host.name for host in layout.WORKSTATIONS)


def _say(host: str, words: str) -> float:
    """Have an owner do something; give the moment right before it."""
    answer = desk.send(layout.host(host).dir / 'desk.sock', words)
    if not answer['ok']:
        raise workstation.Unready(f'{host}: {answer["error"]}')
    return float(answer.get('t_mono', 0)) / 1e9
