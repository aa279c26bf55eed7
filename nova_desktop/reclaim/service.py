# SPDX-License-Identifier: Apache-2.0
"""Build a worker from its options, run it, end it."""

import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

from oslo_log import log

from nova_desktop import messages
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
    reach,
    rest,
    server,
    trust,
    under_way,
    vendordata,
)
from nova_desktop.reclaim.api_resources import Resources
from nova_desktop.reclaim.aside import Aside, Line
from nova_desktop.reclaim.journal import Journal
from nova_desktop.reclaim.parts import Parts, Pools, World
from nova_desktop.reclaim.peers import Peers
from nova_desktop.reclaim.ways import Ways

LOG = log.getLogger(__name__)

_AGENDA_THREADS = 16
_ASIDE_THREADS = 4
_LEASE_THREADS = 8
_ASKER_THREADS = 4
_TELLER_THREADS = 16


def _pool(threads: int, name: str) -> futures.Executor:
    return futures.ThreadPoolExecutor(threads, name)


class Service:
    """One worker with its threads, its bus and its HTTP servers."""

    def __init__(self, conf: Any, a_cloud: nouns.Cloud | None = None) -> None:
        self.stopping = threading.Event()
        self._conf = conf
        self._settings = conf.reclaim
        self._trust = trust.Trust(
            trust.master_of(self._settings), self._settings
        )
        self.transport = reach.transport_of(conf)
        self._name = bus.worker_name(conf)
        self.cloud = a_cloud or self._rest_cloud(conf)
        self._hosts = self._trust.host_client(self.transport)
        self._pools = Pools(
            actors=_pool(self._settings.threads, 'actor'),
            aside=_pool(_ASIDE_THREADS, 'aside'),
            askers=_pool(_ASKER_THREADS, 'asker'),
            leases=_pool(_LEASE_THREADS, 'lease'),
            tellers=_pool(_TELLER_THREADS, 'teller'),
        )
        self._ways = Ways(self._settings, self.cloud, self.stopping)
        self.parts = self._parts()
        self._peers = self._make_peers()
        endpoint = bus.Endpoint(
            self.parts.turns.take,
            self._returned,
            self._announcer('capacity_returned_to_all'),
            self._hear,
            self._trust,
            self.parts.risks,
            self._peers,
        )
        self._listener = bus.Listener(
            self.transport, self._name, endpoint, self.stopping
        )
        self.listening = self._listener.started
        # On the bus a call expires when its caller gives up; here it would
        # wait for a thread however long.
        options.hold_few(conf, conf.executor_thread_pool_size)
        self.health = self._health()
        self._http: dict[str, server.Server] = {}

    def _rest_cloud(self, conf: Any) -> nouns.Cloud:
        auth = conf[options.AUTH_GROUP]
        client = rest.Rest(
            reach.session_of(conf),
            auth.region_name,
            auth.valid_interfaces,
            self.stopping,
        )
        return cloud.RestCloud(client)

    def _announcer(self, method: str) -> Callable[[Any], None]:
        signer = self._trust.signer(self._name)
        return bus.announcer(self.transport, method, signer)

    def _parts(self) -> Parts:
        world = World(
            cloud=self.cloud,
            guests=self._hosts,
            emit=bus.emitter(self._conf, self._name),
            outward=self._ways.tell,
            pass_risk_on=self._announcer('at_risk_to_all'),
            latest=self._trust.is_latest,
            settings=self._settings,
            clock=nouns.Clock(),
            stop=self.stopping,
        )
        return Parts(world, self._journal(), self._pools)

    def _journal(self) -> Journal:
        size = self._settings.journal_size
        # The bus may be down; the others would keep no more than so many.
        telling = Line(
            'the journal',
            Aside(self._pools.aside),
            self._announcer('record_to_all'),
            size,
        )
        return Journal(self._name, nouns.Clock(), size, telling.put)

    def _health(self) -> health.Health:
        clock, settings = nouns.Clock(), self._settings
        a_pass_s = settings.return_batch * settings.return_timeout_s
        returning = probes.loop(
            clock,
            lambda: self.parts.returning.passed_steady_s,
            2 * settings.return_scan_s + a_pass_s,
        )
        loops = {'returning': returning}
        return health.Health(
            probes.all_of(self.transport, self._name, self.cloud, loops),
            settings.health_period_s,
            clock,
            self.stopping,
        )

    def _make_peers(self) -> Peers:
        clock = nouns.Clock()
        signer = self._trust.signer(self._name)
        return Peers(
            self._name,
            lambda question: under_way.told(
                self.parts, self.health.show()[1], question, clock.unix()
            ),
            self._announcer('workers_asked'),
            bus.teller(self.transport, 'worker_told', signer),
            clock,
            self.stopping,
        )

    def _hear(self, entry: messages.Entry) -> None:
        self.parts.journal.hear(entry)
        self._peers.heard(entry.worker)
        others = entry.worker != self._name
        if others and entry.what is messages.What.WITHDRAWN:
            # What this worker knows to be foretold is not in force either.
            self.parts.foreseen.drop(entry.server_id)

    def _returned(self, message: messages.CapacityReturned) -> None:
        self.parts.turns.withdraw(message)
        try:
            self.parts.worker.capacity_returned(message)
        finally:
            self.parts.returning.capacity_returned()

    def start(self) -> None:
        """Start every part; raise BadValue when the port cannot be had."""
        parts = self.parts
        if self._settings.vendordata:
            self._listen(
                'vendordata',
                vendordata.Application(
                    parts.table,
                    self._settings,
                    parts.leases.shown,
                    parts.foreseen,
                ),
            )
        if self._settings.api:
            self._listen('api', self._api())
        parts.agenda.start(parts.leftovers.course())
        for number in range(_AGENDA_THREADS):
            self._thread(f'agenda-{number}', parts.agenda.run)
        self._thread('bus', self._listener.run)
        self._thread('returning', parts.returning.run)
        if self._settings.lease_scan_s:
            self._thread('leases', parts.leases.run)
        self._thread('looks', parts.looks.run)
        self.health.start()

    @staticmethod
    def _thread(name: str, run: Callable[[], None]) -> None:
        threading.Thread(target=run, name=name, daemon=True).start()

    def _api(self) -> server.Application:
        resources = Resources(
            self.cloud,
            self._hosts,
            self.parts.journal,
            self.parts.leases_read,
            api_policy.enforcer(self._conf),
            self._settings.api_host_timeout_s,
            lambda: under_way.shown(*self._peers.ask()),
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
        self.parts.hosts.stop()
        self.parts.returning.look_now()
        self.parts.leases.look_now()
        self._listener.stop()
        for http in self._http.values():
            http.shutdown()
            http.server_close()
        self.parts.agenda.stop()
        self._pools.actors.shutdown(wait=True, cancel_futures=True)
        self._pools.leases.shutdown(wait=True, cancel_futures=True)
        self._ways.stop()
        for pool in (
            self._pools.askers,
            self._pools.tellers,
            self._pools.aside,
        ):
            pool.shutdown(wait=False, cancel_futures=True)
        LOG.info('stopped')
