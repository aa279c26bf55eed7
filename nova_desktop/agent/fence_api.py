# SPDX-License-Identifier: Apache-2.0
"""The part of the agent's D-Bus API about a host that goes away."""

from typing import Annotated, Any, Protocol

import dbus_fast
from dbus_fast import annotations, service

from nova_desktop import exception, model
from nova_desktop.agent import arguments, authority, deadman

_READ = dbus_fast.PropertyAccess.READ
_MOST_REASON = 255

_Uuids = Annotated[list[str], annotations.DBusSignature('as')]


class Agent(Protocol):
    """What the fence asks of the agent; each raises DesktopError."""

    async def fence(self, reason: str) -> None:
        """Pause every guest until it is confirmed."""

    async def unfence(self, server_id: str) -> None:
        """Let a guest run as far as the ladder does."""

    async def fence_in(self, seconds: int) -> None:
        """Pause every guest then, unless asked again; 0 for never."""


def properties(status: model.Status) -> dict[str, Any]:
    """Lay the departure out as properties of the interface."""
    return {
        'Departing': status.departing,
        'Fenced': list(status.fenced),
        'FencedSince': float(status.fenced_since_unix_s or 0.0),
    }


class FenceApi:
    """What nova-compute sees and calls when host and cloud may part.

    A part of the interface: what is needed of it is set there.
    """

    _who: authority.Authority
    _fencer: Agent
    _values: dict[str, Any]

    @service.dbus_property(_READ, 'Departing')
    def departing(self) -> annotations.DBusStr:
        """sleep or shutdown while the host prepares for it, else empty."""
        return str(self._values['Departing'])

    @service.dbus_property(_READ, 'Fenced')
    def fenced(self) -> _Uuids:
        """UUIDs of the guests that stay paused until they are confirmed."""
        return list(self._values['Fenced'])

    @service.dbus_property(_READ, 'FencedSince')
    def fenced_since(self) -> annotations.DBusDouble:
        """Unix seconds since when the first of them is; 0 for none."""
        return float(self._values['FencedSince'])

    @service.dbus_method('Fence')
    async def fence(self, reason: annotations.DBusStr) -> None:
        """Pause every guest until it is confirmed; root only."""
        await self._who.require_root('Fence')
        if not 0 < len(reason) <= _MOST_REASON:
            raise arguments.bad_value(
                'reason', reason[:_MOST_REASON], 'a sentence, 255 at most'
            )
        try:
            await self._fencer.fence(reason)
        except exception.DesktopError as error:
            raise arguments.error_of(error) from error

    @service.dbus_method('Unfence')
    async def unfence(self, server_uuid: annotations.DBusStr) -> None:
        """Let a guest that belongs here run as the cap allows; root only."""
        await self._who.require_root('Unfence')
        arguments.check_server(server_uuid)
        try:
            await self._fencer.unfence(server_uuid)
        except exception.DesktopError as error:
            raise arguments.error_of(error) from error

    @service.dbus_method('FenceIn')
    async def fence_in(self, seconds: annotations.DBusUInt32) -> None:
        """Fence then unless called again, 0 for never; root only."""
        await self._who.require_root('FenceIn')
        arguments.check_number('seconds', seconds, 0, deadman.LONGEST_S)
        try:
            await self._fencer.fence_in(seconds)
        except exception.DesktopError as error:
            raise arguments.error_of(error) from error
