# SPDX-License-Identifier: Apache-2.0
"""Bring one server back, into the state that its tenant had left it in."""

import dataclasses
import threading

from oslo_log import log

from nova_desktop import messages
from nova_desktop.reclaim import nouns, past
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.notice import Herald

LOG = log.getLogger(__name__)

_BROUGHT_BY = {
    'shelved_offloaded': 'unshelve',
    'suspended': 'resume',
    'stopped': 'os-start',
}
_RESTORED_BY = {
    'suspended': 'suspend',
    'stopped': 'os-stop',
    'paused': 'pause',
}
_OFFLOADED = 'shelved_offloaded'
# A service that was killed between unshelving a server and stopping it again
# was not down for longer than that.
_TAKE_UP_S = 3600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; ``again_s`` is when to try again, if at all."""

    back: bool
    no_room: bool = False
    again_s: float | None = None


class Bringing:
    """Start, resume and unshelve servers."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        herald: Herald,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._herald = herald
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop

    def back(self, server: nouns.Server) -> Outcome:
        """Bring back a server that this service put away."""
        name = _BROUGHT_BY[server.vm_state]
        try:
            self._cloud.nudge(name, server.id)
            now = self._settled(server)
        except nouns.CloudConflict as error:
            return self._crossed(server, str(error))
        except nouns.CloudError as error:
            return self._failed(server, str(error))
        if now is None or self._stop.is_set():
            return Outcome(False)
        if now.vm_state != 'active':
            # Nova says nothing when no host takes an unshelved server.
            shelved = now.vm_state == _OFFLOADED
            why = 'no host takes it' if shelved else f'it is {now.vm_state}'
            return self._failed(server, why, shelved)
        LOG.info('server %s is back on %s', server.id, now.host)
        self._journal.note(
            messages.What.RETURNED, server.id, f'by {name}', now.host
        )
        self._hosts.succeeded(server.id)
        self._herald.clear(server.id)
        self._restore(now)
        return Outcome(True)

    def anew(self, server_id: str) -> None:
        """Boot a server at once that was offloaded for that.

        What fails here is tried again with all that wait to come back.
        """
        try:
            server = self._cloud.server(server_id)
        except nouns.CloudError as error:
            LOG.warning('server %s cannot be read: %s', server_id, error)
            return
        if server and (server.vm_state, server.task_state) == (
            _OFFLOADED,
            None,
        ):
            self.back(server)

    def take_up(self) -> None:
        """Restore what a service that was killed has only brought back."""
        since = self._clock.unix() - _TAKE_UP_S
        for server in self._cloud.changed_since(since):
            runs = server.vm_state == 'active' and not self._stop.is_set()
            if runs and server.tolerance.preemptible:
                self._restore(server)

    def _restore(self, server: nouns.Server) -> None:
        """Stop or pause a server again that its tenant had left so."""
        try:
            records = self._cloud.actions(server.id)
            state = past.to_restore(server, records, self._cloud.user_id())
            if not state:
                return
            self._cloud.nudge(_RESTORED_BY[state], server.id)
            now = self._settled(server)
        except nouns.CloudError as error:
            LOG.warning(
                'server %s runs, which its tenant may have ended before it '
                'was shelved: %s',
                server.id,
                error,
            )
            return
        LOG.info(
            'server %s is left as its tenant had it: %s', server.id, state
        )
        self._journal.note(
            messages.What.RETURNED,
            server.id,
            f'{state} again, as its tenant had left it',
            now.host if now else '',
        )

    def _crossed(self, server: nouns.Server, why: str) -> Outcome:
        """Tell a server that somebody else brings back from one that fails."""
        try:
            now = self._cloud.server(server.id)
        except nouns.CloudError as error:
            return self._failed(server, f'{why}; {error}')
        if (
            now is None
            or now.task_state is not None
            or now.vm_state != server.vm_state
        ):
            return Outcome(False)
        return self._failed(server, why)

    def _failed(
        self, server: nouns.Server, why: str, no_room: bool = False
    ) -> Outcome:
        pause = self._hosts.failed(
            server.id, self._clock.unix(), no_room=no_room
        )
        LOG.info(
            'server %s does not come back, next try in %.0f s: %s',
            server.id,
            pause,
            why,
        )
        self._journal.note(
            messages.What.NOT_RETURNED,
            server.id,
            f'not yet; next try in {pause:.0f} s',
            server.host,
            why,
        )
        return Outcome(False, no_room, pause)

    def _settled(self, server: nouns.Server) -> nouns.Server | None:
        """Give a server once Nova has done with it, or its time is over."""
        end = self._clock.steady() + self._settings.return_timeout_s
        while True:
            now = self._cloud.server(server.id)
            if now is None or now.task_state is None:
                return now
            if self._clock.steady() >= end or self._stop.is_set():
                return now
            self._clock.wait(self._stop, self._settings.poll_s)
