# SPDX-License-Identifier: Apache-2.0
"""Monday morning: the owners of ten thousand workstations come back."""

import argparse
import sys
import time

from benchmarks import (
    meter,
    monday_clients,
    monday_desks,
    monday_figures,
    monday_plan,
    placement,
    placement_tables,
    result,
    workstation,
)

NOTES = (
    "hosts are simulated; Placement, its database, Nova's report client and "
    "tracker, and the driver's Pusher are real, Keystone is not asked",
    'instead of a thread for each host, a pool of threads does each step of '
    'each Pusher when it is due; all share this machine with Placement',
    'CPU is in percent of one core',
)


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure how fast Placement is told when all owners come back."""
    desks = monday_desks.make(chosen.hosts + chosen.stock_hosts)
    with placement.Service(chosen.workers) as service:
        begin_s = time.monotonic()
        placement_tables.fill(service.database, desks)
        metrics = {'fill_s': round(time.monotonic() - begin_s, 2)}
        with monday_clients.Clients(
            service.url, monday_plan.shares(chosen, desks)
        ) as clients:
            pids = service.pids | {'clients': clients.pids}
            return _measure(chosen, clients, meter.Meter(pids), metrics)


def _measure(
    chosen: argparse.Namespace,
    clients: monday_clients.Clients,
    cpu: meter.Meter,
    metrics: dict[str, float],
) -> result.Result:
    seconds = chosen.minutes * 60
    _say(f'owners come back for {chosen.minutes:g} minutes')
    begin_s = clients.begin('paced')
    clients.wait(begin_s)
    before = cpu.read()
    clients.wait(begin_s + seconds)
    paced_cpu = meter.percents(before, cpu.read())
    paced = clients.told()
    lost = _lost(clients)
    _say('all owners leave at one moment')
    begin_s = clients.begin('flat_out')
    clients.wait(begin_s)
    before = cpu.read()
    flat = clients.told()
    flat_cpu = meter.percents(before, cpu.read())
    lost += _lost(clients)
    if lost:
        raise workstation.Unready(
            f'Placement does not hold the last cap of {len(lost)} hosts: '
            + ', '.join(lost[:10])
        )
    metrics |= {
        **monday_figures.paced(paced),
        **_cpu('paced', paced_cpu),
        'updates_per_s': monday_figures.rate(flat.ended_s, begin_s),
        **_cpu('flat_out', flat_cpu),
        'lost_hosts': len(lost),
    }
    samples = {
        'owner_back_ms': paced.push_ms,
        'stock_periodic_ms': paced.stock_ms,
        'updates_per_s': monday_figures.rates(flat.ended_s, begin_s),
    }
    notes = (*NOTES, monday_figures.limit(flat_cpu))
    return result.Result('monday', metrics, samples, notes)


def _cpu(phase: str, percents: dict[str, float]) -> dict[str, float]:
    return {
        f'{phase}_{name}_cpu_percent': each for name, each in percents.items()
    }


def _lost(clients: monday_clients.Clients) -> list[str]:
    _say('what Placement holds is compared')
    clients.begin('check')
    return clients.told().lost


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
