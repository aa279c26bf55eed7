# SPDX-License-Identifier: Apache-2.0
"""What crosses oslo.messaging, versioned.

Two topics. ``nova-desktop-reclaim`` carries what hosts ask of the control
plane; ``nova-desktop-host`` (one server per host) what the control plane
tells a host. Every field is checked on arrival, because a workstation's
owner has root and may send anything.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import oslo_messaging
from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.messages import fields as check
from nova_desktop.messages.answer import Question, answer_of
from nova_desktop.messages.answer import sealed as answer_sealed
from nova_desktop.messages.host import HostStatus, Told, told_of
from nova_desktop.messages.notice import AtRisk, Event, Notice
from nova_desktop.messages.record import Entry, What
from nova_desktop.messages.refusals import Refusals, Refused
from nova_desktop.messages.seal import FIELD as SEAL
from nova_desktop.messages.seal import MAX_AGE_S, Gate, Seal, Signer
from nova_desktop.messages.worker import (
    MAX_ROWS,
    Row,
    WorkersAsked,
    WorkerTold,
)

__all__ = [
    'MAX_AGE_S',
    'MAX_ROWS',
    'SEAL',
    'AtRisk',
    'CapacityReturned',
    'Entry',
    'Event',
    'Gate',
    'HostClient',
    'HostStatus',
    'Notice',
    'Question',
    'ReclaimClient',
    'ReclaimRequest',
    'Refusals',
    'Refused',
    'Row',
    'Seal',
    'Signer',
    'Told',
    'What',
    'WorkerTold',
    'WorkersAsked',
    'answer_sealed',
    'host_target',
    'kind_of',
    'reclaim_target',
]

LOG = logging.getLogger(__name__)

RECLAIM_TOPIC = 'nova-desktop-reclaim'
HOST_TOPIC = 'nova-desktop-host'
VERSION = '1.0'

# What the control plane answers to; 1.1 added at_risk.
SERVED = '1.1'

_MAX_ACK = 64

# Named here because each service has a control_exchange of its own.
_EXCHANGE = 'nova-desktop'


def reclaim_target(server: str | None = None) -> oslo_messaging.Target:
    """Give the target of the control plane's service."""
    return oslo_messaging.Target(
        exchange=_EXCHANGE,
        topic=RECLAIM_TOPIC,
        version=VERSION,
        server=server,
    )


def host_target(host: str) -> oslo_messaging.Target:
    """Give the target of one workstation's nova-compute."""
    return oslo_messaging.Target(
        exchange=_EXCHANGE, topic=HOST_TOPIC, version=VERSION, server=host
    )


