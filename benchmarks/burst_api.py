# SPDX-License-Identifier: Apache-2.0
"""What keystone, Nova and Placement answer, by the books of a cloud."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib import parse

from benchmarks.burst_cloud import (
    MEMORY_MIB,
    NOTICE_S,
    Answer,
    Cloud,
    Refused,
    Server,
    uuid_of,
)

TOKEN = 'token'  # noqa: S105
_USER = {'id': 'us', 'name': 'us', 'domain': {'id': 'default', 'name': 'D'}}
_VERSIONS = {
    'compute': {'id': 'v2.1', 'version': '2.104', 'min_version': '2.1'},
    'placement': {
        'id': 'v1.0',
        'max_version': '1.39',
        'min_version': '1.0',
    },
}
_ACTIONS = {'os-migrateLive': Cloud.migrate, 'shelve': Cloud.shelve}


class Api:
    """Answer requests, whatever carries them."""

    def __init__(self, cloud: Cloud, url: str) -> None:
        self._cloud = cloud
        self._url = url
        self._names: dict[str, str] = {}
        self.last_s = time.monotonic()

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """Answer one request with a status and what is to be JSON."""
        path, _, query = target.partition('?')
        service, *parts = path.strip('/').split('/')
        sent = json.loads(body) if body else {}
        try:
            if service == 'bench':
                return 200, self._bench(parts, sent)
            if service == 'identity':
                return 201, {'token': self._token()}
            if len(parts) < 2 and service in _VERSIONS:
                return 200, self._versions(service)
            asked = dict(parse.parse_qsl(query))
            act = self._placement if service == 'placement' else self._compute
            return act(method, parts, asked, sent)
        except Refused as refused:
            return refused.status, {}

    def _bench(self, parts: Sequence[str], sent: Mapping[str, Any]) -> Any:
        if parts == ['fill']:
            self._cloud.fill(**sent)
        if parts == ['unmet']:
            return self._cloud.unmet()
        quiet_s = time.monotonic() - self.last_s
        return {**self._cloud.report(), 'quiet_s': quiet_s}

    def _token(self) -> dict[str, Any]:
        return {
            'user': _USER,
            'methods': ['password'],
            'project': {**_USER, 'id': 'service', 'name': 'service'},
            'roles': [{'id': 'admin', 'name': 'admin'}],
            'issued_at': '2026-01-01T00:00:00.000000Z',
            'expires_at': '2999-01-01T00:00:00.000000Z',
            'catalog': [
                {
                    'type': service,
                    'name': service,
                    'id': service,
                    'endpoints': [
                        {
                            'id': service,
                            'interface': 'public',
                            'region': 'one',
                            'region_id': 'one',
                            'url': self._endpoint(service),
                        }
                    ],
                }
                for service in _VERSIONS
            ],
        }

    def _endpoint(self, service: str) -> str:
        return f'{self._url}/{service}/v1/'

    def _versions(self, service: str) -> dict[str, Any]:
        links = [{'rel': 'self', 'href': self._endpoint(service)}]
        told = {**_VERSIONS[service], 'status': 'CURRENT', 'links': links}
        return {'version': told}

    def _compute(
        self,
        method: str,
        parts: Sequence[str],
        asked: Mapping[str, str],
        sent: Mapping[str, Any],
    ) -> Answer:
        _, *rest = parts
        if rest[0] != 'servers':
            return 200, {'services': []}  # The service's look at its health.
        self.last_s = time.monotonic()
        if rest[1] == 'detail':
            here = self._cloud.by_host.get(asked.get('host', ''), {})
            return 200, {'servers': [_shown(each) for each in here.values()]}
        server = self._cloud.server(rest[1])
        if method == 'GET':
            listed = {'server': _shown(server), 'instanceActions': []}
            return 200, listed
        return self._change(method, server.id, rest[2:], sent)

    def _change(
        self,
        method: str,
        server_id: str,
        rest: Sequence[str],
        sent: Mapping[str, Any],
    ) -> Answer:
        if not rest:
            self._cloud.delete(server_id)
            return 204, None
        if rest[0] == 'action':
            (name,) = sent
            if name not in _ACTIONS:
                return 400, {}
            _ACTIONS[name](self._cloud, server_id)
            return 202, None
        key = rest[1]
        if method == 'DELETE':
            self._cloud.delete_metadata(server_id, key)
            return 204, None
        self._cloud.set_metadata(server_id, key, sent['meta'][key])
        return 200, sent

    def _placement(
        self,
        method: str,
        parts: Sequence[str],
        asked: Mapping[str, str],
        sent: Mapping[str, Any],
    ) -> Answer:
        _, *rest = parts
        if rest[0] == 'allocations':
            server = self._cloud.consumers.get(rest[1])
            held = map(uuid_of, server.held if server else ())
            return 200, {'allocations': {provider: {} for provider in held}}
        if len(rest) == 1:
            name = asked['name']
            self._names[uuid_of(name)] = name
            found = {'uuid': uuid_of(name), 'name': name}
            return 200, {'resource_providers': [found]}
        return 200, self._memory(rest[1])

    def _memory(self, provider: str) -> dict[str, Any]:
        """Give what a workstation has, all reserved, and what is used."""
        used = MEMORY_MIB * self._cloud.used[self._names[provider]]
        stock = {'total': 1024 * MEMORY_MIB, 'reserved': 1024 * MEMORY_MIB}
        return {
            'inventories': {'MEMORY_MB': stock},
            'usages': {'MEMORY_MB': used},
        }


def _shown(server: Server) -> dict[str, Any]:
    return {
        'id': server.id,
        'status': server.vm_state.upper(),
        'OS-EXT-SRV-ATTR:host': server.host or None,
        'OS-EXT-SRV-ATTR:hypervisor_hostname': server.host or None,
        'OS-EXT-STS:vm_state': server.vm_state,
        'OS-EXT-STS:task_state': server.task_state,
        'OS-SRV-USG:launched_at': '2026-01-01T00:00:00.000000',
        'created': '2026-01-01T00:00:00Z',
        'metadata': server.metadata,
        'locked': False,
        'user_id': 'tenant',
        'tenant_id': 'project',
        'flavor': {
            'ram': MEMORY_MIB,
            'vcpus': 1,
            'disk': 1,
            'ephemeral': 0,
            'extra_specs': {
                'desktop:preemptible': 'true',
                'desktop:on_reclaim': server.way,
                'desktop:notice': str(NOTICE_S),
            },
        },
    }
