# SPDX-License-Identifier: Apache-2.0
"""A cloud's books: what Nova and Placement would allow, and who did what.

States as nova/compute/api.py checks them: a live migration and a shelving
want a server with no task, metadata a server that is not shelved, a deletion
nothing at all.
"""

import collections
import dataclasses
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from nova_desktop.reclaim import grace

MEMORY_MIB = 1024
SPARE = 'spare'
"""Where migrated servers go to."""
WAYS = ('live-migrate', 'shelve', 'delete')
"""What a flavor's guests do on reclaim, one kind after the other."""
NOTICE_S = 5
COUNTED = (
    'twice',
    'without_notice',
    'early',
    'told_again',
    'conflicts',
    'deletes_repeated',
)
_HAS_METADATA = ('active', 'paused', 'suspended', 'stopped')
_EARLY_S = 1.0
_LAG_S = 0.1

Answer = tuple[int, Any]
Later = Callable[[float, Callable[[], object]], object]


class Refused(Exception):
    """What Nova answers instead."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclasses.dataclass(eq=False)
class Server:
    """A server with its allocations, by host, and what was done to it."""

    id: str
    host: str
    way: str
    vm_state: str = 'active'
    task_state: str | None = None
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)
    held: set[str] = dataclasses.field(default_factory=set)
    notice_unix_s: float | None = None
    acts: int = 0


def uuid_of(name: str) -> str:
    """Give the id of a provider, or of a server, by its name."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


class Cloud:
    """For one thread; what takes time goes on by ``later``."""

    def __init__(self, later: Later, action_s: float) -> None:
        self._later = later
        self._action_s = action_s
        self.fill('', 0, 0)

    def fill(self, start: str, hosts: int, guests: int) -> None:
        """Begin anew, with workstations full of guests; all want to go."""
        self.servers: dict[str, Server] = {}
        self.consumers: dict[str, Server] = {}
        self.by_host: dict[str, dict[str, Server]] = {}
        self.used = collections.Counter[str]()
        self.freed_s: dict[str, float] = {}
        self.counts = dict.fromkeys(COUNTED, 0)
        for number in range(hosts):
            host = host_name(number)
            self.by_host[host] = {}
            for guest in range(guests):
                server_id = uuid_of(f'{start} {host} {guest}')
                way = WAYS[(number + guest) % len(WAYS)]
                made = Server(server_id, host, way)
                self._hold(made, host)
                self.servers[server_id] = self.by_host[host][server_id] = made
                self.consumers[server_id] = made

    def _hold(self, server: Server, *hosts: str) -> None:
        """Have the allocations of a server on those hosts and no others."""
        before, server.held = server.held, set(hosts)
        self.used.update(server.held)
        self.used.subtract(before)
        for host in before:
            if not self.used[host]:
                self.freed_s[host] = time.monotonic()

    def server(self, server_id: str) -> Server:
        """Give a server; raise Refused."""
        found = self.servers.get(server_id)
        if found is None:
            raise Refused(404)
        return found

    def set_metadata(self, server_id: str, key: str, value: str) -> None:
        """Take one key; raise Refused."""
        server = self._with_metadata(server_id)
        server.metadata[key] = value
        if key == grace.KEY:
            self._notice(server, json.loads(value)['deadline'])

    def _notice(self, server: Server, deadline_unix_s: float) -> None:
        """Note the first word; two workers may not know of each other's."""
        if server.notice_unix_s is None:
            server.notice_unix_s = deadline_unix_s
        else:
            self.counts['told_again'] += 1

    def delete_metadata(self, server_id: str, key: str) -> None:
        """Drop one key; raise Refused."""
        server = self._with_metadata(server_id)
        if server.metadata.pop(key, None) is None:
            raise Refused(404)

    def _with_metadata(self, server_id: str) -> Server:
        server = self.server(server_id)
        if server.vm_state not in _HAS_METADATA:
            self._conflict()
        return server

    def _conflict(self) -> None:
        self.counts['conflicts'] += 1
        raise Refused(409)

    def migrate(self, server_id: str) -> None:
        """Begin a live migration; raise Refused."""
        server = self._idle(server_id, 'active', 'paused')
        self._hold(server, server.host, SPARE)
        self._begin(server, 'migrating', lambda: self._moved(server))

    def shelve(self, server_id: str) -> None:
        """Begin to shelve and offload; raise Refused."""
        server = self._idle(server_id, *_HAS_METADATA)
        self._begin(server, 'shelving', lambda: self._offloaded(server))

    def delete(self, server_id: str) -> None:
        """Begin to delete; Nova takes it in any state. Raise Refused."""
        server = self.server(server_id)
        if server.task_state == 'deleting':
            # The second one waits for the first, and finds nothing.
            self.counts['deletes_repeated'] += 1
            return
        self._begin(server, 'deleting', lambda: self._deleted(server))

    def _idle(self, server_id: str, *states: str) -> Server:
        server = self.server(server_id)
        if server.vm_state not in states or server.task_state is not None:
            self._conflict()
        return server

    def _begin(
        self, server: Server, task: str, end: Callable[[], object]
    ) -> None:
        server.acts += 1
        self.counts['twice'] += server.acts > 1
        noticed = server.notice_unix_s
        self.counts['without_notice'] += noticed is None
        if noticed is not None and time.time() < noticed - _EARLY_S:
            self.counts['early'] += 1
        server.task_state = task
        self._later(self._action_s, end)

    def _moved(self, server: Server) -> None:
        self._leave(server, SPARE)

    def _offloaded(self, server: Server) -> None:
        server.vm_state = 'shelved_offloaded'
        self._leave(server)

    def _deleted(self, server: Server) -> None:
        self.servers.pop(server.id, None)
        self._leave(server)

    def _leave(self, server: Server, *to: str) -> None:
        """Have a server elsewhere, or nowhere; Placement follows."""
        self.by_host.get(server.host, {}).pop(server.id, None)
        server.host, server.task_state = ''.join(to), None
        self._later(_LAG_S, lambda: self._hold(server, *to))

    def unmet(self) -> list[str]:
        """Give the hosts that hold guests, or allocations of some."""
        return [host for host in self.by_host if self.used[host]]

    def report(self) -> dict[str, Any]:
        """Give the books."""
        return {
            **self.counts,
            'unmet': len(self.unmet()),
            'settled_s': max(self.freed_s.values(), default=0.0),
            'told': sum(
                grace.KEY in server.metadata
                for server in self.servers.values()
                if server.vm_state in _HAS_METADATA
            ),
        }


def host_name(number: int) -> str:
    """Give a workstation's name."""
    return f'desk{number:05}'
