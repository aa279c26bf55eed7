# SPDX-License-Identifier: Apache-2.0
"""Tell a host's guests what its nova-compute foresees.

Nothing is done about it before the host asks. Guests that were promised a
longer notice than the host can then wait get their notice already now.
"""

import dataclasses
from collections.abc import Callable, Collection

from oslo_log import log

from nova_desktop import messages
from nova_desktop.messages import What
from nova_desktop.policy import victims
from nova_desktop.reclaim import grace, nouns
from nova_desktop.reclaim.foreseen import Foreseen, Risk
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.notice import Herald

LOG = log.getLogger(__name__)

# Farther ahead it is no forecast: the clock of the host is wrong.
_FARTHEST_S = 86400.0


class Risks:
    """Answer to what hosts foresee."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        foreseen: Foreseen,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        pass_on: Callable[[messages.AtRisk], object],
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._foreseen = foreseen
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._pass_on = pass_on

    def hear(self, message: messages.AtRisk) -> None:
        """Take a host's message and tell its guests and the other workers.

        All workers count with the one moment. Raises CloudError.
        """
        heard = dataclasses.replace(message, heard_unix_s=self._clock.unix())
        self._take(heard, tells=True)
        self._pass_on(heard)

    def note(self, message: messages.AtRisk) -> None:
        """Take what another worker tells the guests; raise CloudError."""
        self._take(message, tells=False)

    def _take(self, message: messages.AtRisk, tells: bool) -> None:
        ahead_s = message.until_unix_s - message.heard_unix_s
        if ahead_s > _FARTHEST_S:
            LOG.warning(
                '%s expects its owner in %.0f s: is its clock right?',
                message.host,
                ahead_s,
            )
            return
        guests = self._guests_of(message.host)
        self._foreseen.keep_only(message.host, {guest.id for guest in guests})
        told = 0
        for guest in guests:
            if message.odds:
                told += self._foresee(guest, message, tells)
            else:
                self._take_back(guest, message, tells)
        if told:
            LOG.info(
                '%s expects its owner (%.0f %%): %d servers are told',
                message.host,
                100 * message.odds,
                told,
            )

    def _guests_of(self, host: str) -> Collection[nouns.Server]:
        """Give whom it concerns: those that are told to go know already."""
        now = self._clock.unix()
        leaving = {victim.id for victim in self._hosts.victims(host)}
        return [
            server
            for server in self._cloud.servers_of(host)
            if server.tolerance.preemptible
            and server.holds_memory
            and server.id not in leaving
            and grace.remembered(server, now, self._settings) is None
        ]

    def _foresee(
        self, server: nouns.Server, message: messages.AtRisk, tells: bool
    ) -> bool:
        """Put it in force; say whether that is news for the server."""
        old = self._foreseen.get(server.id)
        risk = self._risk(server, message, old)
        self._foreseen.put(risk)
        if old is not None and _same(old.notice, risk.notice):
            return False
        if tells:
            self._herald.foretell(server, risk)
            self._note_early(risk)
        return True

    def _risk(
        self, server: nouns.Server, message: messages.AtRisk, old: Risk | None
    ) -> Risk:
        told = old.told_unix_s if old else message.heard_unix_s
        full_s = grace.full_notice_s(server.tolerance, self._settings)
        actions = victims.actions_allowed(server.vm_state, server.tolerance)
        action, deadline = '', message.until_unix_s
        if actions and full_s > message.within_s:
            action = actions[0].value
            before = self._foreseen.early(server.id)
            deadline = grace.early_unix_s(deadline, told, full_s, before)
        notice = messages.Notice(
            server_id=server.id,
            action=action,
            deadline_unix_s=deadline,
            reason=message.reason,
            odds=round(message.odds, 1) or 0.1,
        )
        return Risk(
            host=message.host,
            notice=notice,
            until_unix_s=message.until_unix_s,
            told_unix_s=told,
            ends_unix_s=message.heard_unix_s + message.valid_s,
        )

    def _note_early(self, risk: Risk) -> None:
        notice = risk.notice
        if not notice.action:
            return
        in_s = notice.deadline_unix_s - self._clock.unix()
        self._journal.note(
            What.NOTICED,
            notice.server_id,
            f'foreseen: to go by {notice.action} in {in_s:.0f} s if the host '
            f'needs it then: {notice.reason}',
            risk.host,
        )

    def _take_back(
        self, server: nouns.Server, message: messages.AtRisk, tells: bool
    ) -> None:
        old = self._foreseen.drop(server.id)
        if not tells:
            return
        # Also whom this worker has not told: its last run may have.
        self._herald.untell(server, message.reason, known=old is not None)
        if old is not None and old.notice.action:
            self._journal.note(
                What.WITHDRAWN, server.id, message.reason, message.host
            )


def _same(one: messages.Notice, other: messages.Notice) -> bool:
    return dataclasses.replace(one, odds=other.odds) == other
