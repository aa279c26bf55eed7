# SPDX-License-Identifier: Apache-2.0
"""Build the service from its options, run it, end it."""

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
from nova_desktop.reclaim import bus, cloud, nouns, rest, vendordata
from nova_desktop.reclaim.eviction import Eviction
from nova_desktop.reclaim.hosts import Hosts
from nova_desktop.reclaim.leaving import Leaving
from nova_desktop.reclaim.notice import Herald, Table
from nova_desktop.reclaim.returning import Returning
from nova_desktop.reclaim.worker import Worker

LOG = log.getLogger(__name__)

_ASIDE_THREADS = 4


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
        self._settings = conf.reclaim
        self.table = Table()
        self.transport = transport_of(conf)
        name = bus.worker_name(conf)
        self.cloud = a_cloud or self._rest_cloud(conf)
        self._pool = futures.ThreadPoolExecutor(
            self._settings.threads, 'victim'
        )
        self._aside = futures.ThreadPoolExecutor(_ASIDE_THREADS, 'aside')
        self._build(bus.emitter(conf, name))
        endpoint = bus.Endpoint(
            self.worker.reclaim, self._returned, bus.announcer(self.transport)
        )
        self._listener = bus.Listener(
            self.transport, name, endpoint, self.stopping
        )
        self.listening = self._listener.started
        self._http: vendordata.Server | None = None

    def _rest_cloud(self, conf: Any) -> nouns.Cloud:
        auth = conf[options.AUTH_GROUP]
        client = rest.Rest(
            session_of(conf),
            auth.region_name,
            auth.valid_interfaces,
            self.stopping,
        )
        return cloud.RestCloud(client)

    def _build(self, emit: Callable[[str, dict[str, Any]], None]) -> None:
        clock, settings = nouns.Clock(), self._settings
        self.hosts = Hosts(settings)
        herald = Herald(
            self.cloud,
            messages.HostClient(self.transport),
            emit,
            self.table,
            settings,
            self._aside,
        )
        eviction = Eviction(
            self.cloud,
            self.hosts,
            herald,
            Leaving(self.cloud, settings, clock, self.stopping),
            settings,
            clock,
            self.stopping,
        )
        self.worker = Worker(
            self.cloud,
            self.hosts,
            herald,
            eviction,
            settings,
            clock,
            self._pool,
        )
        self.returning = Returning(
            self.cloud, self.hosts, herald, settings, clock, self.stopping
        )

    def _returned(self, message: messages.CapacityReturned) -> None:
        try:
            self.worker.capacity_returned(message)
        finally:
            self.returning.capacity_returned()

    def start(self) -> None:
        """Start every part; raise BadValue when the port cannot be had."""
        if self._settings.vendordata:
            self._http = self._listen()
            self._thread('vendordata', self._http.serve_forever)
        self._thread('bus', self._listener.run)
        self._thread('returning', self.returning.run)

    @staticmethod
    def _thread(name: str, run: Callable[[], None]) -> None:
        threading.Thread(target=run, name=name, daemon=True).start()

    def _listen(self) -> vendordata.Server:
        listen = self._settings.vendordata_listen
        port = self._settings.vendordata_port
        try:
            return vendordata.serve(
                listen,
                port,
                vendordata.Application(self.table, self._settings),
            )
        except OSError as error:
            raise exception.BadValue(
                '[reclaim] vendordata_listen and vendordata_port',
                f'{listen}:{port}',
                f'must be free to listen on: {error.strerror}',
            ) from error

    @property
    def vendordata_port(self) -> int:
        """Give the port on which notices are served, 0 for none."""
        return self._http.server_port if self._http else 0

    def stop(self) -> None:
        """End every part; notices stay in force and are taken up again."""
        self.stopping.set()
        self.hosts.stop()
        self.returning.look_now()
        self._listener.stop()
        if self._http:
            self._http.shutdown()
            self._http.server_close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._aside.shutdown(wait=False, cancel_futures=True)
        LOG.info('stopped')
