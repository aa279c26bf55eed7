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
    nouns,
    rest,
    server,
    vendordata,
)
from nova_desktop.reclaim.api_resources import Resources
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.foreseen import Foreseen
from nova_desktop.reclaim.guest_ack import GuestAcks
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.leaving import Leaving
from nova_desktop.reclaim.notice import Herald, Table
from nova_desktop.reclaim.returning import Returning
from nova_desktop.reclaim.risks import Risks
from nova_desktop.reclaim.ways import Ways
from nova_desktop.reclaim.worker import Worker

LOG = log.getLogger(__name__)

_ASIDE_THREADS = 4
_ASKER_THREADS = 4


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
        self.transport = transport_of(conf)
        name = bus.worker_name(conf)
        self.cloud = a_cloud or self._rest_cloud(conf)
        self._pool = futures.ThreadPoolExecutor(
            self._settings.threads, 'victim'
        )
        self._aside = futures.ThreadPoolExecutor(_ASIDE_THREADS, 'aside')
        self._ways = Ways(self._settings, self.cloud, self.stopping)
        self._askers = futures.ThreadPoolExecutor(_ASKER_THREADS, 'asker')
        self.foreseen = Foreseen(nouns.Clock())
        self.journal = self._journal(name)
        self._build(bus.emitter(conf, name))
        endpoint = bus.Endpoint(
            self.worker.reclaim,
            self._returned,
            bus.announcer(self.transport, 'capacity_returned_to_all'),
            self._hear,
            self.risks,
        )
        self._listener = bus.Listener(
            self.transport, name, endpoint, self.stopping
        )
        self.listening = self._listener.started
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

    def _journal(self, name: str) -> Journal:
        tell = bus.announcer(self.transport, 'record_to_all')

        def share(entry: messages.Entry) -> None:
            # The bus may be down; at the end nobody is told any more.
            with contextlib.suppress(RuntimeError):
                self._aside.submit(tell, entry)

        size = self._settings.journal_size
        return Journal(name, nouns.Clock(), size, share)

    def _build(self, emit: Callable[[str, dict[str, Any]], None]) -> None:
        clock, settings = nouns.Clock(), self._settings
        self.hosts = Hosts(settings)
        guests = messages.HostClient(self.transport)
        herald = Herald(
            self.cloud,
            guests,
            emit,
            self.table,
            settings,
            self._aside,
            self.foreseen,
            self._ways.tell,
        )
        eviction = Eviction(
            self.cloud,
            self.hosts,
            herald,
            Leaving(self.cloud, self.journal, settings, clock, self.stopping),
            self.journal,
            settings,
            clock,
            self.stopping,
            GuestAcks(guests, settings, self._askers),
        )
        self.risks = self._risks(herald)
        self.worker = Worker(
            self.cloud,
            self.hosts,
            herald,
            self.journal,
            eviction,
            settings,
            clock,
            self._pool,
        )
        self.returning = Returning(
            self.cloud,
            self.hosts,
            herald,
            self.journal,
            settings,
            clock,
            self.stopping,
        )

    def _risks(self, herald: Herald) -> Risks:
        return Risks(
            self.cloud,
            self.hosts,
            herald,
            self.foreseen,
            self.journal,
            self._settings,
            nouns.Clock(),
            bus.announcer(self.transport, 'at_risk_to_all'),
        )

    def _hear(self, entry: messages.Entry) -> None:
        self.journal.hear(entry)
        others = entry.worker != self.journal.worker
        if others and entry.what is messages.What.WITHDRAWN:
            # What this worker knows to be foretold is not in force either.
            self.foreseen.drop(entry.server_id)

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
                    self.table, self._settings, self.foreseen
                ),
            )
        if self._settings.api:
            self._listen('api', self._api())
        self._thread('bus', self._listener.run)
        self._thread('returning', self.returning.run)

    @staticmethod
    def _thread(name: str, run: Callable[[], None]) -> None:
        threading.Thread(target=run, name=name, daemon=True).start()

    def _api(self) -> server.Application:
        resources = Resources(
            self.cloud,
            messages.HostClient(self.transport),
            self.journal,
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
            application,
        )
        self._http[name] = http
        self._thread(name, http.serve_forever)

    def stop(self) -> None:
        """End every part; notices stay in force and are taken up again."""
        self.stopping.set()
        self.hosts.stop()
        self.returning.look_now()
        self._listener.stop()
        for http in self._http.values():
            http.shutdown()
            http.server_close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._ways.stop()
        self._askers.shutdown(wait=False, cancel_futures=True)
        self._aside.shutdown(wait=False, cancel_futures=True)
        LOG.info('stopped')
