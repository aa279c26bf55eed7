# SPDX-License-Identifier: Apache-2.0
"""Who runs on a workstation, and whether it leaves when that is drained."""

import dataclasses
from typing import Any

from nova_desktop.doctor.result import Result, advice, ok
from nova_desktop.manage.cloud import doing
from nova_desktop.policy import tolerance, victims


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """A server that holds memory of its host; ``way`` is how it is to go.

    Empty for one that is not preemptible: nobody makes it go.
    """

    id: str
    way: str

    @property
    def result(self) -> Result:
        """Give its line."""
        what = f'server {self.id}'
        if self.way:
            return ok(what, f'preemptible: to go by {self.way}')
        remedy = 'move it yourself, or have its project delete it'
        return advice(what, 'not preemptible: it stays', remedy)


def of(cloud: Any, host: str) -> list[Guest]:
    """Give all projects' servers of a host by id; raise CloudFailed."""
    with doing(f'servers of {host}'):
        there = list(
            cloud.compute.servers(all_projects=True, compute_host=host)
        )
    found = [
        Guest(server.id, _way(server.flavor.extra_specs or {}))
        for server in there
        # Nova's database compares without case.
        if server.compute_host == host
        and victims.holds_memory(server.vm_state)
    ]
    return sorted(found, key=lambda guest: guest.id)


def _way(specs: dict[str, str]) -> str:
    guest = tolerance.parse(specs)[0]
    if not guest.preemptible:
        return ''
    ways = ','.join(guest.actions)
    return f'{ways} after a notice of {guest.notice_s} s'
