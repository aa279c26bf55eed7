# SPDX-License-Identifier: Apache-2.0
"""Finish what a worker that ended meanwhile had not brought to its end.

While a server is on its host, the host's next request takes it up again. One
that has left is nobody's any more: Nova may wait for a confirmation, and its
metadata may tell of a notice that is past.
"""

from oslo_log import log

from nova_desktop.reclaim import grace, lease, nouns
from nova_desktop.reclaim.agenda import Course
from nova_desktop.reclaim.notice import Herald
from nova_desktop.reclaim.progress import Progress
from nova_desktop.reclaim.step import Pause

LOG = log.getLogger(__name__)

_FIRST_S = 86400.0
"""How far back the first look goes: for so long nobody may have looked."""
_OVERLAP_S = 60.0


def _is_past(server: nouns.Server) -> bool:
    """Say whether a server's metadata tell of a stay that has ended."""
    if not server.host or grace.KEY not in server.metadata:
        return False
    if lease.is_told(server):
        return False  # whoever watches leases takes that back
    fields = grace.parse(server.metadata[grace.KEY])
    return fields.get('place') != grace.place(server) or (
        not server.holds_memory
    )


class Leftovers:
    """Look for such servers among those that have changed lately."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        herald: Herald,
        settings: nouns.Settings,
        clock: nouns.Clock,
    ) -> None:
        self._cloud = cloud
        self._herald = herald
        self._settings = settings
        self._clock = clock
        self._since_unix_s = clock.unix() - _FIRST_S

    def course(self) -> Course:
        """Look at once and then slowly, until the service ends."""
        while True:
            try:
                self.look()
            except nouns.CloudError as error:
                LOG.warning('what was left undone is not seen now: %s', error)
            except Exception:
                LOG.exception('one look for what was left undone is lost')
            yield Pause(self._settings.return_scan_s)

    def look(self) -> None:
        """Finish what is found; raises CloudError when Nova cannot tell."""
        now = self._clock.unix()
        user = self._cloud.user_id()
        for server in self._cloud.changed_since(self._since_unix_s):
            if server.task_state is not None:
                continue
            if self._waits_for_us(server, user):
                self._confirm(server)
            elif _is_past(server):
                LOG.info('server %s: its old notice is cleared', server.id)
                self._herald.clear(server.id)
        self._since_unix_s = now - _OVERLAP_S

    def _waits_for_us(self, server: nouns.Server, user: str) -> bool:
        """Say whether we migrated a server, and Nova waits for a word."""
        if server.vm_state != 'resized':
            return False
        if not self._settings.confirm_cold_migration:
            return False
        for record in self._cloud.actions(server.id):
            if record.action in ('migrate', 'resize'):
                ours = record.action == 'migrate' and record.user_id == user
                return ours and not record.failed
        return False

    def _confirm(self, server: nouns.Server) -> None:
        LOG.info('server %s: its migration is confirmed', server.id)
        try:
            self._cloud.nudge(Progress.CONFIRM.value, server.id)
        except nouns.CloudError as error:
            LOG.warning('server %s is not confirmed: %s', server.id, error)
