# SPDX-License-Identifier: Apache-2.0
"""Tell a guest and its tenant that it must go, or that it need not.

Five ways, none of which may hold up the eviction: the table that the metadata
service is answered from, the guest agent by way of the workstation, a
notification on the message bus, webhook and mail, and the server's metadata.
"""

import dataclasses
import threading
from collections.abc import Callable
from typing import Any, Protocol

from oslo_log import log

from nova_desktop import messages
from nova_desktop.messages import fields
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.aside import Aside
from nova_desktop.reclaim.foreseen import Foreseen, Risk
from nova_desktop.reclaim.host import Victim

LOG = log.getLogger(__name__)

EVENT = 'desktop.notice'
EVENT_AT_RISK = 'desktop.at_risk'
_MOVED = 'it has moved to another host'


class Table:
    """The notices in force, by server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notices: dict[str, messages.Notice] = {}

    def put(self, notice: messages.Notice) -> None:
        """Put a notice in force."""
        with self._lock:
            self._notices[notice.server_id] = notice

    def drop(self, server_id: str) -> None:
        """End a notice."""
        with self._lock:
            self._notices.pop(server_id, None)

    def get(self, server_id: str) -> messages.Notice | None:
        """Give the notice in force for a server."""
        with self._lock:
            return self._notices.get(server_id)


class Guests(Protocol):
    """Passes a notice into a guest; messages.HostClient is one."""

    def notice(
        self, host: str, notice: messages.Notice, timeout_s: float
    ) -> bool:
        """Say whether the guest took it."""


def _not_updated(server_id: str, error: nouns.CloudError) -> None:
    # Nova has no metadata to change while it works on a server, nor while
    # that is shelved; the other ways told already.
    LOG.info('metadata of server %s is not updated: %s', server_id, error)


Emit = Callable[[str, dict[str, Any]], None]

Outward = Callable[[str, messages.Notice, nouns.Server], None]
"""Tell tenants outside of the cloud, without delay for the caller."""


def _nothing(server_id: str, when: float, why: str) -> messages.Notice:
    return messages.Notice(server_id, '', when, why[: fields.MAX_TEXT])


class Herald:
    """Give and withdraw notices."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        guests: Guests,
        emit: Emit,
        table: Table,
        settings: nouns.Settings,
        tellers: Aside,
        aside: Aside,
        foreseen: Foreseen,
        outward: Outward,
    ) -> None:
        self._cloud = cloud
        self._guests = guests
        self._send = emit
        self._table = table
        self._settings = settings
        self._tellers = tellers
        self._aside = aside
        self._foreseen = foreseen
        self._outward = outward

    def give(self, victim: Victim, remembered: bool) -> None:
        """Tell that a server must go; the tenant only once."""
        notice = messages.Notice(
            server_id=victim.id,
            action=victim.action,
            deadline_unix_s=victim.deadline_unix_s,
            reason=victim.reason,
        )
        self._table.put(notice)
        self._tellers.submit(victim.id, self._tell_victim, victim, notice)
        if remembered:
            return
        self._emit(EVENT, victim.host, notice)
        self._outward(victim.host, notice, victim.server)
        value = grace.render(
            notice.action,
            notice.deadline_unix_s,
            notice.reason,
            victim.place or grace.place(victim.server),
        )
        if grace.ACK_KEY in victim.server.metadata:
            self.forget_ack(victim)
        try:
            self._cloud.set_metadata(victim.id, grace.KEY, value)
        except nouns.CloudError as error:
            _not_updated(victim.id, error)

    def forget_ack(self, victim: Victim) -> None:
        """Delete an acknowledgement of some former notice."""
        victim.old_ack = not self._delete(victim.id, grace.ACK_KEY)

    def withdraw(self, victim: Victim, why: str) -> bool:
        """Tell that a server need not go; say whether Nova took it too."""
        self._table.drop(victim.id)
        self._foreseen.drop(victim.id)
        notice = _nothing(victim.id, victim.deadline_unix_s, why)
        self._tellers.submit(victim.id, self._tell_guest, victim.host, notice)
        self._emit(EVENT, victim.host, notice)
        self._outward(victim.host, notice, victim.server)
        return self.clear(victim.id)

    def forget(self, victim: Victim) -> None:
        """Keep a notice no longer than Nova's metadata do."""
        self._table.drop(victim.id)

    def left(self, victim: Victim) -> None:
        """End the notice of a server that has left."""
        self._table.drop(victim.id)
        self._foreseen.drop(victim.id)
        # Also instead of a notice that still waits, or after one that runs.
        self._tellers.submit(victim.id, self._tell_arrived, victim)
        self.clear(victim.id)

    def foretold(self, server_id: str) -> float | None:
        """Give the deadline that a server was told before it was needed."""
        return self._foreseen.early(server_id)

    def foretell(self, server: nouns.Server, risk: Risk) -> None:
        """Tell what may come; nothing of it is in the server's metadata."""
        event = EVENT if risk.notice.action else EVENT_AT_RISK
        self._tell_unless_noticed(risk.host, risk.notice)
        self._emit(event, risk.host, risk.notice)
        self._outward(risk.host, risk.notice, server)

    def untell(self, server: nouns.Server, why: str, known: bool) -> None:
        """Tell that it is not to be expected any more."""
        notice = _nothing(server.id, 0.0, why)
        self._tell_unless_noticed(server.host, notice)
        if known:
            self._emit(EVENT_AT_RISK, server.host, notice)
            self._outward(server.host, notice, server)

    def clear(self, server_id: str) -> bool:
        """Take the notice out of a server's metadata; say if that worked."""
        cleared = self._delete(server_id, grace.KEY)
        if cleared:
            self._delete(server_id, grace.ACK_KEY)
        return cleared

    def _delete(self, server_id: str, key: str) -> bool:
        try:
            self._cloud.delete_metadata(server_id, key)
        except nouns.CloudError as error:
            _not_updated(server_id, error)
            return False
        return True

    def _tell_victim(self, victim: Victim, notice: messages.Notice) -> None:
        victim.by_agent = self._tell_guest(victim.host, notice)

    def _tell_unless_noticed(self, host: str, notice: messages.Notice) -> None:
        # A notice counts more, and also one that comes before it is told.
        def noticed() -> bool:
            return self._table.get(notice.server_id) is not None

        def tell() -> None:
            if not noticed():
                self._tell_guest(host, notice)

        self._tellers.submit(notice.server_id, tell, unless=noticed)

    def _tell_arrived(self, victim: Victim) -> None:
        """Tell a guest that went on elsewhere, with the notice in its file."""
        if not victim.by_agent:
            return
        try:
            server = self._cloud.server(victim.id)
        except nouns.CloudError as error:
            LOG.info('server %s cannot be read: %s', victim.id, error)
            return
        if server is not None and server.host not in ('', victim.host):
            self._tell_guest(server.host, _nothing(victim.id, 0.0, _MOVED))

    def _tell_guest(self, host: str, notice: messages.Notice) -> bool:
        """Say whether a guest may have taken it: a late answer is no no."""
        if not host:
            return False  # Shelved: there is no guest.
        try:
            taken = self._guests.notice(
                host, notice, self._settings.guest_timeout_s
            )
        except Exception as error:  # noqa: BLE001
            LOG.info(
                'guest agent of %s on %s is perhaps not told: %s',
                notice.server_id,
                host,
                error,
            )
            return True
        LOG.debug('guest agent of %s: %s', notice.server_id, taken)
        return taken

    def _emit(self, event: str, host: str, notice: messages.Notice) -> None:
        key = f'{event} {notice.server_id}'
        self._aside.submit(key, self._emit_now, event, host, notice)

    def _emit_now(
        self, event: str, host: str, notice: messages.Notice
    ) -> None:
        try:
            self._send(event, {'host': host, **dataclasses.asdict(notice)})
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'notification %s of %s is lost: %s',
                event,
                notice.server_id,
                error,
            )
