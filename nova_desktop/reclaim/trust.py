# SPDX-License-Identifier: Apache-2.0
"""Which messages are believed: a host may only speak of itself.

What a host wants is a statement of how it is now. One from before what it said
since is refused, also by the workers that did not hear the later one: that the
host lends again is passed on to all of them with its time. A request that
reaches a second worker as well asks for nothing more than it did at first.
"""

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

from oslo_log import log

from nova_desktop import keys, messages
from nova_desktop.messages import fields as check

LOG = log.getLogger(__name__)

_STATEMENTS = (messages.ReclaimRequest, messages.CapacityReturned)


def master_of(settings: Any) -> bytes | None:
    """Read the master key, None when there is none; raise BadValue."""
    path = settings.master_key_file
    if not path:
        LOG.warning(
            '[reclaim] master_key_file is not set: hosts are believed without '
            'a signature, so each can have the guests of any other evicted'
        )
        return None
    if settings.believe_unsigned:
        LOG.warning(
            '[reclaim] believe_unsigned is set: hosts without a key are '
            'believed, and so is whoever speaks in the name of one'
        )
    return keys.read(path, '[reclaim] master_key_file')


class Order:
    """The time of the latest statement of each host, by the host's clock."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._latest: dict[str, float] = {}
        self._swept_unix_s = 0.0

    def later(self, host: str, said_unix_s: float) -> bool:
        """Note a statement; say whether it is later than those known."""
        with self._lock:
            if said_unix_s <= self._latest.get(host, 0.0):
                return False
            self._sweep(said_unix_s)
            self._latest[host] = said_unix_s
            return True

    def is_latest(self, host: str, said_unix_s: float) -> bool:
        """Say whether no later statement is known."""
        with self._lock:
            return self._latest.get(host, 0.0) <= said_unix_s

    def _sweep(self, now: float) -> None:
        """Forget those that are so old that their age alone is refused."""
        if now - self._swept_unix_s < self._keep_s:
            return
        self._swept_unix_s = now
        oldest = now - self._keep_s
        self._latest = {h: t for h, t in self._latest.items() if t > oldest}


class Trust:
    """Judge messages by their seals; without a master key believe all."""

    def __init__(self, master: bytes | None, settings: Any) -> None:
        self._master = master
        self._strict = not settings.believe_unsigned
        age_s = settings.message_age_s
        self._hosts = messages.Gate(self._host_key, age_s)
        self._workers = messages.Gate(self._workers_key, age_s)
        self._order = Order(4 * age_s)

    def _host_key(self, host: str) -> bytes:
        return keys.of_host(self._master or b'', host)

    def _workers_key(self, worker: str) -> bytes:
        return keys.of_workers(self._master or b'')

    def host_client(self, transport: Any) -> messages.HostClient:
        """Give what speaks to hosts so that they believe it."""
        key_of = self._host_key if self._master else None
        return messages.HostClient(transport, key_of, self._strict)

    def signer(self, worker: str) -> messages.Signer:
        """Give what signs for the other workers."""
        key = self._workers_key(worker) if self._master else None
        return messages.Signer(worker, key)

    def from_host(self, kind: type[Any], fields: Any) -> Any:
        """Take a host's message; raise BadMessage if it is not believed."""
        given = _mapping(fields)
        seal = None
        if self._strict or messages.SEAL in given:
            seal = self._passed(self._hosts, kind, given)
        message = kind.from_wire(given)
        said_unix_s = 0.0
        if seal is not None:
            self._check_host(message, seal)
            said_unix_s = seal.sent_unix_s
        if isinstance(message, _STATEMENTS):
            return dataclasses.replace(message, said_unix_s=said_unix_s)
        return message

    def _check_host(self, message: Any, seal: messages.Seal) -> None:
        if message.host != seal.name:
            allowed = f'must be {seal.name}, whose key has signed it'
            raise check.bad('host', message.host, allowed)
        sent = seal.sent_unix_s
        statement = isinstance(message, _STATEMENTS)
        if statement and not self._order.later(message.host, sent):
            raise check.bad(
                'sent_unix_s', sent, 'must be after what the host said last'
            )

    def from_worker(self, kind: type[Any], fields: Any) -> Any:
        """Take another worker's message; raise BadMessage."""
        given = _mapping(fields)
        self._passed(self._workers, kind, given)
        return kind.from_wire(given)

    def is_news(self, message: messages.CapacityReturned) -> bool:
        """Say whether what another worker heard is later than all known."""
        said = message.said_unix_s
        return not said or self._order.later(message.host, said)

    def is_latest(self, request: messages.ReclaimRequest) -> bool:
        """Say whether its host has said nothing since, as far as is known."""
        said = request.said_unix_s
        return not said or self._order.is_latest(request.host, said)

    def _passed(
        self, gate: messages.Gate, kind: type[Any], fields: Mapping[str, Any]
    ) -> messages.Seal | None:
        if self._master is None:
            return None
        return gate.passed(kind.__name__, fields)


def _mapping(fields: Any) -> Mapping[str, Any]:
    return fields if isinstance(fields, dict) else {}


def claimed(fields: Any) -> object:
    """Give whom a message claims to be from."""
    seal = _mapping(_mapping(fields).get(messages.SEAL))
    given = _mapping(fields)
    return seal.get('name') or given.get('host') or given.get('worker')
