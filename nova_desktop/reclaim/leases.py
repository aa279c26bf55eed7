# SPDX-License-Identifier: Apache-2.0
"""Watch all servers' leases: tell of their ends, and bring them about.

Every worker does so: what is told is seen in the server's metadata, what is
done in its state. Deadlines come from Nova's facts alone, so that a service
that was started again goes on where it stopped.
"""

import threading
from concurrent import futures

from oslo_log import log

from nova_desktop.messages import What
from nova_desktop.policy import comeback
from nova_desktop.policy.lease import Lease
from nova_desktop.reclaim import lease, nouns
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.lease_end import LeaseEnd, Outcome
from nova_desktop.reclaim.lease_notice import Ending, LeaseNotices
from nova_desktop.reclaim.notice import Herald

LOG = log.getLogger(__name__)

_LEAST_PAUSE_S = 0.5
_COMPLAIN_AGAIN_S = 3600


class Leases:
    """All leases of the cloud; but for ``shown`` used by one thread."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        herald: Herald,
        reader: lease.Reader,
        notices: LeaseNotices,
        end: LeaseEnd,
        journal: Journal,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
        pool: futures.Executor,
    ) -> None:
        self._cloud = cloud
        self._herald = herald
        self._reader = reader
        self._notices = notices
        self._end = end
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._pool = pool
        self._wake = threading.Event()
        self._scan_unix_s = 0.0
        self._endings: dict[str, Ending] = {}
        self._complained: dict[str, tuple[str, float]] = {}
        self._shown: dict[str, Lease] = {}

    def shown(self, server_id: str) -> Lease | None:
        """Give a server's lease as of the latest look; for any thread."""
        return self._shown.get(server_id)

    def look_now(self) -> None:
        """Let the loop see what has come to its end; for any thread."""
        self._wake.set()

    def run(self) -> None:
        """Look until the service stops."""
        while not self._stop.is_set():
            pause_s = self._settings.lease_scan_s
            try:
                pause_s = self.look()
            except nouns.CloudError as error:
                LOG.warning('no lease is looked at now: %s', error)
            except Exception:
                LOG.exception('one look at the leases is lost')
            self._clock.wait(self._wake, pause_s)
            self._wake.clear()

    def look(self) -> float:
        """Do what is due; give the seconds until the next look."""
        now = self._clock.unix()
        self._collect()
        self._act_on_due()
        if now >= self._scan_unix_s:
            self._scan_unix_s = now + self._settings.lease_scan_s
            self.scan()
        waiting = [e for e in self._endings.values() if e.acting is None]
        nexts = (self._scan_unix_s, *(e.next_unix_s for e in waiting))
        return max(_LEAST_PAUSE_S, min(nexts) - self._clock.unix())

    def scan(self) -> None:
        """Read every server's lease."""
        servers = {server.id: server for server in self._cloud.all_servers()}
        shown: dict[str, Lease] = {}
        for server in servers.values():
            if self._stop.is_set():
                return
            try:
                agreed = self._one(server)
            except nouns.CloudError as error:
                LOG.warning('the lease of server %s: %s', server.id, error)
                agreed = self.shown(server.id)
            if agreed is not None:
                shown[server.id] = agreed
        self._shown = shown
        self._forget_all_but(servers)

    def _one(self, server: nouns.Server) -> Lease | None:
        """Tell a server of its lease's end, or that it is not near."""
        ending = self._endings.get(server.id)
        if ending is not None and ending.acting is not None:
            return self.shown(server.id)
        agreed, ignored = self._reader.of(server)
        self._complain(server, '; '.join(ignored))
        if ending is not None:
            # It may have been moved since it was told.
            ending.victim.server, ending.victim.host = server, server.host
        if agreed is not None and lease.nothing_to_do(server, agreed.then):
            self._drop(server.id)
        elif agreed is None or not self._notices.is_due(server, agreed):
            self._endings.pop(server.id, None)
            self._notices.withdraw(server, ending)
        elif ending is None or self._notices.is_news(ending, server, agreed):
            told = self._notices.tell(server, agreed, ending)
            if told is not None:
                self._endings[server.id] = told
        else:
            self._notices.hear(ending, server)
        return agreed

    def _complain(self, server: nouns.Server, text: str) -> None:
        """Note what a tenant wrote in vain; not more than once an hour."""
        now = self._clock.unix()
        last, at_unix_s = self._complained.get(server.id, ('', 0.0))
        if not text or text == last or now < at_unix_s + _COMPLAIN_AGAIN_S:
            return
        self._complained[server.id] = (text, now)
        self._journal.note(What.IGNORED, server.id, text, server.host)

    def _drop(self, server_id: str) -> None:
        ending = self._endings.pop(server_id, None)
        if ending is not None:
            self._herald.left(ending.victim)

    def _forget_all_but(self, servers: dict[str, nouns.Server]) -> None:
        self._reader.keep(servers)
        self._notices.forget_all_but(servers)
        for server_id in self._endings.keys() - servers.keys():
            if self._endings[server_id].acting is None:
                self._drop(server_id)
        for server_id in self._complained.keys() - servers.keys():
            del self._complained[server_id]

    def _act_on_due(self) -> None:
        for ending in self._endings.values():
            if ending.acting or ending.next_unix_s > self._clock.unix():
                continue
            try:
                ending.acting = self._pool.submit(self._end.run, ending.victim)
            except RuntimeError:
                LOG.info('stopping: %s is left alone', ending.victim.id)
                return
            ending.acting.add_done_callback(lambda _: self.look_now())

    def _collect(self) -> None:
        """Take up what has come of the ends that were brought about."""
        for server_id, ending in list(self._endings.items()):
            if ending.acting is None or not ending.acting.done():
                continue
            outcome = self._outcome(ending.victim.id, ending.acting)
            ending.acting = None
            if outcome is Outcome.OVER:
                self._drop(server_id)
                continue
            self._pause(ending, outcome)
            if outcome is Outcome.CHANGED:
                # What holds now is seen, and told, by a scan at once.
                self._scan_unix_s = 0.0

    @staticmethod
    def _outcome(server_id: str, acting: futures.Future[Outcome]) -> Outcome:
        error = acting.exception()
        if error is None:
            return acting.result()
        if isinstance(error, nouns.CloudError):
            LOG.warning('the lease of server %s: %s', server_id, error)
            return Outcome.BUSY
        LOG.error(
            'the end of the lease of server %s is lost until the next try',
            server_id,
            exc_info=error,
        )
        return Outcome.FAILED

    def _pause(self, ending: Ending, outcome: Outcome) -> None:
        """Leave a server alone for a while."""
        pause_s = self._settings.poll_s
        if outcome is Outcome.CHANGED:
            pause_s = self._settings.lease_scan_s
        if outcome is Outcome.FAILED:
            first_s = self._settings.retry_after_s
            pause_s = comeback.doubled(first_s, ending.failures)
            ending.failures += 1
        ending.next_unix_s = self._clock.unix() + pause_s