@dataclasses.dataclass(frozen=True, slots=True)
class ReclaimRequest:
    """A host wants its guests held to ``keep_*``, sent again until they are.

    ``keep_cpus`` in CPUs and ``keep_memory_mib`` are what may stay, not what
    must go: a request that is repeated, late or doubled then asks for
    nothing more. ``within_s`` seconds from now is when it is needed. With
    ``departs`` the host goes away then and takes whoever still runs there
    along; what was saved on it is there when it comes back.
    ``said_unix_s``, by the host's clock, is filled in by the worker that takes
    it and not sent; 0 means unknown.
    """

    request_id: str
    host: str
    keep_cpus: float
    keep_memory_mib: int
    within_s: float
    reason: str
    departs: bool = False
    said_unix_s: float = dataclasses.field(default=0.0, compare=False)

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        fields = dataclasses.asdict(self)
        del fields['said_unix_s']
        return fields

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'ReclaimRequest':
        """Check and take a message; raise BadMessage naming the field."""
        return cls(
            request_id=check.server_id(fields, 'request_id'),
            host=check.text(fields, 'host'),
            keep_cpus=check.number(fields, 'keep_cpus'),
            keep_memory_mib=int(check.number(fields, 'keep_memory_mib')),
            within_s=check.number(fields, 'within_s'),
            reason=check.text(fields, 'reason'),
            # Hosts of the first release do not tell.
            departs='departs' in fields and check.flag(fields, 'departs'),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class CapacityReturned:
    """A host takes guests again; also withdraws what it had asked back.

    ``said_unix_s``, by the host's clock, is filled in by the worker that
    passes it on; 0 means unknown.
    """

    host: str
    reason: str
    said_unix_s: float = 0.0

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'CapacityReturned':
        """Check and take a message; raise BadMessage naming the field."""
        said = 'said_unix_s'
        return cls(
            host=check.text(fields, 'host'),
            reason=check.text(fields, 'reason'),
            said_unix_s=check.number(fields, said) if said in fields else 0.0,
        )


def kind_of(message: Any) -> str:
    """Give what a seal calls a message."""
    return type(message).__name__


class ReclaimClient:
    """Ask the control plane; say whether it heard and believed it.

    Calls, though no answer matters: only calls expire on the bus. Casts wait
    there for a service that is down, which would act hours later on what
    hosts wanted then.
    """

    def __init__(
        self,
        transport: oslo_messaging.Transport,
        timeout_s: float = 10.0,
        signer: Signer | None = None,
    ) -> None:
        self._client = oslo_messaging.get_rpc_client(
            transport, reclaim_target(), timeout=timeout_s, retry=1
        )
        self._signer = signer or Signer('', None)

    def reclaim(self, request: ReclaimRequest) -> bool:
        """Ask for capacity back."""
        return self._told('reclaim', request)

    def capacity_returned(self, message: CapacityReturned) -> bool:
        """Tell that guests are welcome again."""
        return self._told('capacity_returned', message)

    def at_risk(self, message: AtRisk) -> bool:
        """Tell that the owner is expected back, or is not any more."""
        return self._told('at_risk', message, SERVED)

    def _told(self, method: str, message: Any, version: str = VERSION) -> bool:
        fields = self._signer.sealed(kind_of(message), message.to_wire())
        client = self._client.prepare(version=version)
        try:
            client.call({}, method, fields=fields)
        except oslo_messaging.RemoteError as error:
            return self._refused(method, error.value)
        except exception.BadMessage as error:
            # So it comes from the bus in memory.
            return self._refused(method, error)
        except oslo_messaging.MessagingException as error:
            LOG.info('%s was not heard: %s', method, error)
            return False
        return True

    def _refused(self, method: str, why: object) -> bool:
        LOG.warning('%s was refused: %.300s', method, why)
        return False


class HostClient:
    """Tell one workstation's nova-compute something, or ask it.

    With ``key_of``, which gives a host's key, what it is told is signed, and
    what it answers must be; unsigned answers are believed unless ``strict``.
    """

    def __init__(
        self,
        transport: oslo_messaging.Transport,
        key_of: Callable[[str], bytes] | None = None,
        strict: bool = True,
    ) -> None:
        self._transport = transport
        self._key_of = key_of
        self._strict = strict

    def _client(self, host: str, timeout_s: float) -> Any:
        return oslo_messaging.get_rpc_client(
            self._transport, host_target(host), timeout=timeout_s, retry=1
        )

    def _sealed(self, host: str, message: Any) -> dict[str, Any]:
        key = self._key_of(host) if self._key_of else None
        signer = Signer(host, key)
        return signer.sealed(kind_of(message), message.to_wire())

    def notice(self, host: str, notice: Notice, timeout_s: float) -> bool:
        """Pass a notice into a guest; say whether the guest took it."""
        client = self._client(host, timeout_s)
        return bool(
            client.call({}, 'notice', fields=self._sealed(host, notice))
        )

    def acknowledged(self, host: str, server_id: str, timeout_s: float) -> str:
        """Give what a guest agreed to, empty for nothing.

        Raises HostSilent or BadMessage.
        """
        answer = self._ask(
            host, 'acknowledged', timeout_s, server_id=server_id
        )
        return answer[:_MAX_ACK] if isinstance(answer, str) else ''

    def status(self, host: str, timeout_s: float) -> HostStatus:
        """Ask what a host says now; raise HostSilent or BadMessage."""
        return HostStatus.from_wire(self._ask(host, 'status', timeout_s))

    def told(
        self, host: str, limit: int, timeout_s: float
    ) -> tuple[Told, ...]:
        """Ask what a host told the cloud lately, the latest first.

        Raises HostSilent or BadMessage.
        """
        answer = self._ask(host, 'told', timeout_s, limit=limit)
        return told_of(answer, limit)

    def _ask(
        self, host: str, method: str, timeout_s: float, **more: Any
    ) -> Any:
        if self._key_of is None:
            return self._answer(host, method, timeout_s, **more)
        about = more.get('server_id', '')
        question = self._sealed(host, Question(method, about))
        answer = self._answer(host, method, timeout_s, fields=question, **more)
        return answer_of(
            answer, host, self._key_of, question[SEAL]['nonce'], self._strict
        )

    def _answer(
        self, host: str, method: str, timeout_s: float, **more: Any
    ) -> Any:
        client = self._client(host, timeout_s)
        try:
            return client.call({}, method, **more)
        except oslo_messaging.MessagingTimeout as error:
            raise exception.HostSilent(
                f'{host} did not answer within {timeout_s:g} s'
            ) from error
        except Exception as error:
            # The error that a host answers with is its own, text and type,
            # and may be such that the library fails over it.
            LOG.warning('%s could not be asked: %.300r', host, error)
            raise exception.HostSilent(
                f'{host} could not be asked: {type(error).__name__}'
            ) from error
