# SPDX-License-Identifier: Apache-2.0
"""What crosses oslo.messaging, versioned.

Two topics. ``nova-desktop-reclaim`` carries what hosts ask of the control
plane; ``nova-desktop-host`` (one server per host) what the control plane
tells a host. Every field is checked on arrival, because a workstation's
owner has root and may send anything.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

import oslo_messaging
from oslo_log import log as logging

from nova_desktop import exception

LOG = logging.getLogger(__name__)

RECLAIM_TOPIC = 'nova-desktop-reclaim'
HOST_TOPIC = 'nova-desktop-host'
VERSION = '1.0'

# Named here because each service has a control_exchange of its own.
_EXCHANGE = 'nova-desktop'

_MAX_TEXT = 255
_MAX_NUMBER = 2**40
_MAX_SHOWN = 300


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


def _bad(name: str, value: Any, allowed: str) -> exception.BadMessage:
    # What came may be of any size, and goes to the log.
    shown = repr(value)
    if len(shown) > _MAX_SHOWN:
        value = shown[:_MAX_SHOWN] + '...'
    return exception.BadMessage(name, value, allowed)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
        raise _bad(
            name, value, f'must be a text of 1 to {_MAX_TEXT} characters'
        )
    # It is logged as one line, and shown to tenants.
    return ''.join(each if each.isprintable() else ' ' for each in value)


def _number(fields: Mapping[str, Any], name: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(name, value, 'must be a number')
    if not 0 <= value <= _MAX_NUMBER:
        raise _bad(name, value, f'must be 0 to {_MAX_NUMBER}')
    return value


def _server_id(fields: Mapping[str, Any], name: str) -> str:
    value = _text(fields, name)
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise _bad(name, value, 'must be a UUID') from None


@dataclasses.dataclass(frozen=True, slots=True)
class ReclaimRequest:
    """A host wants its guests held to ``keep_*``, sent again until they are.

    ``keep_cpus`` in CPUs and ``keep_memory_mib`` are what may stay, not what
    must go: a request that is repeated, late or doubled then asks for
    nothing more. ``within_s`` seconds from now is when it is needed.
    """

    request_id: str
    host: str
    keep_cpus: float
    keep_memory_mib: int
    within_s: float
    reason: str

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'ReclaimRequest':
        """Check and take a message; raise BadMessage naming the field."""
        return cls(
            request_id=_server_id(fields, 'request_id'),
            host=_text(fields, 'host'),
            keep_cpus=_number(fields, 'keep_cpus'),
            keep_memory_mib=int(_number(fields, 'keep_memory_mib')),
            within_s=_number(fields, 'within_s'),
            reason=_text(fields, 'reason'),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class CapacityReturned:
    """A host takes guests again; also withdraws what it had asked back."""

    host: str
    reason: str

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'CapacityReturned':
        """Check and take a message; raise BadMessage naming the field."""
        return cls(host=_text(fields, 'host'), reason=_text(fields, 'reason'))


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """What a guest is told before it is evicted.

    ``deadline_unix_s`` is when its grace ends; an empty ``action`` withdraws
    the notice.
    """

    server_id: str
    action: str
    deadline_unix_s: float
    reason: str

    def to_wire(self) -> dict[str, Any]:
        """Give the message's fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_wire(cls, fields: Mapping[str, Any]) -> 'Notice':
        """Check and take a message; raise BadMessage naming the field."""
        action = fields.get('action')
        return cls(
            server_id=_server_id(fields, 'server_id'),
            action='' if action == '' else _text(fields, 'action'),
            deadline_unix_s=_number(fields, 'deadline_unix_s'),
            reason=_text(fields, 'reason'),
        )


class ReclaimClient:
    """Ask the control plane; say whether it heard.

    Calls, though no answer matters: only calls expire on the bus. Casts wait
    there for a service that is down, which would act hours later on what
    hosts wanted then.
    """

    def __init__(
        self, transport: oslo_messaging.Transport, timeout_s: float = 10.0
    ) -> None:
        self._client = oslo_messaging.get_rpc_client(
            transport, reclaim_target(), timeout=timeout_s, retry=1
        )

    def reclaim(self, request: ReclaimRequest) -> bool:
        """Ask for capacity back."""
        return self._told('reclaim', request.to_wire())

    def capacity_returned(self, message: CapacityReturned) -> bool:
        """Tell that guests are welcome again."""
        return self._told('capacity_returned', message.to_wire())

    def _told(self, method: str, fields: dict[str, Any]) -> bool:
        try:
            self._client.call({}, method, fields=fields)
        except oslo_messaging.MessagingException as error:
            LOG.info('%s was not heard: %s', method, error)
            return False
        return True


class HostClient:
    """Tell one workstation's nova-compute something."""

    def __init__(self, transport: oslo_messaging.Transport) -> None:
        self._transport = transport

    def notice(self, host: str, notice: Notice, timeout_s: float) -> bool:
        """Pass a notice into a guest; say whether the guest took it."""
        client = oslo_messaging.get_rpc_client(
            self._transport, host_target(host), timeout=timeout_s, retry=1
        )
        return bool(client.call({}, 'notice', fields=notice.to_wire()))
