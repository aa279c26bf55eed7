# SPDX-License-Identifier: Apache-2.0
"""What a healthy worker reaches: the bus, the cloud, its own loops."""

from collections.abc import Callable, Mapping
from typing import Any

import oslo_messaging

from nova_desktop import messages
from nova_desktop.reclaim import health, nouns

_NOBODY = '00000000-0000-0000-0000-000000000000'
_PING_S = 5.0


def bus(transport: Any, worker: str) -> health.Probe:
    """Give what calls this worker by the bus, as a host would."""
    client = oslo_messaging.get_rpc_client(
        transport, messages.reclaim_target(worker), timeout=_PING_S, retry=0
    )
    return lambda: client.call({}, 'ping')


def nova(cloud: nouns.Cloud) -> health.Probe:
    """Give what asks Nova, and keystone before it, for next to nothing."""
    return lambda: cloud.is_compute(_NOBODY)


def placement(cloud: nouns.Cloud) -> health.Probe:
    """Give what asks Placement for next to nothing."""
    return lambda: cloud.held_on(_NOBODY)


def loop(
    clock: nouns.Clock, passed_s: Callable[[], float], limit_s: float
) -> health.Probe:
    """Give what looks when a loop came round last, on the steady clock."""

    def look() -> None:
        age_s = clock.steady() - passed_s()
        if age_s > limit_s:
            raise health.Late(
                f'the last pass was {age_s:.0f} s ago, more than {limit_s:g} s'
            )

    return look


def all_of(
    transport: Any,
    worker: str,
    cloud: nouns.Cloud,
    loops: Mapping[str, health.Probe],
) -> Mapping[str, health.Probe]:
    """Give all of them by name."""
    return {
        'bus': bus(transport, worker),
        'nova': nova(cloud),
        'placement': placement(cloud),
        **loops,
    }
