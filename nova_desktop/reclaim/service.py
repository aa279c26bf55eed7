# SPDX-License-Identifier: Apache-2.0
"""Build the service from its options, run it, end it."""

import contextlib
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import oslo_messaging
from keystoneauth1 import exceptions as ks_exceptions
from keystoneauth1 import loading
from oslo_log import log

from nova_desktop import exception, messages
from nova_desktop.conf import reclaim as options
from nova_desktop.reclaim import (
    api,
    api_auth,
    api_policy,
    bus,
    cloud,
    health,
    nouns,
    probes,
    rest,
    server,
    trust,
    vendordata,
)
from nova_desktop.reclaim.agenda import Agenda
from nova_desktop.reclaim.api_resources import Resources
from nova_desktop.reclaim.awake import Awake
from nova_desktop.reclaim.bringing import Bringing
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.lease import Reader
from nova_desktop.reclaim.lease_end import LeaseEnd
from nova_desktop.reclaim.lease_notice import LeaseNotices
from nova_desktop.reclaim.leases import Leases
from nova_desktop.reclaim.leaving import Leaving
from nova_desktop.reclaim.leftovers import Leftovers
from nova_desktop.reclaim.lost import Lost
from nova_desktop.reclaim.notice import Herald, Table
from nova_desktop.reclaim.returning import Returning
from nova_desktop.reclaim.worker import Worker

LOG = log.getLogger(__name__)

_AGENDA_THREADS = 16
_ASIDE_THREADS = 4
_LEASE_THREADS = 8


def session_of(conf: Any) -> Any:
    """Make the keystone session; raise BadValue for unusable credentials."""
    group = options.AUTH_GROUP
    if not conf[group].auth_type:
        raise exception.BadValue(
            f'[{group}] auth_type', None, "must be set, e.g. 'password'"
        )
    try:
        auth = loading.load_auth_from_conf_options(conf, group)
        return loading.load_session_from_conf_options(conf, group, auth=auth)
    except ks_exceptions.AuthPluginException as error:
        raise exception.BadValue(
            f'[{group}]', conf[group].auth_type, str(error)
        ) from error


def transport_of(conf: Any) -> Any:
    """Make the bus's transport; raise BadValue for an unusable URL."""
    try:
        return oslo_messaging.get_rpc_transport(conf, allowed_remote_exmods=[])
    except (
        oslo_messaging.InvalidTransportURL,
        oslo_messaging.DriverLoadFailure,
    ) as error:
        raise exception.BadValue(
            'transport_url', '(not shown)', f'must be usable: {error}'
        ) from error


