# SPDX-License-Identifier: Apache-2.0
"""The agent's D-Bus API: org.openstack.NovaDesktop1."""

import time
from typing import Annotated, Any, Protocol

import dbus_fast
import dbus_fast.aio
from dbus_fast import annotations, service

from nova_desktop import model
from nova_desktop.agent import (
    arguments,
    authority,
    crowd,
    fence_api,
    gate,
    owner_api,
)

BUS_NAME = 'org.openstack.NovaDesktop1'
PATH = '/org/openstack/NovaDesktop1'
_READ = dbus_fast.PropertyAccess.READ
_LONGEST_LEAVE_S = 86400
_LONGEST_HEAR_S = 600
_MOST_CHANGES = 1000
# Anybody may ask for much, and each answer takes the loop from the input.
_MOST_ASKING = 8
_PAUSE_S = 0.02

_Odds = Annotated[dict[int, float], annotations.DBusSignature('a{ud}')]
_Texts = Annotated[dict[str, str], annotations.DBusSignature('a{ss}')]
_Changes = Annotated[
    list[list[float | str]], annotations.DBusSignature('a(dssss)')
]


class Agent(owner_api.Agent, fence_api.Agent, Protocol):
    """What the API asks of the agent."""

    def status(self) -> model.Status:
        """Give the status."""

    def explain(self, count: int) -> list[model.Change]:
        """Give the last changes, the newest last."""

    async def leave(self, server_id: str, seconds: int) -> None:
        """Let a guest run, and grant the leaving share."""

    def leave_done(self, server_id: str) -> None:
        """Take the leaving share back."""

    async def hear(self, server_id: str, seconds: int) -> None:
        """Let a guest run, and grant what the owner leaves of the share."""


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
        'Limits': dict(status.limits),
    } | fence_api.properties(status)


class Interface(owner_api.OwnerApi, fence_api.FenceApi):
    """org.openstack.NovaDesktop1."""

    def __init__(self, agent: Agent) -> None:
        super().__init__(BUS_NAME, agent, authority.Authority(self._call))
        self._agent = self._fencer = agent
        self._values = self._laid_out(agent.status())
        self._asking = crowd.Queue(_MOST_ASKING)
        self._gate = gate.Gate(time.monotonic)
        self.bus: dbus_fast.aio.MessageBus | None = None

    def take(self, message: dbus_fast.Message) -> bool:
        """Look at a message first; True is for one that is left alone."""
        if self._gate.leaves_alone(message):
            return True
        authority.remember_sender(message)
        return False

    def publish(self, status: model.Status) -> None:
        """Emit one signal with every property that changed."""
        before, self._values = self._values, self._laid_out(status)
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
        """Name of a source or rung -> ok, or what is wrong."""
        return dict(self._values['Sources'])

    @service.dbus_property(_READ, 'Limits')
    def limits(self) -> _Texts:
        """Name of a rung of the ladder -> what it holds guests to."""
        return dict(self._values['Limits'])

    @service.dbus_method('Leave')
    async def leave(
        self, server_uuid: annotations.DBusStr, seconds: annotations.DBusUInt32
    ) -> None:
        """Hold the slice at the leaving share; root only."""
        await self._who.require_root('Leave')
        arguments.check_server(server_uuid)
        arguments.check_number('seconds', seconds, 1, _LONGEST_LEAVE_S)
        await self._agent.leave(server_uuid, seconds)

    @service.dbus_method('LeaveDone')
    async def leave_done(self, server_uuid: annotations.DBusStr) -> None:
        """Hold the slice at the cap again; root only."""
        await self._who.require_root('LeaveDone')
        arguments.check_server(server_uuid)
        self._agent.leave_done(server_uuid)

    @service.dbus_method('Hear')
    async def hear(
        self, server_uuid: annotations.DBusStr, seconds: annotations.DBusUInt32
    ) -> None:
        """Let a guest hear that it has to go, 0 to end it; root only."""
        await self._who.require_root('Hear')
        arguments.check_server(server_uuid)
        arguments.check_number('seconds', seconds, 0, _LONGEST_HEAR_S)
        await self._agent.hear(server_uuid, seconds)

    @service.dbus_method('Explain')
    async def explain(self, count: annotations.DBusUInt32) -> _Changes:
        """Give the last changes: time, what, before, after, why."""
        arguments.check_number('count', count, 1, _MOST_CHANGES)
        async with self._asking.turn(_PAUSE_S):
            return [
                [each.at_unix_s, each.what, each.before, each.after, each.why]
                for each in self._agent.explain(count)
            ]

    def _laid_out(self, status: model.Status) -> dict[str, Any]:
        return properties(status) | owner_api.properties(self._agent.said())

    async def _call(
        self, message: dbus_fast.Message
    ) -> dbus_fast.Message | None:
        assert self.bus is not None
        return await self.bus.call(message)
