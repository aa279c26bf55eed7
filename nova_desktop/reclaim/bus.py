# SPDX-License-Identifier: Apache-2.0
"""The message bus: what hosts ask comes in, notices go out."""

import socket
import threading
from collections.abc import Callable
from typing import Any, Protocol

import oslo_messaging
from oslo_log import log

from nova_desktop import exception, messages
from nova_desktop.reclaim import nouns

LOG = log.getLogger(__name__)

_RETRY_S = 5.0


class Foresight(Protocol):
    """Takes what hosts foresee; risks.Risks is one."""

    def hear(self, message: messages.AtRisk) -> None:
        """Take a host's message."""

    def note(self, message: messages.AtRisk) -> None:
        """Take another worker's."""


class Endpoint:
    """What hosts, and the other workers, may call."""

    target = oslo_messaging.Target(version=messages.SERVED)

    def __init__(
        self,
        reclaim: Callable[[messages.ReclaimRequest], object],
        returned: Callable[[messages.CapacityReturned], object],
        pass_on: Callable[[messages.CapacityReturned], object],
        hear: Callable[[messages.Entry], object],
        risks: Foresight | None = None,
    ) -> None:
        self._reclaim = reclaim
        self._returned = returned
        self._pass_on = pass_on
        self._hear = hear
        self._risks = risks

    def reclaim(self, context: object, fields: Any = None) -> None:
        """Take a host's request."""
        self._take(messages.ReclaimRequest, fields, self._reclaim)

    def capacity_returned(self, context: object, fields: Any = None) -> None:
        """Take a host's news and tell the other workers.

        The bus gives it to one worker only, while the victims may be
        another's.
        """
        self._take(messages.CapacityReturned, fields, self._pass_on)
        self.capacity_returned_to_all(context, fields)

    def capacity_returned_to_all(
        self, context: object, fields: Any = None
    ) -> None:
        """Take a host's news from another worker."""
        self._take(messages.CapacityReturned, fields, self._returned)

    def at_risk(self, context: object, fields: Any = None) -> None:
        """Take what a host foresees, tell its guests and the other workers."""
        if self._risks:
            self._take(messages.AtRisk, fields, self._risks.hear)

    def at_risk_to_all(self, context: object, fields: Any = None) -> None:
        """Take what another worker tells a host's guests."""
        if self._risks:
            self._take(messages.AtRisk, fields, self._risks.note)

    def record_to_all(self, context: object, fields: Any = None) -> None:
        """Take what another worker decided about a server."""
        self._take(messages.Entry, fields, self._hear)

    @staticmethod
    def _take(
        kind: type[Any], fields: Any, act: Callable[[Any], object]
    ) -> None:
        try:
            act(kind.from_wire(fields if isinstance(fields, dict) else {}))
        except exception.BadMessage as error:
            LOG.warning('%s dropped: %s', kind.__name__, error)
        except nouns.CloudError as error:
            LOG.warning('%s lost: %s', kind.__name__, error)
        except Exception:
            LOG.exception('%s of %.300r lost', kind.__name__, fields)


class _Message(Protocol):
    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""


def announcer(transport: Any, method: str) -> Callable[[_Message], None]:
    """Give what calls a method of every worker."""
    client = oslo_messaging.get_rpc_client(
        transport, messages.reclaim_target(), retry=1
    ).prepare(fanout=True)

    def pass_on(message: _Message) -> None:
        try:
            client.cast({}, method, fields=message.to_wire())
        except oslo_messaging.MessagingException as error:
            LOG.warning('the other workers are not told: %s', error)

    return pass_on


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
