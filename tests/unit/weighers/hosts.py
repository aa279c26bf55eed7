# SPDX-License-Identifier: Apache-2.0
"""Hosts and requests as the scheduler hands them to a weigher."""

import types
from collections.abc import Mapping, Sequence

from nova.scheduler import weights

AWAY = {
    'desktop_version': '1',
    'desktop_presence': 'away',
    'desktop_admit': 'True',
    'desktop_cap_cpus': '4.0',
    'desktop_cap_memory_mib': '4096',
}


def forecast(*chances: float) -> dict[str, str]:
    """Give the statistics of a host with these four chances."""
    horizons = (5, 15, 60, 240)
    told = {
        f'desktop_forecast_{horizon}': str(chance)
        for horizon, chance in zip(horizons, chances, strict=True)
    }
    return AWAY | told


def host(
    stats: Mapping[str, str] | None, name: str = 'desk1', **aggregate: str
) -> types.SimpleNamespace:
    """Give a host, with the metadata of its aggregate."""
    metadata = [types.SimpleNamespace(metadata=aggregate)] if aggregate else []
    return types.SimpleNamespace(host=name, stats=stats, aggregates=metadata)


def request(
    members: Sequence[str] | None = None,
    policy: str = 'anti-affinity',
    server_id: str | None = 'server',
    **extra_specs: str,
) -> types.SimpleNamespace:
    """Give a request, of a server group on the hosts ``members``."""
    group = None
    if members is not None:
        group = types.SimpleNamespace(policy=policy, hosts=list(members))
    return types.SimpleNamespace(
        flavor=types.SimpleNamespace(extra_specs=extra_specs),
        instance_group=group,
        instance_uuid=server_id,
    )


def weigh(weigher, hosts, spec) -> list[float]:
    """Give the weights of hosts as Nova's handler asks for them."""
    weighed = [weights.WeighedHost(each, 0.0) for each in hosts]
    return weigher.weigh_objects(weighed, spec)
