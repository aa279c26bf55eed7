# SPDX-License-Identifier: Apache-2.0
"""One victim from its notice to its end, step by step.

notice -> grace -> re-check -> act -> confirm. Each step gives data; what was
done so far is remembered by Nova (metadata, the server's state), so a service
that is killed anywhere and started again goes on where it stopped.
"""

import threading
from collections.abc import Callable

from oslo_log import log

from nova_desktop.messages import What
from nova_desktop.policy import victims
from nova_desktop.reclaim import grace, nouns, progress
from nova_desktop.reclaim.guest_ack import GuestAcks
from nova_desktop.reclaim.hosts import Hosts, Victim
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.leaving import Attempt, Leaving
from nova_desktop.reclaim.notice import Herald
from nova_desktop.reclaim.recheck import Recheck
from nova_desktop.reclaim.step import End, Step

LOG = log.getLogger(__name__)

_LEFT = 'it has left its workstation'
_NO_WAY = 'no way to leave has worked'


class Eviction:
    """Take victims through their steps, each in a thread of its own."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        leaving: Leaving,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
        acks: GuestAcks | None = None,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._acks = acks
        self._leaving = leaving
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._recheck = Recheck(cloud, hosts, settings, clock, stop)

    def run(self, victim: Victim) -> Step:
        """Evict a server or find that it need not go."""
        begun = self._clock.steady()
        self.notice(victim)
        step = self.grace(victim)
        waited = self._clock.steady()
        if step.end is None:
            step = self._act_in_turn(victim)
        self._finish(victim, step)
        # Last, so that a new notice cannot cross with this one's end.
        self._hosts.remove(victim)
        LOG.info(
            'server %s on %s: %s, %s (grace %.1f s, leaving %.1f s)',
            victim.id,
            victim.host,
            step.end,
            step.reason,
            waited - begun,
            self._clock.steady() - waited,
        )
        return step

    def notice(self, victim: Victim) -> None:
        """Fix the deadline and tell everybody."""
        now = self._clock.unix()
        server = victim.server
        allowed = victims.actions_allowed(server.vm_state, server.tolerance)
        victim.action = allowed[0].value if allowed else ''
        victim.noticed_unix_s = now
        victim.deadline_unix_s = grace.deadline_unix_s(
            server, now, self._settings, self._herald.foretold(server.id)
        )
        before = grace.remembered(server, now, self._settings)
        LOG.info(
            'server %s on %s is to go in %.0f s by %s%s: %s',
            victim.id,
            victim.host,
            victim.deadline_unix_s - now,
            victim.action,
            '' if before is None else ' (told before)',
            victim.reason,
        )
        self._note(
            What.NOTICED,
            victim,
            f'to go by {victim.action or "no way its state allows"} in '
            f'{victim.deadline_unix_s - now:.0f} s: {victim.reason}',
        )
        self._herald.give(victim, before is not None)

    def grace(self, victim: Victim) -> Step:
        """Wait for the deadline, or for news that make it needless."""
        while True:
            if self._stop.is_set():
                return Step('the service is stopping', End.INTERRUPTED)
            if victim.withdrawn:
                return Step(victim.withdrawn, End.WITHDRAWN)
            left_s = victim.deadline_unix_s - self._clock.unix()
            if left_s <= 0:
                return Step('the grace is over')
            self._clock.wait(
                victim.wake, min(left_s, self._settings.grace_poll_s)
            )
            if not victim.wake.is_set():
                step = self._look(victim)
                if step is not None:
                    return step

    def _look(self, victim: Victim) -> Step | None:
        """See whether tenant or guest acted or agreed; None if not."""
        try:
            server = self._cloud.server(victim.id)
        except nouns.CloudError as error:
            LOG.warning('server %s cannot be read: %s', victim.id, error)
            return None
        if progress.has_left(server, victim.host):
            return Step('it left by itself', End.LEFT, server)
        if self._acks and self._acks.agrees(victim):
            return Step('acknowledged from inside', None, server)
        if server is None or not grace.acknowledged(server):
            return None
        if victim.old_ack:
            self._herald.forget_ack(victim)
            return None
        return Step('acknowledged by its tenant', None, server)

    def _act_in_turn(self, victim: Victim) -> Step:
        steps: list[Step] = []
        self._hosts.in_turn(victim, lambda: steps.append(self._act(victim)))
        return steps[0]

    def _act(self, victim: Victim) -> Step:
        step = self._recheck.look(victim)
        if step.end is not None or step.server is None:
            return step
        provider = self._provider_uuid(step.server)
        attempts = self._leaving.leave(step.server)
        step = self._judge(attempts)
        if step.end is End.LEFT:
            self.confirm(victim.id, provider, attempts[-1])
        return step

    def _judge(self, attempts: list[Attempt]) -> Step:
        told = '; '.join(
            f'{a.action} {a.reason}'.strip() + f' ({a.took_s:.1f} s)'
            for a in attempts
        )
        if attempts and attempts[-1].left:
            return Step(told, End.LEFT)
        if self._stop.is_set():
            return Step('the service is stopping', End.INTERRUPTED)
        return Step(told or 'its state allows no action', End.FAILED)

    def _provider_uuid(self, server: nouns.Server) -> str:
        try:
            provider = self._cloud.provider(server.node or server.host)
        except nouns.CloudError as error:
            LOG.warning('provider of %s: %s', server.host, error)
            return ''
        return provider.uuid if provider else ''

    def confirm(self, server_id: str, provider: str, attempt: Attempt) -> bool:
        """Wait until Placement no longer counts the server on its host."""
        keeps = attempt.action == 'stop' or (
            attempt.action == 'cold-migrate'
            and not self._settings.confirm_cold_migration
        )
        if keeps or not provider:
            return False
        return self._until(
            lambda: provider not in self._cloud.held_on(server_id),
            f'server {server_id} left, but Placement still counts it',
        )

    def _until(self, done: Callable[[], bool], complaint: str) -> bool:
        end = self._clock.steady() + self._settings.confirm_timeout_s
        while not self._stop.is_set():
            try:
                if done():
                    return True
            except nouns.CloudError as error:
                LOG.warning('%s: %s', complaint, error)
            if self._clock.steady() >= end:
                break
            self._clock.wait(self._stop, self._settings.poll_s)
        LOG.warning('%s', complaint)
        return False

    def _finish(self, victim: Victim, step: Step) -> None:
        """Take the notice back or end it; an interrupted one stays."""
        if step.end is End.LEFT:
            self._hosts.succeeded(victim.id)
            self._herald.left(victim)
            self._note(What.LEFT, victim, _LEFT, step.reason)
        elif step.end is End.WITHDRAWN:
            self._herald.withdraw(victim, step.reason)
            self._note(What.WITHDRAWN, victim, step.reason)
        elif step.end is End.FAILED:
            pause = self._hosts.failed(victim.id, self._clock.unix())
            LOG.error(
                'server %s cannot leave %s, next try in %.0f s: %s',
                victim.id,
                victim.host,
                pause,
                step.reason,
            )
            # The reason is Nova's own, and not for tenants.
            self._herald.withdraw(victim, _NO_WAY)
            self._note(What.STAYS, victim, _NO_WAY, step.reason)

    def _note(
        self, what: What, victim: Victim, text: str, detail: str = ''
    ) -> None:
        self._journal.note(what, victim.id, text, victim.host, detail)
