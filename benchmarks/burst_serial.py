# SPDX-License-Identifier: Apache-2.0
"""CERN's aardvark's method: one request after another, by one thread.

By what its source says: all that a request needs is deleted at once, nobody is
told before, and Placement is asked without a pause until it has let go, for 20
seconds at most.
"""

import dataclasses
import time

from keystoneauth1 import session
from keystoneauth1.identity import v3

from benchmarks import burst_cloud
from nova_desktop import model
from nova_desktop.reclaim import cloud, nouns, rest

_FREED_S = 20.0


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """What hosts with guests took each, and those without any more."""

    work_ms: list[float]
    idle_ms: list[float]


class Serial:
    """Serve requests as it does; by the same client as ours."""

    def __init__(self, url: str) -> None:
        auth = v3.Password(
            f'{url}/identity/v3',
            username='us',
            password='secret',  # noqa: S106 - the stand-in takes any
            project_name='service',
            user_domain_id='default',
            project_domain_id='default',
        )
        self._cloud = cloud.RestCloud(rest.Rest(session.Session(auth)))

    def run(self, hosts: int) -> Seen:
        """Serve a request of each host, and then another of each."""
        names = [burst_cloud.host_name(number) for number in range(hosts)]
        return Seen(
            [self._timed_ms(name) for name in names],
            [self._timed_ms(name) for name in names],
        )

    def _timed_ms(self, host: str) -> float:
        begin_s = time.monotonic()
        self._serve(host)
        return round(1000 * (time.monotonic() - begin_s), 3)

    def _serve(self, host: str) -> None:
        servers = self._cloud.servers_of(host)
        for server in servers:
            self._cloud.act(model.ReclaimAction.DELETE, server.id)
        end_s = time.monotonic() + _FREED_S
        while self._held(servers) and time.monotonic() < end_s:
            pass

    def _held(self, servers: list[nouns.Server]) -> bool:
        return any(self._cloud.held_on(server.id) for server in servers)
