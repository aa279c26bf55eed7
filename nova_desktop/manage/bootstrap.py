# SPDX-License-Identifier: Apache-2.0
"""Make what a cloud needs for workstations, as far as it is not there.

What is there and differs is somebody's: it is told, and changed only if that
is asked for. Each object is looked at when its turn comes, so a run that was
cut short is completed by the next one.
"""

from collections.abc import Collection, Iterator
from typing import Any

from nova_desktop import exception
from nova_desktop.doctor.result import Result, State, problem
from nova_desktop.manage import aggregate, flavor_set, ready_set, workstations
from nova_desktop.manage.cloud import doing

_AGAIN = 'mend it and run this again; what was made before is kept'


def run(
    cloud: Any,
    named: Collection[str] = (),
    update: bool = False,
    dry_run: bool = False,
) -> Iterator[Result]:
    """Give what became of each object; the last one may be an error.

    ``named`` are the hosts for the aggregate; without any, those that have
    the trait. With ``dry_run`` nothing is written, and the same is told.
    """
    writes = not dry_run
    try:
        yield from _traits(cloud, writes)
        # After the traits: without them nobody can be asked who has them.
        hosts = workstations.hosts(cloud)
        group = aggregate.Aggregate(cloud, update, writes)
        yield group.result
        yield from group.hosts(hosts, named)
        yield from flavor_set.Maker(cloud, update, writes).run()
    except exception.CloudFailed as error:
        yield problem(error.what, error.why, _AGAIN)


def _traits(cloud: Any, writes: bool) -> Iterator[Result]:
    known = workstations.traits(cloud)
    for name in ready_set.TRAITS:
        what, found = f'trait {name}', 'in Placement'
        if name in known:
            yield Result(State.KEPT, what, found)
            continue
        if writes:
            with doing(what):
                cloud.placement.create_trait(name)
        yield Result(State.CREATED, what, found)
