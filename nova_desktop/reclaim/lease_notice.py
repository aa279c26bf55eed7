# SPDX-License-Identifier: Apache-2.0
"""Tell a server that its lease ends, or that it does not yet."""

import dataclasses
import datetime
import zlib
from concurrent import futures

from oslo_log import log

from nova_desktop.messages import What
from nova_desktop.policy.lease import Lease
from nova_desktop.reclaim import grace, lease, nouns
from nova_desktop.reclaim.host import Victim
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.lease_end import Outcome
from nova_desktop.reclaim.notice import Herald

LOG = log.getLogger(__name__)

ENDS = 'its lease ends'
_GOES_ON = 'its lease does not end now'
# Workers act at different moments, so that the later ones see the first's.
_STAGGER_MS = 3000
_TELLS = 3


@dataclasses.dataclass(eq=False)
class Ending:
    """A lease whose end was told; ``next_unix_s`` is when to act."""

    victim: Victim
    next_unix_s: float
    tells: int = 1
    failures: int = 0
    acting: futures.Future[Outcome] | None = None


class LeaseNotices:
    """Give and withdraw the notices of leases that end."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._evicted_since: dict[str, float] = {}

    def is_due(self, server: nouns.Server, agreed: Lease) -> bool:
        """Say whether it is time to tell: the next look would be late."""
        ahead_s = self._notice_s(server, agreed) + self._settings.lease_scan_s
        return self._clock.unix() >= agreed.ends_unix_s - ahead_s

    def _notice_s(self, server: nouns.Server, agreed: Lease) -> float:
        least_s = grace.full_notice_s(server.tolerance, self._settings)
        return agreed.notice_s(least_s, self._settings.lease_warning_s)

    @staticmethod
    def is_news(ending: Ending, server: nouns.Server, agreed: Lease) -> bool:
        """Say whether what was told does not hold any more, or was lost."""
        told = ending.victim
        if lease.place(server, agreed) != told.place:
            return True
        if agreed.ends_unix_s > told.deadline_unix_s:
            return True
        # An eviction that came between has taken its place.
        lost = server.takes_metadata and not lease.is_told(server)
        return lost and ending.tells < _TELLS

    def tell(
        self, server: nouns.Server, agreed: Lease, old: Ending | None
    ) -> Ending | None:
        """Tell a server of its lease's end; give what is told of it now."""
        if self._is_evicted(server):
            return old
        # Another worker may have told it since it was listed.
        fresh = self._cloud.server(server.id)
        if fresh is None:
            return old
        place = lease.place(fresh, agreed)
        before = lease.told_unix_s(fresh, agreed)
        # In the metadata it is in whole seconds.
        remembered = before is not None and before > agreed.ends_unix_s - 1
        same = old is not None and old.victim.place == place
        deadline = self._clock.unix() + self._notice_s(fresh, agreed)
        if remembered and before is not None:
            soonest = self._clock.unix() + self._settings.grace_min_s
            deadline = min(deadline, max(before, soonest))
        elif same and old is not None:
            deadline = old.victim.deadline_unix_s
        victim = Victim(
            fresh,
            fresh.host,
            ENDS,
            action=agreed.then.value,
            noticed_unix_s=self._clock.unix(),
            deadline_unix_s=max(agreed.ends_unix_s, deadline),
            place=place,
        )
        self._herald.give(victim, remembered)
        if not remembered:
            self._note_told(victim)
        tells = old.tells + 1 if same and old is not None else 1
        return Ending(victim, self._turn_unix_s(victim), tells)

    def _is_evicted(self, server: nouns.Server) -> bool:
        """Say whether an eviction is told, which goes first.

        What the metadata says of it the tenant may have written: it gains at
        most one full notice.
        """
        now = self._clock.unix()
        if server.id in self._hosts.leaving(server.host):
            return True
        if grace.remembered(server, now, self._settings) is None:
            self._evicted_since.pop(server.id, None)
            return False
        since = self._evicted_since.setdefault(server.id, now)
        full_s = grace.full_notice_s(server.tolerance, self._settings)
        return now < since + full_s

    def _note_told(self, victim: Victim) -> None:
        when = datetime.datetime.fromtimestamp(
            victim.deadline_unix_s, datetime.UTC
        )
        text = f'to go by {victim.action} at {when:%Y-%m-%dT%H:%M:%SZ}: {ENDS}'
        LOG.info('server %s is %s', victim.id, text)
        self._journal.note(What.NOTICED, victim.id, text, victim.host)

    def _turn_unix_s(self, victim: Victim) -> float:
        mark = f'{self._journal.worker}/{victim.id}'.encode()
        stagger_s = zlib.crc32(mark) % _STAGGER_MS / 1000
        return victim.deadline_unix_s + stagger_s

    def hear(self, ending: Ending, server: nouns.Server) -> None:
        """See whether the tenant agrees that it ends sooner."""
        if not grace.acknowledged(server) or not lease.is_told(server):
            return
        if ending.victim.old_ack:
            self._herald.forget_ack(ending.victim)
            return
        ending.next_unix_s = min(ending.next_unix_s, self._clock.unix())

    def withdraw(self, server: nouns.Server, ending: Ending | None) -> None:
        """Take back what was told, by whomever."""
        told = lease.is_told(server)
        if ending is None and not (told and server.takes_metadata):
            return
        if not told and grace.KEY in server.metadata:
            # It is an eviction's now, and not ours to take back.
            return
        victim = ending.victim if ending else Victim(server, server.host, ENDS)
        LOG.info('server %s: %s', server.id, _GOES_ON)
        self._herald.withdraw(victim, _GOES_ON)
        self._journal.note(What.WITHDRAWN, server.id, _GOES_ON, server.host)

    def forget_all_but(self, servers: dict[str, nouns.Server]) -> None:
        """Forget what is known of servers that are gone."""
        for server_id in self._evicted_since.keys() - servers.keys():
            del self._evicted_since[server_id]
