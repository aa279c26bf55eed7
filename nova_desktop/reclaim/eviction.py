# SPDX-License-Identifier: Apache-2.0
"""One victim from its notice to its end, step by step.

notice -> grace -> re-check -> act -> confirm. Each step gives data; what was
done so far is remembered by Nova (metadata, the server's state), so a service
that is killed anywhere and started again goes on where it stopped.
"""

import math
import threading
from collections.abc import Callable, Generator

from oslo_log import log

from nova_desktop import model
from nova_desktop.messages import What
from nova_desktop.reclaim import grace, hurry, nouns, progress
from nova_desktop.reclaim.attempt import Attempt, following
from nova_desktop.reclaim.bringing import Bringing
from nova_desktop.reclaim.guest_ack import GuestAcks
from nova_desktop.reclaim.host import Victim
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.leaving import Leaving
from nova_desktop.reclaim.notice import Herald
from nova_desktop.reclaim.recheck import Recheck
from nova_desktop.reclaim.step import End, Pause, Step

LOG = log.getLogger(__name__)

_LEFT = 'it has left its workstation'
_NO_WAY = 'no way to leave has worked'

# However many are in their grace, Nova must be left time for others.
_LOOKS_PER_S = 50

Steps = Generator[Pause, None, Step]


class Eviction:
    """Take victims through their steps; each step gives what it waits for."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        acks: GuestAcks,
        leaving: Leaving,
        bringing: Bringing,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._acks = acks
        self._leaving = leaving
        self._bringing = bringing
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._recheck = Recheck(cloud, hosts, settings, clock, stop)

    def run(self, victim: Victim) -> Steps:
        """Evict a server or find that it need not go."""
        begun = self._clock.steady()
        self.notice(victim)
        step = yield from self.grace(victim)
        waited = self._clock.steady()
        if step.end is None:
            step = yield from self._act_in_turn(victim)
        if not self._finish(victim, step):
            yield from self._until_cleared(victim)
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
        if victim.left_by == model.ReclaimAction.REBUILD:
            self._bringing.anew(victim.id)
        return step

    def notice(self, victim: Victim) -> None:
        """Fix the deadline and tell everybody."""
        # Another worker may have told it meanwhile.
        seen = self._as_now(victim)
        if seen is not None and seen.host == victim.host:
            victim.server = seen
        server = victim.server
        now = self._clock.unix()
        within_s = self._within_s(victim)
        first = following(server, (), within_s, now, self._settings).action
        victim.action = first.value if first else ''
        victim.noticed_unix_s = now
        victim.deadline_unix_s = grace.deadline_unix_s(
            server, now, self._settings, self._herald.foretold(server.id)
        )
        hurry.shorten(victim, self._hosts.need(victim.host, now))
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

    def _as_now(self, victim: Victim) -> nouns.Server | None:
        """Read a victim again; as it was while it cannot be read."""
        try:
            return self._cloud.server(victim.id)
        except nouns.CloudError as error:
            LOG.warning('server %s cannot be read: %s', victim.id, error)
            return victim.server

    def grace(self, victim: Victim) -> Steps:
        """Wait for the deadline, or for news that make it needless."""
        step: Step | None = None
        while step is None:
            left_s = victim.deadline_unix_s - self._clock.unix()
            yield Pause(min(left_s, self._look_again_s()))
            step = self._news(victim)
        return step

    def _look_again_s(self) -> float:
        busy_s = self._hosts.under_way() / _LOOKS_PER_S
        return max(self._settings.grace_poll_s, busy_s)

    def _news(self, victim: Victim) -> Step | None:
        """Give how the grace has ended, None while it goes on."""
        if self._stop.is_set():
            return Step('the service is stopping', End.INTERRUPTED)
        if victim.withdrawn:
            return Step(victim.withdrawn, End.WITHDRAWN)
        if victim.deadline_unix_s <= self._clock.unix():
            return Step('the grace is over')
        return self._look(victim)

    def _look(self, victim: Victim) -> Step | None:
        """See whether tenant or guest acted or agreed; None if not."""
        try:
            server = self._cloud.server(victim.id)
        except nouns.CloudError as error:
            LOG.warning('server %s cannot be read: %s', victim.id, error)
            return None
        if progress.has_left(server, victim.host):
            return Step('it left by itself', End.LEFT, server)
        if self._acks.agrees(victim):
            return Step('acknowledged from inside', None, server)
        if server is None or not grace.acknowledged(server):
            return None
        if victim.old_ack:
            self._herald.forget_ack(victim)
            return None
        return Step('acknowledged by its tenant', None, server)

    def _act_in_turn(self, victim: Victim) -> Steps:
        while not self._hosts.take_turn(victim):
            yield Pause(math.inf)
            if victim.withdrawn:
                return Step(victim.withdrawn, End.WITHDRAWN)
        try:
            yield Pause(0, acts=True)
            return self._act(victim)
        finally:
            self._hosts.end_turn(victim)

    def _act(self, victim: Victim) -> Step:
        seen = self._recheck.look(victim)
        if seen.end is not None or seen.server is None:
            return seen
        due = victim.deadline_unix_s + self._within_s(victim)
        attempts = self._leaving.leave(seen.server, due)
        step = self._judge(attempts)
        if step.end is End.LEFT:
            victim.left_by = attempts[-1].action
            self.confirm(victim.id, seen.provider, attempts[-1])
        return step

    def _within_s(self, victim: Victim) -> float:
        """Give how long after the grace the host wants to be free."""
        need = self._hosts.need(victim.host, self._clock.unix())
        return need.request.within_s if need else math.inf

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

    def confirm(self, server_id: str, provider: str, attempt: Attempt) -> bool:
        """Wait until Placement no longer counts the server on its host."""
        keeps = attempt.action in ('stop', 'suspend') or (
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

    def _finish(self, victim: Victim, step: Step) -> bool:
        """Take the notice back or end it; an interrupted one stays.

        Says no when one that was taken back can be read in Nova still.
        """
        cleared = True
        if step.end is End.LEFT:
            self._hosts.succeeded(victim.id)
            self._herald.left(victim)
            self._note(What.LEFT, victim, _LEFT, step.reason)
        elif step.end is End.WITHDRAWN:
            cleared = self._herald.withdraw(victim, step.reason)
            self._note(What.WITHDRAWN, victim, step.reason)
        elif step.end is End.FAILED:
            pause = self._hosts.failed(
                victim.id, self._clock.unix(), victim.host
            )
            LOG.error(
                'server %s cannot leave %s, next try in %.0f s: %s',
                victim.id,
                victim.host,
                pause,
                step.reason,
            )
            # The reason is Nova's own, and not for tenants.
            cleared = self._herald.withdraw(victim, _NO_WAY)
            self._note(What.STAYS, victim, _NO_WAY, step.reason)
        return cleared

    def _until_cleared(self, victim: Victim) -> Generator[Pause, None, None]:
        """Clear a notice that must not be taken for the next one's beginning.

        It would be believed for a while, and the next one be cut short.
        """
        until = victim.deadline_unix_s + self._settings.notice_stale_s
        while self._clock.unix() <= until and not self._stop.is_set():
            yield Pause(self._settings.poll_s)
            server = self._as_now(victim)
            if server is None or server.host != victim.host:
                return  # a notice counts for that stay alone
            if server.takes_metadata and self._herald.clear(victim.id):
                return

    def _note(
        self, what: What, victim: Victim, text: str, detail: str = ''
    ) -> None:
        self._journal.note(what, victim.id, text, victim.host, detail)
