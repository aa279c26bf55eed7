# SPDX-License-Identifier: Apache-2.0
"""The message bus: what hosts ask comes in, notices go out."""

import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

import oslo_messaging
from oslo_log import log

from nova_desktop import exception, messages
from nova_desktop.reclaim import nouns, trust

LOG = log.getLogger(__name__)

_RETRY_S = 5.0


class Foresight(Protocol):
    """Takes what hosts foresee; risks.Risks is one."""

    def hear(self, message: messages.AtRisk) -> None:
        """Take a host's message."""

    def note(self, message: messages.AtRisk) -> None:
        """Take another worker's."""


class Others(Protocol):
    """Speaks with the other workers; peers.Peers is one."""

    def asked(self, message: messages.WorkersAsked) -> None:
        """Answer a worker that asks all."""

    def told(self, message: messages.WorkerTold) -> None:
        """Take an answer."""


class Endpoint:
    """What hosts, and the other workers, may call."""

    target = oslo_messaging.Target(version=messages.SERVED)

    def __init__(
        self,
        reclaim: Callable[[messages.ReclaimRequest], object],
        returned: Callable[[messages.CapacityReturned], object],
        pass_on: Callable[[messages.CapacityReturned], object],
        hear: Callable[[messages.Entry], object],
        believe: trust.Trust,
        risks: Foresight,
        others: Others,
    ) -> None:
        self._reclaim = reclaim
        self._returned = returned
        self._pass_on = pass_on
        self._hear = hear
        self._trust = believe
        self._risks = risks
        self._others = others
        self.refusals = messages.Refusals('bus')

    def ping(self, context: object) -> None:
        """Answer; this worker asks itself whether the bus works."""

    def reclaim(self, context: object, fields: Any = None) -> None:
        """Take a host's request."""
        self._take(messages.ReclaimRequest, fields, self._reclaim)

    def capacity_returned(self, context: object, fields: Any = None) -> None:
        """Take a host's news and tell the other workers.

        The bus gives it to one worker only, while the victims may be
        another's.
        """
        self._take(messages.CapacityReturned, fields, self._tell_and_take)

    def _tell_and_take(self, message: messages.CapacityReturned) -> None:
        self._pass_on(message)
        self._returned(message)

    def capacity_returned_to_all(
        self, context: object, fields: Any = None
    ) -> None:
        """Take a host's news from another worker."""
        self._take_inside(
            messages.CapacityReturned, fields, self._take_if_news
        )

    def _take_if_news(self, message: messages.CapacityReturned) -> None:
        # What this worker passed on comes back to it, too.
        if self._trust.is_news(message):
            self._returned(message)

    def at_risk(self, context: object, fields: Any = None) -> None:
        """Take what a host foresees, tell its guests and the other workers."""
        self._take(messages.AtRisk, fields, self._risks.hear)

    def at_risk_to_all(self, context: object, fields: Any = None) -> None:
        """Take what another worker tells a host's guests."""
        self._take_inside(messages.AtRisk, fields, self._risks.note)

    def record_to_all(self, context: object, fields: Any = None) -> None:
        """Take what another worker decided about a server."""
        self._take_inside(messages.Entry, fields, self._hear)

    def workers_asked(self, context: object, fields: Any = None) -> None:
        """Take what a worker asks all others."""
        self._take_inside(messages.WorkersAsked, fields, self._others.asked)

    def worker_told(self, context: object, fields: Any = None) -> None:
        """Take what another worker answers to this one."""
        self._take_inside(messages.WorkerTold, fields, self._others.told)

    def _take(
        self, kind: type[Any], fields: Any, act: Callable[[Any], object]
    ) -> None:
        """Do what a host asks; the host is told if it is not believed."""
        self._do(kind, fields, self._trust.from_host, act)

    def _take_inside(
        self, kind: type[Any], fields: Any, act: Callable[[Any], object]
    ) -> None:
        """Do what another worker asks; no host has the workers' key."""
        self._do(kind, fields, self._trust.from_worker, act)

    def _do(
        self,
        kind: type[Any],
        fields: Any,
        believed: Callable[[type[Any], Any], Any],
        act: Callable[[Any], object],
    ) -> None:
        try:
            act(believed(kind, fields))
        except exception.BadMessage as error:
            self.refusals.note(trust.claimed(fields), kind.__name__, error)
            raise messages.Refused from error
        except nouns.CloudError as error:
            LOG.warning('%s lost: %s', kind.__name__, error)
        except Exception:
            LOG.exception('%s of %.300r lost', kind.__name__, fields)


class _Message(Protocol):
    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""


def announcer(
    transport: Any, method: str, signer: messages.Signer
) -> Callable[[_Message], None]:
    """Give what calls a method of every worker."""
    tell = _caster(transport, method, signer)
    return lambda message: tell(message, fanout=True)


def teller(
    transport: Any, method: str, signer: messages.Signer
) -> Callable[[str, _Message], None]:
    """Give what calls a method of the worker that is named."""
    tell = _caster(transport, method, signer)
    return lambda worker, message: tell(message, server=worker)


def _caster(
    transport: Any, method: str, signer: messages.Signer
) -> Callable[..., None]:
    client = oslo_messaging.get_rpc_client(
        transport, messages.reclaim_target(), retry=1
    )

    def cast(message: _Message, **target: Any) -> None:
        kind = messages.kind_of(message)
        fields = signer.sealed(kind, message.to_wire())
        try:
            client.prepare(**target).cast({}, method, fields=fields)
        except oslo_messaging.MessagingException as error:
            LOG.warning('the other workers are not told: %s', error)

    return cast


def emitter(conf: Any, name: str) -> Callable[[str, dict[str, Any]], None]:
    """Give what sends a notification; one try, it is not worth a wait."""
    notifier = oslo_messaging.Notifier(
        oslo_messaging.get_notification_transport(conf),
        publisher_id=f'nova-desktop-reclaim.{name}',
        retry=0,
    )

    def emit(event: str, payload: dict[str, Any]) -> None:
        notifier.info({}, event, payload)

    return emit


def worker_name(conf: Any) -> str:
    """Give this worker's name on the bus."""
    return conf.reclaim.host or socket.gethostname()


class Listener:
    """The RPC server, in a thread: the bus may be down when we start."""

    def __init__(
        self,
        transport: Any,
        name: str,
        endpoint: Endpoint,
        stop: threading.Event,
    ) -> None:
        self._server = oslo_messaging.get_rpc_server(
            transport,
            messages.reclaim_target(name),
            [endpoint],
            executor='threading',
            access_policy=oslo_messaging.DefaultRPCAccessPolicy,
        )
        self._stop = stop
        self.started = threading.Event()

    def run(self) -> None:
        """Connect, however long that takes."""
        while not self._stop.is_set():
            try:
                self._server.start()
            except Exception as error:  # noqa: BLE001
                LOG.warning('the message bus is not there: %s', error)
                self._stop.wait(_RETRY_S)
                continue
            self.started.set()
            LOG.info('listening on topic %s', messages.RECLAIM_TOPIC)
            return

    def stop(self) -> None:
        """Take no more messages and end what is being taken."""
        if self.started.is_set():
            self._server.stop()
            self._server.wait()
