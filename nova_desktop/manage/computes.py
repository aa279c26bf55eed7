# SPDX-License-Identifier: Apache-2.0
"""The nova-computes of a cloud: which are drained, and draining them."""

import dataclasses
from typing import Any

import openstack.exceptions

from nova_desktop import exception
from nova_desktop.manage.cloud import doing
from nova_desktop.policy import drain

# Services have had ids that tell cells apart since then.
_BY_ID = '2.53'


@dataclasses.dataclass(frozen=True, slots=True)
class Compute:
    """A nova-compute; ``disabled`` is why it is, ``None`` while it is not."""

    id: str
    host: str
    up: bool
    disabled: str | None

    @property
    def drain(self) -> drain.Drain | None:
        """Give what it is drained for, ``None`` while it is not."""
        return drain.parse(self.disabled)


def every(cloud: Any, **filters: str) -> list[Compute]:
    """Give all of them; raise CloudFailed."""
    with doing('compute services'):
        return [
            Compute(
                id=each.id,
                host=each.host,
                up=each.state == 'up',
                disabled=(each.disabled_reason or '')
                if each.status == 'disabled'
                else None,
            )
            for each in cloud.compute.services(
                binary='nova-compute', **filters
            )
        ]


def named(cloud: Any, host: str) -> Compute:
    """Give that of a host; raise BadValue or CloudFailed."""
    for each in every(cloud, host=host):
        if each.host == host:
            return each
    raise exception.BadValue(
        'HOST',
        host,
        'must be the host of a nova-compute as Nova calls it, see "openstack '
        'compute service list"',
    )


def enable(cloud: Any, compute: Compute) -> None:
    """Let new guests come to it; raise CloudFailed."""
    _put(cloud, compute, {'status': 'enabled'})


def disable(cloud: Any, compute: Compute, reason: str) -> None:
    """Let no new guest come to it; raise CloudFailed."""
    _put(cloud, compute, {'status': 'disabled', 'disabled_reason': reason})


def _put(cloud: Any, compute: Compute, body: dict[str, str]) -> None:
    url = f'/os-services/{compute.id}'
    with doing(f'host {compute.host}'):
        answer = cloud.compute.put(url, json=body, microversion=_BY_ID)
        openstack.exceptions.raise_from_response(answer)
