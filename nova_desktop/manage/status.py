# SPDX-License-Identifier: Apache-2.0
"""What the workers of the reclaim service do, and which hosts are drained.

The workers are asked by the service's API, the drained hosts of Nova, so that
each is told where the other cannot be asked.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from nova_desktop import exception
from nova_desktop.doctor.result import Result, ok, problem
from nova_desktop.manage import computes, guests
from nova_desktop.manage.cloud import doing

_SERVICE = 'desktop'
_TIMEOUT_S = 60

Row = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Drained:
    """A host that is drained, who has to leave it still, and who stays."""

    host: str
    reason: str
    up: bool
    leaving: list[str]
    staying: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Status:
    """All of it; ``problem`` is why the workers could not be asked."""

    workers: list[Row]
    problem: str
    drained: list[Drained]


def ask(cloud: Any) -> Status:
    """Ask Nova and the workers; raise CloudFailed where Nova fails."""
    drained = [
        _drained(cloud, each)
        for each in computes.every(cloud)
        if each.drain is not None
    ]
    try:
        return Status(_workers(cloud), '', drained)
    except exception.CloudFailed as error:
        return Status([], error.why, drained)


def _drained(cloud: Any, compute: computes.Compute) -> Drained:
    there = guests.of(cloud, compute.host)
    return Drained(
        compute.host,
        compute.disabled or '',
        compute.up,
        [each.id for each in there if each.way],
        [each.id for each in there if not each.way],
    )


def _workers(cloud: Any) -> list[Row]:
    what = 'workers'
    with doing(what):
        base = cloud.endpoint_for(_SERVICE)
        if not base:
            why = f"the catalog has no service of type '{_SERVICE}'"
            raise exception.CloudFailed(what, why)
        url = base.rstrip('/') + '/v1/workers'
        answer = cloud.session.get(url, timeout=_TIMEOUT_S)
    try:
        found = answer.json()[what]
    except (ValueError, TypeError, KeyError):
        found = None
    if not isinstance(found, list):
        raise exception.CloudFailed(what, 'this is not the desktop API')
    return found


def results(status: Status) -> Iterator[Result]:
    """Give a line for each thing."""
    if status.problem:
        remedy = '[reclaim] api of a worker, and its entry in the catalog'
        yield problem('workers', status.problem, remedy)
    for worker in status.workers:
        yield _worker(worker)
        if worker['answers']:
            yield from _under_way(worker)
    for drained in status.drained:
        yield _host(drained)


def _worker(worker: Row) -> Result:
    what = f'worker {worker["worker"]}'
    if not worker['answers']:
        found = f'no answer; heard of last at {worker["heard_at"]}'
        return problem(what, found, 'its log tells more')
    checks = {each['name']: each['state'] for each in worker['checks']}
    found = ', '.join(f'{name} {state}' for name, state in checks.items())
    if any(state != 'ok' for state in checks.values()):
        return problem(what, found, 'its log tells why')
    more = f', {worker["omitted"]} lines more' if worker['omitted'] else ''
    return ok(what, f'since {worker["since"]}: {found}{more}')


def _under_way(worker: Row) -> Iterator[Result]:
    name = worker['worker']
    for row in worker['needs']:
        within = '' if row['within_s'] is None else f' in {row["within_s"]} s'
        found = f'{row["keep_memory_mib"]} MiB may stay{within}'
        yield ok(f'{name} host {row["host"]}', f'{found}: {row["reason"]}')
    for row in worker['victims']:
        until = f' by {row["deadline"]}' if row['deadline'] else ''
        found = f'{row["step"]}, {row["action"]}{until}: {row["reason"]}'
        yield ok(f'{name} server {row["server"]}', f'{row["host"]}: {found}')
    for row in worker['resting']:
        where = f'leaving {row["host"]}' if row['host'] else 'coming back'
        found = f'{where} failed {row["failures"]}x, again {row["until"]}'
        yield ok(f'{name} server {row["server"]}', found)
    for row in worker['waiting']:
        found = f'{row["state"]} since {row["since"]}: waits to come back'
        yield ok(f'{name} server {row["server"]}', found)


def _host(drained: Drained) -> Result:
    what = f'host {drained.host}'
    found = f'{drained.reason}; {len(drained.leaving)} have to leave'
    if drained.staying:
        found += f', not preemptible: {", ".join(drained.staying)}'
    if drained.leaving and not drained.up:
        return problem(what, found, 'its nova-compute is down')
    return ok(what, found)
