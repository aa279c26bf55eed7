# SPDX-License-Identifier: Apache-2.0
"""End one lease: re-check -> act -> confirm, after its notice is over."""

import dataclasses
import enum
import threading

from oslo_log import log

from nova_desktop import model
from nova_desktop.messages import What
from nova_desktop.policy.lease import Lease
from nova_desktop.reclaim import lease, nouns
from nova_desktop.reclaim.attempt import Attempt
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.host import Victim
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.leaving import Leaving

LOG = log.getLogger(__name__)

OVER = 'its lease is over'
_DONE = {
    model.ReclaimAction.SHELVE: 'shelved',
    model.ReclaimAction.DELETE: 'deleted',
}


class Outcome(enum.StrEnum):
    """What came of ending a lease."""

    OVER = 'over'
    CHANGED = 'changed'
    BUSY = 'busy'
    FAILED = 'failed'


class LeaseEnd:
    """Shelve or delete servers whose lease is over."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        leases: lease.Reader,
        leaving: Leaving,
        eviction: Eviction,
        journal: Journal,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._leases = leases
        self._leaving = leaving
        self._eviction = eviction
        self._journal = journal
        self._clock = clock
        self._stop = stop

    def run(self, told: Victim) -> Outcome:
        """End the lease of a server that was told; raises CloudError.

        A server that this worker evicts just now is not touched. While it is
        ended here, no plan counts on evicting it. Another worker's act shows
        in Nova's task_state, and Nova itself refuses the second one.
        """
        # A copy: what is told of the notice meanwhile is not about the act.
        victim = dataclasses.replace(told)
        if not self._hosts.add(victim):
            return Outcome.BUSY
        try:
            return self._in_turn(victim)
        finally:
            self._hosts.remove(victim)

    def _in_turn(self, victim: Victim) -> Outcome:
        if not self._hosts.take_turn(victim):
            return Outcome.BUSY
        try:
            return self._recheck(victim)
        finally:
            self._hosts.end_turn(victim)

    def _recheck(self, victim: Victim) -> Outcome:
        if self._stop.is_set():
            return Outcome.BUSY
        server = self._cloud.server(victim.id)
        if server is None:
            return Outcome.OVER
        agreed, _ = self._leases.of(server)
        # What it was told last is what may be done to it, and no sooner.
        told = agreed and lease.place(server, agreed) == victim.place
        if agreed is None or not told or self._has_time(victim, agreed):
            return Outcome.CHANGED
        if lease.nothing_to_do(server, agreed.then):
            return Outcome.OVER
        if server.task_state is not None:
            return Outcome.BUSY
        return self._act(server, agreed.then)

    def _has_time(self, victim: Victim, agreed: Lease) -> bool:
        extended = agreed.ends_unix_s > victim.deadline_unix_s
        return extended and agreed.ends_unix_s > self._clock.unix()

    def _act(self, server: nouns.Server, then: model.ReclaimAction) -> Outcome:
        self._note(What.CHOSEN, server, OVER)
        held = self._cloud.held_on(server.id)
        attempt = self._leaving.by(then, server)
        now = self._cloud.server(server.id)
        if now is None or lease.nothing_to_do(now, then):
            return self._over(server, then, attempt, held)
        if self._stop.is_set():
            return Outcome.BUSY
        LOG.error(
            'the lease of server %s is over, but %s did not work: %s',
            server.id,
            then,
            attempt.reason,
        )
        self._note(
            What.STAYS, server, f'{OVER}, but {then} failed', attempt.reason
        )
        return Outcome.FAILED

    def _over(
        self,
        server: nouns.Server,
        then: model.ReclaimAction,
        attempt: Attempt,
        held: frozenset[str],
    ) -> Outcome:
        for provider in held:
            self._eviction.confirm(server.id, provider, attempt)
        LOG.info('server %s: %s, %s', server.id, OVER, then)
        text = f'{_DONE[then]}: {OVER}'
        self._note(What.LEFT, server, text, f'{attempt.took_s:.1f} s')
        return Outcome.OVER

    def _note(
        self, what: What, server: nouns.Server, text: str, detail: str = ''
    ) -> None:
        self._journal.note(what, server.id, text, server.host, detail)
