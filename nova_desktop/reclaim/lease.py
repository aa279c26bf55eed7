# SPDX-License-Identifier: Apache-2.0
"""Read a server's lease from what Nova knows of it.

Nothing is remembered: Nova has when the server was created, its flavor, its
tenant's words in the metadata and who unshelved it. A lease starts when the
server is created, which no tenant can move; it starts anew when somebody else
unshelves what this service had shelved. Shelved time counts.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence

from nova_desktop import model
from nova_desktop.policy import lease
from nova_desktop.policy.lease import Lease
from nova_desktop.reclaim import grace, nouns

Agreed = tuple[Lease | None, tuple[str, ...]]

_PLACE = 'lease-'
# Nova has the one time to the microsecond, the other to the second.
_SECOND = 1
_NOT_YET = ('building', 'deleted', 'soft-delete')
_SHELVED = ('shelved_offloaded',)


def start_unix_s(
    server: nouns.Server, records: Sequence[nouns.ActionRecord], user: str
) -> float:
    """Give when a server's lease started; ``user`` is who this service is.

    Of the records, newest first, one that came after the latest start on a
    host has brought nothing back: no host took the server.
    """
    begun = 0.0
    for record in records:
        if record.failed or record.action not in ('shelve', 'unshelve'):
            continue
        ours = record.user_id == user
        if record.action == 'unshelve' and not ours:
            begun = record.start_unix_s
        elif begun and ours and begun < server.since_unix_s + _SECOND:
            return max(begun, server.created_unix_s)
        else:
            begun = 0.0
    return server.created_unix_s


def nothing_to_do(server: nouns.Server, then: model.ReclaimAction) -> bool:
    """Say whether a server is what the end of its lease would make it."""
    shelve = then is model.ReclaimAction.SHELVE
    return server.vm_state in _NOT_YET + (_SHELVED if shelve else ())


def place(server: nouns.Server, agreed: Lease) -> str:
    """Give a mark of a lease, for the notice of its end."""
    mark = f'{server.id}/{agreed.start_unix_s}/{agreed.then}'
    return _PLACE + hashlib.sha256(mark.encode()).hexdigest()[:8]


def is_told(server: nouns.Server) -> bool:
    """Say whether the notice in a server's metadata is of its lease's end."""
    fields = grace.parse(server.metadata.get(grace.KEY))
    return str(fields.get('place', '')).startswith(_PLACE)


def told_unix_s(server: nouns.Server, agreed: Lease) -> float | None:
    """Give the deadline in a server's metadata of this lease's notice."""
    fields = grace.parse(server.metadata.get(grace.KEY))
    if fields.get('place') != place(server, agreed):
        return None
    return float(fields['deadline'])


class Reader:
    """Tells the leases of servers; safe to use from any thread."""

    def __init__(self, cloud: nouns.Cloud, settings: nouns.Settings) -> None:
        self._cloud = cloud
        self._settings = settings
        self._starts: dict[str, tuple[float, float]] = {}

    def of(self, server: nouns.Server) -> Agreed:
        """Give a server's lease, and what its tenant wrote in vain.

        A locked server is not deleted, which a lock is to prevent, but
        shelved: otherwise nobody's lease would bind. Raises CloudError.
        """
        if not self._counts(server):
            return None, ()
        guest, words = server.tolerance, server.metadata
        longest_s = 60 * self._settings.lease_max_min
        created = server.created_unix_s
        agreed, told = lease.agree(guest, words, created, longest_s)
        if agreed is None:
            return None, told
        agreed = dataclasses.replace(agreed, start_unix_s=self._start(server))
        if server.locked:
            then = model.ReclaimAction.SHELVE
            agreed = dataclasses.replace(agreed, then=then)
        return agreed, told

    def is_over(self, server: nouns.Server, now_unix_s: float) -> bool:
        """Say whether a server has a lease that is over; raises CloudError."""
        agreed, _ = self.of(server)
        return agreed is not None and agreed.ends_unix_s <= now_unix_s

    def keep(self, server_ids: Iterable[str]) -> None:
        """Forget all servers but these."""
        known = set(server_ids)
        for server_id in list(self._starts):
            if server_id not in known:
                self._starts.pop(server_id, None)

    def _counts(self, server: nouns.Server) -> bool:
        if not self._settings.lease_scan_s:
            return False
        any_server = self._settings.lease_any_server
        return any_server or server.tolerance.preemptible

    def _start(self, server: nouns.Server) -> float:
        """Give when the lease started; asks Nova once for each unshelving."""
        known = self._starts.get(server.id)
        if known is not None and known[0] == server.since_unix_s:
            return known[1]
        records = self._cloud.actions(server.id)
        start = start_unix_s(server, records, self._cloud.user_id())
        self._starts[server.id] = (server.since_unix_s, start)
        return start
