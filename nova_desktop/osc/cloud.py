# SPDX-License-Identifier: Apache-2.0
"""What Nova and Placement tell, in as few requests as there are.

Placement has no list of inventories, but names all hosts with a trait in one
request, and what is offered and used of all that have room in another.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from osc_lib import exceptions

from nova_desktop.model import TRAIT

CLASSES = ('VCPU', 'MEMORY_MB', 'DISK_GB')

_PAGE = 1000
# 2.88 took sizes and the number of instances out of a host's description.
_HYPERVISORS = '2.87'
# From 2.47 on with the flavor's extra specs, and 2.21 with deleted servers.
_SERVERS = '2.90'
# 1.18 asks by trait, 1.27 tells all classes of a candidate, 1.29 of a tree.
_PLACEMENT = '1.36'

Offers = dict[str, Mapping[str, Mapping[str, int]]]
"""Capacity and use by provider and resource class."""


def _told(response: Any) -> str:
    """Give what Nova or Placement says against a request."""
    try:
        found = next(iter(response.json().values()))
        error = found[0] if isinstance(found, list) else found
        said = error.get('message') or error['detail']
    except (ValueError, AttributeError, LookupError, StopIteration):
        said = response.text
    return str(said)[:300]


def _get(
    service: Any, name: str, url: str, version: str, **params: Any
) -> Any:
    """Give a body, None when there is no such thing."""
    response = service.get(url, microversion=version, params=params)
    if response.status_code == 404:
        return None
    if response.status_code >= 400:
        raise exceptions.CommandError(
            f'{name} refused GET {url}: {response.status_code} '
            f'{_told(response)}'
        )
    return response.json()


class Cloud:
    """Asks Nova and Placement as the user; raises CommandError."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def _nova(self, url: str, version: str, **params: Any) -> Any:
        return _get(self._connection.compute, 'Nova', url, version, **params)

    def _placement(self, url: str, **params: Any) -> Any:
        service = self._connection.placement
        return _get(service, 'Placement', url, _PLACEMENT, **params) or {}

    def workstations(self) -> dict[str, str]:
        """Give the names of all workstations by the ids of their providers."""
        body = self._placement('/resource_providers', required=TRAIT)
        found = body.get('resource_providers', [])
        return {each['uuid']: each['name'] for each in found}

    def offers(self) -> Offers:
        """Give what is offered and used of each that takes any guest.

        One that is full in a resource is still a candidate for another.
        """
        found: Offers = {}
        for name in CLASSES:
            body = self._placement(
                '/allocation_candidates',
                resources=f'{name}:1',
                required=TRAIT,
            )
            summaries = body.get('provider_summaries', {})
            found |= {
                key: each['resources'] for key, each in summaries.items()
            }
        return found

    def hypervisors(self) -> Iterator[Mapping[str, Any]]:
        """Give every compute host, page by page."""
        params: dict[str, Any] = {'limit': _PAGE}
        while True:
            body = self._nova('/os-hypervisors/detail', _HYPERVISORS, **params)
            found = (body or {}).get('hypervisors', [])
            yield from found
            if not found or not body.get('hypervisors_links'):
                return
            params['marker'] = found[-1]['id']

    def hypervisor(self, host: str) -> Mapping[str, Any]:
        """Give one compute host by its own name or its node's."""
        url = '/os-hypervisors/detail'
        asked = {'hypervisor_hostname_pattern': host}
        body = self._nova(url, _HYPERVISORS, **asked) or {}
        for found in (body.get('hypervisors', []), self.hypervisors()):
            for each in found:
                names = (each['service']['host'], each['hypervisor_hostname'])
                if host in names:
                    return dict(each)
        raise exceptions.CommandError(f'Nova knows no compute host {host!r}')

    def is_workstation(self, provider: str) -> bool:
        """Say whether a provider has the trait."""
        body = self._placement(f'/resource_providers/{provider}/traits')
        return TRAIT in body.get('traits', [])

    def inventories(self, provider: str) -> Mapping[str, Mapping[str, Any]]:
        """Give the inventory of a provider by resource class."""
        body = self._placement(f'/resource_providers/{provider}/inventories')
        return dict(body.get('inventories', {}))

    def usages(self, provider: str) -> Mapping[str, int]:
        """Give what is used of a provider by resource class."""
        body = self._placement(f'/resource_providers/{provider}/usages')
        return dict(body.get('usages', {}))

    def server(self, server_id: str) -> Mapping[str, Any] | None:
        """Give a server, None when there is none."""
        body = self._nova(f'/servers/{server_id}', _SERVERS)
        return None if body is None else dict(body['server'])

    def actions(self, server_id: str) -> list[Mapping[str, Any]]:
        """Give a server's instance actions, also when it is deleted."""
        url = f'/servers/{server_id}/os-instance-actions'
        body = self._nova(url, _SERVERS) or {}
        return list(body.get('instanceActions', []))
