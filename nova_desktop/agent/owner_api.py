# SPDX-License-Identifier: Apache-2.0
"""The part of the agent's D-Bus API by which the owner has his say."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import dbus_fast
from dbus_fast import annotations, service

from nova_desktop import exception, model
from nova_desktop.agent import arguments, authority, crowd

NO_END = 2**64 - 1
"""How a property says: until resumed."""

_READ = dbus_fast.PropertyAccess.READ
# Each waits for polkit, and for the disk.
_MOST_SAYING = 8


class Agent(Protocol):
    """What the owner's say asks of the agent.

    Each change is in force, recorded and on disk on return. It raises
    BadValue, or HostUnready if it would be forgotten at a restart. ``who``
    is why it changed, for the record.
    """

    def said(self) -> model.Say:
        """Give what holds now of the owner's say."""

    async def pause(self, until_unix_s: float | None, who: str) -> None:
        """Lend nothing until then, or until resumed."""

    async def resume(self, who: str) -> None:
        """End a pause or a lending."""

    async def lend(self, until_unix_s: float | None, who: str) -> None:
        """Lend as if the owner were away."""

    async def limit(
        self, cpu: float | None, memory: float | None, who: str
    ) -> None:
        """Lend at most these parts of the host."""


def properties(say: model.Say) -> dict[str, Any]:
    """Lay a say out as the properties of the interface."""
    return {
        'PausedUntil': _until(say.pause),
        'LentUntil': _until(say.lend),
        'OwnerCapCpu': _part(say.cpu),
        'OwnerCapMemory': _part(say.memory),
    }


class OwnerApi(service.ServiceInterface):
    """What the person at the workstation may call, without being root."""

    def __init__(
        self, name: str, agent: Agent, who: authority.Authority
    ) -> None:
        super().__init__(name)
        self._owners = agent
        self._who = who
        self._saying = crowd.Queue(_MOST_SAYING)

    @service.dbus_property(_READ, 'PausedUntil')
    def paused_until(self) -> annotations.DBusUInt64:
        """Unix seconds; 0 for not paused, the largest for until resumed."""
        return _until(self._owners.said().pause)

    @service.dbus_property(_READ, 'LentUntil')
    def lent_until(self) -> annotations.DBusUInt64:
        """Unix seconds; 0 for no, the largest for until resumed."""
        return _until(self._owners.said().lend)

    @service.dbus_property(_READ, 'OwnerCapCpu')
    def owner_cap_cpu(self) -> annotations.DBusDouble:
        """Most of the CPUs, 0 to 1; -1 for no bound of the owner's."""
        return _part(self._owners.said().cpu)

    @service.dbus_property(_READ, 'OwnerCapMemory')
    def owner_cap_memory(self) -> annotations.DBusDouble:
        """Most of the memory, 0 to 1; -1 for no bound of the owner's."""
        return _part(self._owners.said().memory)

    @service.dbus_method('Pause')
    async def pause(self, until_unix: annotations.DBusUInt64) -> None:
        """Lend nothing until then; 0 for until resumed."""
        await self._change(
            'pause',
            'pause the lending',
            lambda who: self._owners.pause(until_unix or None, who),
        )

    @service.dbus_method('Resume')
    async def resume(self) -> None:
        """End a pause or a lending; the owner's cap stays."""
        await self._change('resume', 'resume', self._owners.resume)

    @service.dbus_method('Lend')
    async def lend(self, until_unix: annotations.DBusUInt64) -> None:
        """Lend as if the owner were away; 0 for until resumed."""
        await self._change(
            'lend',
            'lend this workstation',
            lambda who: self._owners.lend(until_unix or None, who),
        )

    @service.dbus_method('SetCap')
    async def set_cap(
        self, cpu: annotations.DBusDouble, memory: annotations.DBusDouble
    ) -> None:
        """Lend at most these parts, 0 to 1; negative for no bound."""
        parts = [None if part < 0 else part for part in (cpu, memory)]
        await self._change(
            'set-cap',
            'set a cap',
            lambda who: self._owners.limit(parts[0], parts[1], who),
        )

    async def _change(
        self,
        action: str,
        what: str,
        change: Callable[[str], Awaitable[None]],
    ) -> None:
        """Let who may change something; word what is wrong with it."""
        async with self._saying.place():
            uid = await self._who.require(action, what)
            try:
                await change(f'user {uid} said so')
            except exception.DesktopError as error:
                raise arguments.error_of(error) from error


def _until(spell: model.Spell | None) -> int:
    if spell is None:
        return 0
    return NO_END if spell.until_unix_s is None else int(spell.until_unix_s)


def _part(part: float | None) -> float:
    return -1.0 if part is None else float(part)
