# SPDX-License-Identifier: Apache-2.0
"""Ask guests whether they agree to go sooner.

A guest has no credentials for Nova's API, so it writes a file that its host
reads for us. Threads of its own: a host that hangs delays no notice.
"""

import threading
from concurrent import futures
from typing import Protocol

from oslo_log import log

from nova_desktop import exception
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.host import Victim

LOG = log.getLogger(__name__)


class Readers(Protocol):
    """Read what a guest agreed to; messages.HostClient is one."""

    def acknowledged(self, host: str, server_id: str, timeout_s: float) -> str:
        """Give it, empty for nothing; raise HostSilent or BadMessage."""


class GuestAcks:
    """Ask for each victim at most one question at a time."""

    def __init__(
        self,
        guests: Readers,
        settings: nouns.Settings,
        askers: futures.Executor,
    ) -> None:
        self._guests = guests
        self._settings = settings
        self._askers = askers
        self._lock = threading.Lock()
        self._asked: set[str] = set()

    def agrees(self, victim: Victim) -> bool:
        """Say whether it agreed when it was last asked; ask it anew.

        Only whom the guest agent told can answer.
        """
        if victim.by_agent and not victim.agrees:
            self._ask_aside(victim)
        return victim.agrees

    def _ask_aside(self, victim: Victim) -> None:
        with self._lock:
            if victim.id in self._asked:
                return
            self._asked.add(victim.id)
        try:
            self._askers.submit(self._ask, victim)
        except RuntimeError:
            LOG.debug('stopping: %s is not asked', victim.id)

    def _ask(self, victim: Victim) -> None:
        try:
            text = self._guests.acknowledged(
                victim.host, victim.id, self._settings.guest_timeout_s
            )
        except (exception.HostSilent, exception.BadMessage) as error:
            LOG.info('guest %s cannot be asked: %s', victim.id, error)
            return
        finally:
            with self._lock:
                self._asked.discard(victim.id)
        victim.agrees = grace.agreed(text, victim.deadline_unix_s)
