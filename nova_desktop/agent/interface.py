# SPDX-License-Identifier: Apache-2.0
"""The agent's D-Bus API: org.openstack.NovaDesktop1."""

import asyncio
import contextvars
from typing import Annotated, Any, Protocol

import dbus_fast
import dbus_fast.aio
from dbus_fast import annotations, service

from nova_desktop import exception, model

BUS_NAME = 'org.openstack.NovaDesktop1'
PATH = '/org/openstack/NovaDesktop1'
_BUS = 'org.freedesktop.DBus'
_BAD_VALUE = f'{BUS_NAME}.Error.BadValue'
_ACCESS_DENIED = f'{_BUS}.Error.AccessDenied'
_LIMITS_EXCEEDED = f'{_BUS}.Error.LimitsExceeded'
_READ = dbus_fast.PropertyAccess.READ
_LONGEST_LEAVE_S = 86400
_MOST_CHANGES = 1000
# Anybody may ask for much, and each answer takes the loop from the input.
_MOST_ASKING = 8
_PAUSE_S = 0.02
_MOST_TEXT = 255

_Odds = Annotated[dict[int, float], annotations.DBusSignature('a{ud}')]
_Texts = Annotated[dict[str, str], annotations.DBusSignature('a{ss}')]
_Changes = Annotated[
    list[list[float | str]], annotations.DBusSignature('a(dssss)')
]

# Who sent the call that is being answered: the library does not pass it on,
# but starts each method in a copy of the context of its message.
_sender: contextvars.ContextVar[str] = contextvars.ContextVar('sender')


class Agent(Protocol):
    """What the API asks of the agent."""

    def status(self) -> model.Status:
        """Give the status."""

    def explain(self, count: int) -> list[model.Change]:
        """Give the last changes, the newest last."""

    def leave(self, server_id: str, seconds: int) -> None:
        """Grant the leaving share."""

    def leave_done(self, server_id: str) -> None:
        """Take the leaving share back."""


def properties(status: model.Status) -> dict[str, Any]:
    """Lay a status out as the properties of the interface."""
    return {
        'Sequence': status.sequence,
        'Presence': status.presence.value,
        'Demand': status.demand,
        'Source': status.source,
        'Reason': status.reason,
        'CapCpus': float(status.cap.cpus),
        'CapMemoryMiB': status.cap.memory_mib,
        'Admit': status.cap.admit,
        'ReclaimDue': status.reclaim_due,
        'ForecastAway': dict(status.forecast),
        'Sources': dict(status.sources),
    }


