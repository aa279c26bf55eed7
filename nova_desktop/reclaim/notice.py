# SPDX-License-Identifier: Apache-2.0
"""Tell a guest and its tenant that it must go, or that it need not.

Four ways, none of which may hold up the eviction: the table that the metadata
service is answered from, the guest agent by way of the workstation, a
notification on the message bus, and the server's metadata.
"""

import dataclasses
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any, Protocol

from oslo_log import log

from nova_desktop import messages
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.hosts import Victim

LOG = log.getLogger(__name__)

EVENT = 'desktop.notice'


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


class Herald:
    """Give and withdraw notices."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        guests: Guests,
        emit: Emit,
        table: Table,
        settings: nouns.Settings,
        aside: futures.Executor,
    ) -> None:
        self._cloud = cloud
        self._guests = guests
        self._emit = emit
        self._table = table
        self._settings = settings
        self._aside = aside

    def give(self, victim: Victim, remembered: bool) -> None:
        """Tell that a server must go; the tenant only once."""
        notice = messages.Notice(
            server_id=victim.id,
            action=victim.action,
            deadline_unix_s=victim.deadline_unix_s,
            reason=victim.reason,
        )
        self._table.put(notice)
        self._apart(self._tell_guest, victim.host, notice)
        if remembered:
            return
        self._apart(self._emit_notice, victim.host, notice)
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
        notice = messages.Notice(
            server_id=victim.id,
            action='',
            deadline_unix_s=victim.deadline_unix_s,
            reason=why[:255],
        )
        self._apart(self._tell_guest, victim.host, notice)
        self._apart(self._emit_notice, victim.host, notice)
        return self.clear(victim.id)

    def forget(self, victim: Victim) -> None:
        """Keep a notice no longer than Nova's metadata do."""
        self._table.drop(victim.id)

    def left(self, victim: Victim) -> None:
        """End the notice of a server that has left."""
        self._table.drop(victim.id)
        self.clear(victim.id)

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

    def _apart(self, step: Callable[..., None], *args: Any) -> None:
        try:
            self._aside.submit(step, *args)
        except RuntimeError:
            LOG.info('stopping: %s is not told', args[0])

    def _tell_guest(self, host: str, notice: messages.Notice) -> None:
        if not host:
            return  # Shelved: there is no guest.
        try:
            taken = self._guests.notice(
                host, notice, self._settings.guest_timeout_s
            )
        except Exception as error:  # noqa: BLE001
            LOG.info(
                'guest agent of %s on %s is not told: %s',
                notice.server_id,
                host,
                error,
            )
            return
        LOG.debug('guest agent of %s: %s', notice.server_id, taken)

    def _emit_notice(self, host: str, notice: messages.Notice) -> None:
        try:
            self._emit(EVENT, {'host': host, **dataclasses.asdict(notice)})
        except Exception as error:  # noqa: BLE001
            LOG.warning(
                'notification %s of %s is lost: %s',
                EVENT,
                notice.server_id,
                error,
            )
