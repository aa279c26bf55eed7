# SPDX-License-Identifier: Apache-2.0
"""Take what hosts say: plan, and start the eviction of each victim."""

from oslo_log import log

from nova_desktop import messages
from nova_desktop.policy import victims
from nova_desktop.reclaim import (
    drains,
    grace,
    hurry,
    lease,
    nouns,
    plan,
    turns,
)
from nova_desktop.reclaim.agenda import Agenda, Course
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.host import Victim
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.notice import Herald

LOG = log.getLogger(__name__)


class Worker:
    """Answer to hosts; a request that is repeated starts nothing anew."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        journal: Journal,
        eviction: Eviction,
        settings: nouns.Settings,
        clock: nouns.Clock,
        agenda: Agenda,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._journal = journal
        self._eviction = eviction
        self._settings = settings
        self._clock = clock
        self._agenda = agenda

    def reclaim(
        self,
        request: messages.ReclaimRequest,
        holds: turns.Holds = lambda: True,
    ) -> victims.Plan:
        """Plan for a request and start its victims' tasks.

        Raises CloudError; the host asks again.
        """
        servers = self._cloud.servers_of(request.host)
        if not servers:
            LOG.info('%s has no servers: nothing to do', request.host)
            return victims.Plan((), 'no servers')
        with self._hosts.planning(request.host):
            if not holds():
                return victims.Plan((), 'the host has taken it back since')
            news = self._hosts.asked(request, self._clock.unix())
            return self._plan(request, servers, news)

    def drain(self, request: messages.ReclaimRequest) -> victims.Plan:
        """Plan for a host that is to be empty until its drain has ended.

        Raises CloudError; it is looked at again.
        """
        news = self._hosts.drained(request, self._clock.unix())
        servers = self._cloud.servers_of(request.host)
        with self._hosts.planning(request.host):
            return self._plan(request, servers, news)

    def _plan(
        self,
        request: messages.ReclaimRequest,
        servers: list[nouns.Server],
        news: bool,
    ) -> victims.Plan:
        now = self._clock.unix()
        self._hurry(request.host, now)
        made = plan.make(
            servers,
            request,
            self._hosts.leaving(request.host),
            self._hosts.resting(now, request.host),
            now,
            self._settings,
        )
        if made.victims or news:
            self._log_plan(request, made)
        self._start(request, made, {s.id: s for s in servers})
        return made

    def _hurry(self, host: str, now: float) -> None:
        """Have those in their grace leave before their host goes away."""
        need = self._hosts.need(host, now)
        for victim in self._hosts.victims(host):
            if victim.noticed_unix_s and hurry.shorten(victim, need):
                LOG.info('server %s has to leave earlier', victim.id)
                self._herald.give(victim, remembered=True)

    def _log_plan(
        self, request: messages.ReclaimRequest, made: victims.Plan
    ) -> None:
        LOG.info(
            'request %s of %s (%s, within %.0f s): %s',
            request.request_id,
            request.host,
            request.reason,
            request.within_s,
            made.reason,
        )
        late = [
            guest.server_id
            for guest in made.victims
            if grace.full_notice_s(guest.tolerance, self._settings)
            > request.within_s
        ]
        if late:
            LOG.info(
                'the notice of %s is longer than that: the owner has the CPU '
                'meanwhile, the memory comes later',
                ', '.join(late),
            )

    def _start(
        self,
        request: messages.ReclaimRequest,
        made: victims.Plan,
        servers: dict[str, nouns.Server],
    ) -> None:
        for guest in made.victims:
            server = servers[guest.server_id]
            victim = Victim(server, request.host, request.reason)
            if self._hosts.add(victim):
                self._journal.note(
                    messages.What.CHOSEN,
                    victim.id,
                    victim.reason,
                    victim.host,
                    f'request {request.request_id}: {made.reason}',
                )
                victim.wake = self._agenda.start(self._course(victim))

    def _course(self, victim: Victim) -> Course:
        try:
            yield from self._eviction.run(victim)
        except Exception:
            LOG.exception(
                'the eviction of server %s from %s is lost until its host '
                'asks again',
                victim.id,
                victim.host,
            )
            self._herald.forget(victim)
            self._hosts.remove(victim)

    def capacity_returned(self, message: messages.CapacityReturned) -> None:
        """Withdraw what the host had asked for.

        Notices left by a service that ended meanwhile are cleared too; raises
        CloudError when that fails.
        """
        reason = f'the host lends again: {message.reason}'
        # Not in the middle of a plan, whose victims would not hear of it.
        with self._hosts.planning(message.host):
            known = {v.id for v in self._hosts.returned(message.host, reason)}
        left = [
            server
            for server in self._cloud.servers_of(message.host)
            if server.id not in known
            and not lease.is_told(server)
            and grace.KEY in server.metadata
        ]
        # Another worker's, where this one has not seen the drain yet.
        if left and drains.is_on(self._cloud, message.host):
            return
        for server in left:
            LOG.info('server %s: its old notice is cleared', server.id)
            self._journal.note(
                messages.What.WITHDRAWN, server.id, reason, message.host
            )
            self._herald.clear(server.id)