class Interface(service.ServiceInterface):
    """org.openstack.NovaDesktop1."""

    def __init__(self, agent: Agent) -> None:
        super().__init__(BUS_NAME)
        self._agent = agent
        self._values = properties(agent.status())
        self._asking = 0
        self._turn = asyncio.Lock()
        self.bus: dbus_fast.aio.MessageBus | None = None

    def publish(self, status: model.Status) -> None:
        """Emit one signal with every property that changed."""
        before, self._values = self._values, properties(status)
        changed = {
            name: value
            for name, value in self._values.items()
            if value != before[name]
        }
        if changed:
            self.emit_properties_changed(changed)

    @service.dbus_property(_READ, 'Sequence')
    def sequence(self) -> annotations.DBusUInt64:
        """Number of the status; grows with each change."""
        return int(self._values['Sequence'])

    @service.dbus_property(_READ, 'Presence')
    def presence(self) -> annotations.DBusStr:
        """away, idle, active or unknown."""
        return str(self._values['Presence'])

    @service.dbus_property(_READ, 'Demand')
    def demand(self) -> annotations.DBusBool:
        """Whether the owner's own tasks wait for a resource."""
        return bool(self._values['Demand'])

    @service.dbus_property(_READ, 'Source')
    def source(self) -> annotations.DBusStr:
        """Name of the source that decided."""
        return str(self._values['Source'])

    @service.dbus_property(_READ, 'Reason')
    def reason(self) -> annotations.DBusStr:
        """Why, in a sentence."""
        return str(self._values['Reason'])

    @service.dbus_property(_READ, 'CapCpus')
    def cap_cpus(self) -> annotations.DBusDouble:
        """CPUs that guests may use."""
        return float(self._values['CapCpus'])

    @service.dbus_property(_READ, 'CapMemoryMiB')
    def cap_memory_mib(self) -> annotations.DBusUInt64:
        """Memory that guests may use."""
        return int(self._values['CapMemoryMiB'])

    @service.dbus_property(_READ, 'Admit')
    def admit(self) -> annotations.DBusBool:
        """Whether new guests are taken."""
        return bool(self._values['Admit'])

    @service.dbus_property(_READ, 'ReclaimDue')
    def reclaim_due(self) -> annotations.DBusBool:
        """Whether guests above the cap must go."""
        return bool(self._values['ReclaimDue'])

    @service.dbus_property(_READ, 'ForecastAway')
    def forecast_away(self) -> _Odds:
        """Minutes -> probability that the owner stays away as long."""
        return dict(self._values['ForecastAway'])

    @service.dbus_property(_READ, 'Sources')
    def sources(self) -> _Texts:
        """Name of a source -> ok, or what is wrong."""
        return dict(self._values['Sources'])

    @service.dbus_method('Leave')
    async def leave(
        self, server_uuid: annotations.DBusStr, seconds: annotations.DBusUInt32
    ) -> None:
        """Hold the slice at the leaving share; root only."""
        await self._require_root('Leave')
        _check_server(server_uuid)
        _check_number('seconds', seconds, 1, _LONGEST_LEAVE_S)
        self._agent.leave(server_uuid, seconds)

    @service.dbus_method('LeaveDone')
    async def leave_done(self, server_uuid: annotations.DBusStr) -> None:
        """Hold the slice at the cap again; root only."""
        await self._require_root('LeaveDone')
        _check_server(server_uuid)
        self._agent.leave_done(server_uuid)

    @service.dbus_method('Explain')
    async def explain(self, count: annotations.DBusUInt32) -> _Changes:
        """Give the last changes: time, what, before, after, why."""
        _check_number('count', count, 1, _MOST_CHANGES)
        await self._wait_for_turn()
        return [
            [each.at_unix_s, each.what, each.before, each.after, each.why]
            for each in self._agent.explain(count)
        ]

    async def _wait_for_turn(self) -> None:
        """Answer one at a time; raise LimitsExceeded in a crowd."""
        if self._asking >= _MOST_ASKING:
            raise dbus_fast.DBusError(
                _LIMITS_EXCEEDED, 'too many are asking; try again later'
            )
        self._asking += 1
        try:
            async with self._turn:
                await asyncio.sleep(_PAUSE_S)
        finally:
            self._asking -= 1

    async def _require_root(self, member: str) -> None:
        """Raise AccessDenied unless root called."""
        assert self.bus is not None
        reply = await self.bus.call(
            dbus_fast.Message(
                destination=_BUS,
                path='/org/freedesktop/DBus',
                interface=_BUS,
                member='GetConnectionUnixUser',
                signature='s',
                body=[_sender.get()],
            )
        )
        # An error is an answer too: who has left the bus is not root.
        known = reply.message_type is dbus_fast.MessageType.METHOD_RETURN
        if not known or reply.body[0] != 0:
            raise dbus_fast.DBusError(
                _ACCESS_DENIED, f'{member} may be called by root only'
            )


def remember_sender(message: dbus_fast.Message) -> None:
    if message.sender:
        _sender.set(message.sender)


def _check_server(server_uuid: str) -> None:
    if not 0 < len(server_uuid) <= _MOST_TEXT:
        raise _bad_value(
            'server_uuid', server_uuid[:_MOST_TEXT], 'a UUID of an instance'
        )


def _check_number(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise _bad_value(name, value, f'must be {low} to {high}')


def _bad_value(name: str, value: object, allowed: str) -> dbus_fast.DBusError:
    error = exception.BadValue(name, value, allowed)
    return dbus_fast.DBusError(_BAD_VALUE, str(error))