class Service:
    """All parts, joined."""

    def __init__(self, conf: Any, a_cloud: nouns.Cloud | None = None) -> None:
        self.stopping = threading.Event()
        self._conf = conf
        self._settings = conf.reclaim
        self.table = Table()
        self._trust = trust.Trust(
            trust.master_of(self._settings), self._settings
        )
        self.transport = transport_of(conf)
        name = bus.worker_name(conf)
        self.cloud = a_cloud or self._rest_cloud(conf)
        self._actors = futures.ThreadPoolExecutor(
            self._settings.threads, 'actor'
        )
        self._aside = futures.ThreadPoolExecutor(_ASIDE_THREADS, 'aside')
        self._lease_pool = futures.ThreadPoolExecutor(_LEASE_THREADS, 'lease')
        self.journal = self._journal(name)
        self.leases_read = Reader(self.cloud, self._settings)
        self._build(bus.emitter(conf, name))
        endpoint = bus.Endpoint(
            self.worker.reclaim,
            self._returned,
            self._announcer(name, 'capacity_returned_to_all'),
            self.journal.hear,
            self._trust,
        )
        self._listener = bus.Listener(
            self.transport, name, endpoint, self.stopping
        )
        self.listening = self._listener.started
        self.health = self._health(name)
        self._http: dict[str, server.Server] = {}

    def _rest_cloud(self, conf: Any) -> nouns.Cloud:
        auth = conf[options.AUTH_GROUP]
        client = rest.Rest(
            session_of(conf),
            auth.region_name,
            auth.valid_interfaces,
            self.stopping,
        )
        return cloud.RestCloud(client)

    def _announcer(self, name: str, method: str) -> Callable[[Any], None]:
        signer = self._trust.signer(name)
        return bus.announcer(self.transport, method, signer)

    def _journal(self, name: str) -> Journal:
        tell = self._announcer(name, 'record_to_all')

        def share(entry: messages.Entry) -> None:
            # The bus may be down; at the end nobody is told any more.
            with contextlib.suppress(RuntimeError):
                self._aside.submit(tell, entry)

        size = self._settings.journal_size
        return Journal(name, nouns.Clock(), size, share)

    def _build(self, emit: Callable[[str, dict[str, Any]], None]) -> None:
        clock, settings = nouns.Clock(), self._settings
        self.hosts = Hosts(settings)
        herald = Herald(
            self.cloud,
            self._trust.host_client(self.transport),
            emit,
            self.table,
            settings,
            self._aside,
        )
        leaving = Leaving(
            self.cloud, self.journal, settings, clock, self.stopping
        )
        bringing = Bringing(
            self.cloud,
            self.hosts,
            herald,
            self.journal,
            settings,
            clock,
            self.stopping,
        )
        eviction = Eviction(
            self.cloud,
            self.hosts,
            herald,
            leaving,
            bringing,
            self.journal,
            settings,
            clock,
            self.stopping,
        )
        self.agenda = Agenda(clock, self._actors, self.stopping)
        self.leftovers = Leftovers(self.cloud, herald, settings, clock)
        self.worker = Worker(
            self.cloud,
            self.hosts,
            herald,
            self.journal,
            eviction,
            settings,
            clock,
            self.agenda,
        )
        self.returning = Returning(
            self.cloud,
            self.hosts,
            bringing,
            self.leases_read,
            settings,
            clock,
            self.stopping,
        )
        self.leases = self._leases(herald, leaving, eviction)
        self._build_watch(clock)

    def _leases(
        self, herald: Herald, leaving: Leaving, eviction: Eviction
    ) -> Leases:
        clock, settings = nouns.Clock(), self._settings
        return Leases(
            self.cloud,
            herald,
            self.leases_read,
            LeaseNotices(
                self.cloud, self.hosts, herald, self.journal, settings, clock
            ),
            LeaseEnd(
                self.cloud,
                self.hosts,
                self.leases_read,
                leaving,
                eviction,
                self.journal,
                clock,
                self.stopping,
            ),
            self.journal,
            settings,
            clock,
            self.stopping,
            self._lease_pool,
        )

    def _health(self, name: str) -> health.Health:
        clock, settings = nouns.Clock(), self._settings
        a_pass_s = settings.return_batch * settings.return_timeout_s
        returning = probes.loop(
            clock,
            lambda: self.returning.passed_steady_s,
            2 * settings.return_scan_s + a_pass_s,
        )
        loops = {'returning': returning}
        return health.Health(
            probes.all_of(self.transport, name, self.cloud, loops),
            settings.health_period_s,
            clock,
            self.stopping,
        )

    def _build_watch(self, clock: nouns.Clock) -> None:
        awake = Awake(
            self.cloud,
            self._trust.host_client(self.transport),
            self.hosts,
            self.journal,
            self._settings,
            clock,
            self.stopping,
        )
        self.lost = Lost(
            self.cloud,
            self.hosts,
            self.journal,
            self._settings,
            clock,
            self.stopping,
            awake.scan,
        )

    def _returned(self, message: messages.CapacityReturned) -> None:
        try:
            self.worker.capacity_returned(message)
        finally:
            self.returning.capacity_returned()

    def start(self) -> None:
        """Start every part; raise BadValue when the port cannot be had."""
        if self._settings.vendordata:
            self._listen(
                'vendordata',
                vendordata.Application(
                    self.table, self._settings, self.leases.shown
                ),
            )
        if self._settings.api:
            self._listen('api', self._api())
        self.agenda.start(self.leftovers.course())
        for number in range(_AGENDA_THREADS):
            self._thread(f'agenda-{number}', self.agenda.run)
        self._thread('bus', self._listener.run)
        self._thread('returning', self.returning.run)
        if self._settings.lease_scan_s:
            self._thread('leases', self.leases.run)
        self._thread('lost', self.lost.run)
        self.health.start()

    @staticmethod
    def _thread(name: str, run: Callable[[], None]) -> None:
        threading.Thread(target=run, name=name, daemon=True).start()

    def _api(self) -> server.Application:
        resources = Resources(
            self.cloud,
            self._trust.host_client(self.transport),
            self.journal,
            self.leases_read,
            api_policy.enforcer(self._conf),
            self._settings.api_host_timeout_s,
        )
        inside = api.Application(resources)
        return api.Front(api_auth.guard(inside, self._conf))

    def _listen(self, name: str, application: server.Application) -> None:
        http = server.serve(
            name,
            self._settings[f'{name}_listen'],
            self._settings[f'{name}_port'],
            health.door(application, self.health),
        )
        self._http[name] = http
        self._thread(name, http.serve_forever)

    def stop(self) -> None:
        """End every part; notices stay in force and are taken up again."""
        self.stopping.set()
        self.hosts.stop()
        self.returning.look_now()
        self.leases.look_now()
        self._listener.stop()
        for http in self._http.values():
            http.shutdown()
            http.server_close()
        self.agenda.stop()
        self._actors.shutdown(wait=True, cancel_futures=True)
        self._lease_pool.shutdown(wait=True, cancel_futures=True)
        self._aside.shutdown(wait=False, cancel_futures=True)
        LOG.info('stopped')
