# SPDX-License-Identifier: Apache-2.0
"""Nova and Placement in the service's own words."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from nova_desktop import model
from nova_desktop.reclaim import nouns, rest

_PAGE = 500

_BODIES: Mapping[model.ReclaimAction, dict[str, Any]] = {
    model.ReclaimAction.LIVE_MIGRATE: {
        'os-migrateLive': {'host': None, 'block_migration': 'auto'}
    },
    model.ReclaimAction.COLD_MIGRATE: {'migrate': None},
    model.ReclaimAction.SUSPEND: {'suspend': None},
    model.ReclaimAction.SHELVE: {'shelve': None},
    model.ReclaimAction.STOP: {'os-stop': None},
    model.ReclaimAction.REBUILD: {'shelve': None},
}


def _unix(text: str | None) -> float:
    return nouns.unix_s(text) if text else 0.0


def _server(body: Mapping[str, Any]) -> nouns.Server:
    flavor = body.get('flavor')
    if flavor is None:
        raise nouns.CloudUnreachable(f'the cell of server {body["id"]}')
    since = body.get('OS-SRV-USG:launched_at') or body.get('created')
    return nouns.Server(
        id=body['id'],
        host=body.get('OS-EXT-SRV-ATTR:host') or '',
        node=body.get('OS-EXT-SRV-ATTR:hypervisor_hostname') or '',
        vm_state=body.get('OS-EXT-STS:vm_state') or body['status'].lower(),
        task_state=body.get('OS-EXT-STS:task_state'),
        memory_mib=flavor['ram'],
        vcpus=flavor['vcpus'],
        since_unix_s=_unix(since),
        extra_specs=flavor.get('extra_specs') or {},
        metadata=body.get('metadata') or {},
        disk_gib=flavor['disk'] + flavor['ephemeral'],
        locked=body.get('locked', False),
        created_unix_s=_unix(body.get('created')),
        user_id=body.get('user_id') or '',
        project_id=body.get('tenant_id') or '',
    )


def _compute(body: Mapping[str, Any]) -> nouns.Compute:
    disabled = body['status'] == 'disabled'
    return nouns.Compute(
        host=body['host'],
        up=body['state'] == 'up',
        forced_down=body['forced_down'],
        heard_unix_s=_unix(body['updated_at']),
        disabled=(body['disabled_reason'] or '') if disabled else None,
    )


class RestCloud:
    """The cloud by its REST APIs; see nouns.Cloud."""

    def __init__(self, client: rest.Rest) -> None:
        self._rest = client

    def user_id(self) -> str:
        """Give the user that this service acts as."""
        return self._rest.user_id()

    def _post(self, server_id: str, body: Mapping[str, Any]) -> str:
        url = f'/servers/{server_id}/action'
        response = self._rest.ask('compute', 'POST', url, json=body)
        if response.status_code == 404:
            raise nouns.CloudRefused(f'server {server_id} is gone')
        return str(response.headers.get('x-openstack-request-id', ''))

    def _servers(self, **filters: Any) -> list[nouns.Server]:
        found: list[nouns.Server] = []
        params = {'all_tenants': 1, 'limit': _PAGE, **filters}
        while True:
            body = self._rest.get('compute', '/servers/detail', **params)
            if body is None:
                raise nouns.CloudUnreachable('no list of servers at Nova')
            servers = body['servers']
            # Of those in a cell that is down Nova has little but the id.
            found.extend(_server(each) for each in servers if 'flavor' in each)
            if not servers or not body.get('servers_links'):
                return found
            params['marker'] = servers[-1]['id']

    def servers_of(self, host: str) -> list[nouns.Server]:
        """Give all projects' servers of a host."""
        # Nova's database compares as its collation does, without case.
        return [s for s in self._servers(host=host) if s.host == host]

    def all_servers(self) -> list[nouns.Server]:
        """Give all projects' servers."""
        return self._servers()

    def waiting(self) -> list[nouns.Server]:
        """Give all projects' servers that are offloaded or at rest."""
        found = []
        for status in ('SHELVED_OFFLOADED', 'SUSPENDED', 'SHUTOFF'):
            found += self._servers(status=status)
        return found

    def changed_since(self, unix_s: float) -> list[nouns.Server]:
        """Give all projects' servers that have changed since then."""
        since = datetime.datetime.fromtimestamp(unix_s, datetime.UTC)
        # The deleted ones would come too, unless told not to.
        return self._servers(
            **{'changes-since': since.isoformat(), 'deleted': False}
        )

    def server(self, server_id: str) -> nouns.Server | None:
        """Give a server, None when it is gone."""
        body = self._rest.get('compute', f'/servers/{server_id}')
        return None if body is None else _server(body['server'])

    def email_of(self, user_id: str) -> str:
        """Give the address that keystone has of a user, empty for none."""
        body = self._rest.get('identity', f'/users/{user_id}') or {}
        return str(body.get('user', {}).get('email') or '')

    def project_of(self, server_id: str) -> str | None:
        """Give whose a server is or was, None when none is known."""
        body = self._rest.get('compute', f'/servers/{server_id}')
        if body is not None:
            return str(body['server']['tenant_id'])
        # A deleted one is listed until the operator archives it.
        deleted = {'all_tenants': 1, 'deleted': 1, 'uuid': server_id}
        body = self._rest.get('compute', '/servers/detail', **deleted) or {}
        for server in body.get('servers', []):
            return str(server['tenant_id'])
        return None

    def is_compute(self, host: str) -> bool:
        """Say whether there is a nova-compute of that host."""
        return self.compute(host) is not None

    def compute(self, host: str) -> nouns.Compute | None:
        """Give the nova-compute of a host, None when there is none."""
        found = self._computes(host=host)
        return next((each for each in found if each.host == host), None)

    def act(self, action: model.ReclaimAction, server_id: str) -> str:
        """Start an action; give its request id, empty when unknown."""
        if action is model.ReclaimAction.DELETE:
            self._rest.ask('compute', 'DELETE', f'/servers/{server_id}')
            return ''
        body = _BODIES[action]
        if 'shelve' in body:
            # Nova's API notes that it shelves before it asks Glance, and
            # leaves a server in that state for ever where that fails.
            self._rest.require('image')
        return self._post(server_id, body)

    def nudge(self, name: str, server_id: str) -> None:
        """Start a further server action, such as confirmResize."""
        self._post(server_id, {name: None})

    def abort_live_migration(self, server_id: str) -> None:
        """Abort the live migration that is running, if any."""
        url = f'/servers/{server_id}/migrations'
        running = (self._rest.get('compute', url) or {}).get('migrations', [])
        for migration in running:
            self._rest.ask('compute', 'DELETE', f'{url}/{migration["id"]}')

    def set_metadata(self, server_id: str, key: str, value: str) -> None:
        """Set one key of a server's metadata."""
        url = f'/servers/{server_id}/metadata/{key}'
        self._rest.ask('compute', 'PUT', url, json={'meta': {key: value}})

    def delete_metadata(self, server_id: str, key: str) -> None:
        """Delete one key of a server's metadata, if it is there."""
        self._rest.ask(
            'compute', 'DELETE', f'/servers/{server_id}/metadata/{key}'
        )

    def actions(self, server_id: str) -> Sequence[nouns.ActionRecord]:
        """Give a server's instance actions, newest first."""
        url = f'/servers/{server_id}/os-instance-actions'
        records = (self._rest.get('compute', url) or {}).get(
            'instanceActions', []
        )
        return [
            nouns.ActionRecord(
                action=record['action'],
                user_id=record['user_id'] or '',
                request_id=record['request_id'],
                start=record['start_time'],
                failed=bool(record.get('message')),
            )
            for record in records
        ]

    def failure(self, server_id: str, request_id: str) -> str:
        """Say why an instance action failed, empty when unknown."""
        if not request_id:
            return ''
        url = f'/servers/{server_id}/os-instance-actions/{request_id}'
        body = self._rest.get('compute', url) or {}
        events = body.get('instanceAction', {}).get('events', [])
        return '; '.join(
            f'{event["event"]}: {event.get("details") or event["result"]}'
            for event in events
            if event.get('result') == 'Error'
        )

    def held_on(self, server_id: str) -> frozenset[str]:
        """Give the providers on which Placement counts a server."""
        body = self._rest.get('placement', f'/allocations/{server_id}') or {}
        return frozenset(body.get('allocations', {}))

    def provider(self, node: str) -> nouns.Provider | None:
        """Give a workstation's memory in Placement."""
        uuid = self._provider_uuid(node)
        return self._memory(uuid) if uuid else None

    def _provider_uuid(self, node: str) -> str | None:
        body = self._rest.get('placement', '/resource_providers', name=node)
        for provider in (body or {}).get('resource_providers', []):
            return str(provider['uuid'])
        return None

    def computes(self) -> list[nouns.Compute]:
        """Give every nova-compute."""
        return self._computes()

    def _computes(self, **filters: str) -> list[nouns.Compute]:
        asked = {'binary': 'nova-compute', **filters}
        body = self._rest.get('compute', '/os-services', **asked) or {}
        return [_compute(each) for each in body.get('services', [])]

    def workstations(self) -> int:
        """Count the workstations that Placement knows."""
        asked = {'required': model.TRAIT}
        body = self._rest.get('placement', '/resource_providers', **asked)
        return len((body or {}).get('resource_providers', []))

    def traits_of(self, node: str) -> frozenset[str]:
        """Give the traits of a node's provider, none when there is none."""
        uuid = self._provider_uuid(node)
        if uuid is None:
            return frozenset()
        url = f'/resource_providers/{uuid}/traits'
        body = self._rest.get('placement', url) or {}
        return frozenset(body.get('traits', []))

    def evacuate(self, server_id: str) -> None:
        """Start a server anew elsewhere, whose host is down."""
        self._post(server_id, {'evacuate': {}})

    def _memory(self, uuid: str) -> nouns.Provider | None:
        url = f'/resource_providers/{uuid}'
        stock = self._rest.get('placement', f'{url}/inventories') or {}
        usage = self._rest.get('placement', f'{url}/usages') or {}
        memory = stock.get('inventories', {}).get('MEMORY_MB')
        if memory is None:
            return None
        return nouns.Provider(
            uuid=uuid,
            total_mib=memory['total'],
            reserved_mib=memory['reserved'],
            used_mib=usage.get('usages', {}).get('MEMORY_MB', 0),
        )
