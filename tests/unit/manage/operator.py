# SPDX-License-Identifier: Apache-2.0
"""A connection of an operator's to a cloud in memory."""

import types
from unittest import mock

from nova_desktop.policy.asked import TRAIT

SPECS = {'desktop:preemptible': 'true', 'desktop:on_reclaim': 'shelve'}


def server(name: str, host: str = 'desk1', state: str = 'active', **specs):
    """Give a server as the SDK does; preemptible unless said otherwise."""
    return types.SimpleNamespace(
        id=name,
        compute_host=host,
        vm_state=state,
        flavor=types.SimpleNamespace(extra_specs={**SPECS, **specs}),
    )


class Cloud:
    """Some nova-computes, of which ``ours`` are workstations."""

    def __init__(self, *hosts: str, ours: tuple[str, ...] = ('desk1',)):
        self.services = {
            host: types.SimpleNamespace(
                id=f'id-{host}',
                host=host,
                state='up',
                status='enabled',
                disabled_reason=None,
            )
            for host in hosts
        }
        self.there: list = []
        self.ours = ours
        self.put = mock.Mock(side_effect=self._put)
        self.compute = types.SimpleNamespace(
            services=lambda **_: list(self.services.values()),
            servers=lambda **_: list(self.there),
            hypervisors=lambda **_: [
                types.SimpleNamespace(id=host, service_details={'host': host})
                for host in self.services
            ],
            put=self.put,
        )
        self.placement = types.SimpleNamespace(
            traits=lambda: [types.SimpleNamespace(name=TRAIT)],
            resource_providers=lambda **_: [
                types.SimpleNamespace(id=host) for host in self.ours
            ],
        )

    def _put(self, url: str, json: dict, microversion: str):
        found = self.services[url.removeprefix('/os-services/id-')]
        found.status = json['status']
        found.disabled_reason = json.get('disabled_reason')
        return mock.Mock(status_code=200)
