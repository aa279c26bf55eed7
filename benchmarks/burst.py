# SPDX-License-Identifier: Apache-2.0
"""Ten thousand requests in a burst, to two workers of the service."""

import argparse
import dataclasses
import json
import subprocess
import sys
from typing import Any

from benchmarks import (
    burst_hosts,
    burst_serial,
    burst_site,
    memory,
    number_options,
    result,
    workstation,
)
from benchmarks.burst_figures import Round, metrics, samples

WORKERS = 2


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    number_options.add(
        command,
        ('--requests', int, 10_000, 'requests of a burst'),
        ('--hosts', int, 1000, 'workstations that send them in turn'),
        ('--guests', int, 2, 'guests of each'),
        ('--parallel', int, 1000, 'requests that wait for an answer at most'),
        ('--pairs', int, 3, "bursts, each beside the serial method's turn"),
        ('--serial-hosts', int, 20, 'workstations of such a turn'),
        ('--nova-ms', float, 25.0, 'how late the stand-in for Nova answers'),
        ('--placement-ms', float, 5.0, 'and the one for Placement'),
        ('--action-s', float, 2.0, 'what moving, saving or deleting takes'),
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure a burst of requests to two workers, and what it leaves."""
    late = chosen.nova_ms, chosen.placement_ms, chosen.action_s
    rounds, serial = [], []
    with burst_site.Site(WORKERS, *late) as site:
        site.wait_for_quiet()
        for number in range(chosen.pairs):
            # Whoever goes first in one pair goes second in the next.
            for ours in (True, False) if number % 2 == 0 else (False, True):
                _say(f'pair {number + 1}: {"burst" if ours else "serial"}')
                if ours:
                    rounds.append(_burst(site, chosen))
                else:
                    serial.append(_serial(site, chosen))
    return result.Result(
        'burst',
        metrics(rounds, serial),
        samples(rounds, serial),
        _notes(chosen),
    )


def _burst(site: burst_site.Site, chosen: argparse.Namespace) -> Round:
    site.fill(chosen.hosts, chosen.guests)
    before = memory.of(site.pids)
    memory.reset_peaks(site.pids)
    seen = _send(site, chosen)
    site.wait_for_quiet()
    books = site.ask('report')
    after = memory.of(site.pids)
    done = Round(
        requests=chosen.requests,
        hosts=chosen.hosts,
        burst_s=seen['burst_s'],
        settle_s=books['settled_s'] - seen['begin_s'],
        took_ms=seen['took_ms'],
        refused=seen['refused'],
        unheard=seen['unheard'],
        repeated=seen['repeated'],
        books=books,
        before_mib=[each.now_mib for each in before],
        peak_mib=[each.peak_mib for each in after],
        after_mib=[each.now_mib for each in after],
    )
    _check(done)
    return done


def _send(site: burst_site.Site, chosen: argparse.Namespace) -> dict[str, Any]:
    plan = burst_hosts.Plan(
        bus=site.bus,
        cloud=site.cloud,
        key=str(site.key),
        requests=chosen.requests,
        hosts=chosen.hosts,
        parallel=chosen.parallel,
    )
    words = burst_site.python(
        'benchmarks.burst_hosts', json.dumps(dataclasses.asdict(plan))
    )
    done = subprocess.run(
        ['setpriv', '--pdeathsig', 'KILL', *words],
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        raise workstation.Unready(f'the hosts ended with {done.returncode}')
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def _check(done: Round) -> None:
    """Raise Unready where the books hold something against the service."""
    if done.wrongs():
        raise workstation.Unready(f'the books say: {done.wrongs()}')


def _serial(
    site: burst_site.Site, chosen: argparse.Namespace
) -> burst_serial.Seen:
    site.fill(chosen.serial_hosts, chosen.guests)
    seen = burst_serial.Serial(site.cloud).run(chosen.serial_hosts)
    unmet = site.ask('report')['unmet']
    if unmet:
        raise workstation.Unready(f'the serial method left {unmet} hosts')
    return seen


def _notes(chosen: argparse.Namespace) -> tuple[str, ...]:
    return (
        f'{chosen.requests} requests of {chosen.hosts} workstations with '
        f'{chosen.guests} guests each, {chosen.parallel} at a time; two '
        'workers; medians of the bursts, memory is of the larger worker',
        f'stand-in: Nova {chosen.nova_ms:g} ms and Placement '
        f'{chosen.placement_ms:g} ms late, {chosen.action_s:g} s for an act; '
        'no host answers, so each word to a guest agent runs into its timeout',
        'settle_s has the notice of 5 s in it; the serial method (aardvark) '
        f'gives none and only deletes: {chosen.serial_hosts} hosts are '
        'measured, its requests_per_s and settle_s are extrapolated',
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
