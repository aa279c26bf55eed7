# SPDX-License-Identifier: Apache-2.0
"""Whether a victim must still go, seen anew before what cannot be undone."""

import threading

from oslo_log import log

from nova_desktop.reclaim import drains, nouns, plan, progress
from nova_desktop.reclaim.host import Victim
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.step import End, Step

LOG = log.getLogger(__name__)

# A host that asked this short a time ago (its period is 10 s) still needs it,
# whatever Placement says: the inventory may be what is wrong.
_JUST_ASKED_S = 15.0


class Recheck:
    """Look at a victim, its host and its neighbours once more."""

    def __init__(
        self,
        cloud: nouns.Cloud,
        hosts: Hosts,
        settings: nouns.Settings,
        clock: nouns.Clock,
        stop: threading.Event,
    ) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self._settings = settings
        self._clock = clock
        self._stop = stop

    def look(self, victim: Victim) -> Step:
        """Look at everything anew before what cannot be undone."""
        while not self._stop.is_set():
            try:
                return self._look(victim)
            except nouns.CloudError as error:
                LOG.warning('re-check of server %s: %s', victim.id, error)
            self._clock.wait(self._stop, self._settings.poll_s)
        return Step('the service is stopping', End.INTERRUPTED)

    def _look(self, victim: Victim) -> Step:
        provider = self._cloud.provider(victim.server.node or victim.host)
        servers = self._cloud.servers_of(victim.host)
        drained = self._still_drained(victim.host)
        # Last: if it left after this, by another worker, Nova would have it
        # leave where it is then.
        server = self._cloud.server(victim.id)
        if server is None or progress.has_left(server, victim.host):
            return Step('it left by itself', End.LEFT, server)
        if not server.tolerance.preemptible:
            return Step('its flavor is not preemptible', End.WITHDRAWN)
        # One victim at a time: two must not spare one another's place.
        with self._hosts.planning(victim.host):
            needless = self._needless(victim, provider, servers, drained)
            if needless:
                victim.withdrawn = needless
                return Step(needless, End.WITHDRAWN)
        uuid = provider.uuid if provider else ''
        return Step('still needed', None, server, uuid)

    def _still_drained(self, host: str) -> bool:
        """Say whether a host is drained, by Nova's word of now."""
        if host not in self._hosts.all_drained():
            return False
        if drains.is_on(self._cloud, host):
            return True
        self._hosts.undrained(host, drains.OVER)
        return False

    def _needless(
        self,
        victim: Victim,
        provider: nouns.Provider | None,
        servers: list[nouns.Server],
        drained: bool,
    ) -> str:
        """Say why a victim need not go any more, empty when it must."""
        now = self._clock.unix()
        need = self._hosts.need(victim.host, now)
        if victim.withdrawn or need is None:
            return victim.withdrawn or self._hosts.why_none(victim.host, now)
        if drained:
            return ''
        silent_s = now - need.asked_unix_s
        asked_since = need.asked_unix_s > victim.noticed_unix_s
        insists = asked_since and silent_s <= _JUST_ASKED_S
        if provider and provider.free_mib >= 0 and not insists:
            return 'the host is back under its capacity in Placement'
        others = self._hosts.leaving(victim.host) - {victim.id}
        stays = plan.staying_mib(servers, victim.host, others)
        if stays <= need.request.keep_memory_mib:
            return f'{stays} MiB are left without it, which may stay'
        return ''
