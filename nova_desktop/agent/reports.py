# SPDX-License-Identifier: Apache-2.0
"""What helpers call: org.openstack.NovaDesktop1.Sessions."""

from collections.abc import Callable
from typing import Protocol

import dbus_fast
from dbus_fast import annotations, service

from nova_desktop import exception
from nova_desktop.sensing import helper_book, helpers

NAME = 'org.openstack.NovaDesktop1.Sessions'
_BAD_VALUE = 'org.openstack.NovaDesktop1.Error.BadValue'
_ACCESS_DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
_LIMITS_EXCEEDED = 'org.freedesktop.DBus.Error.LimitsExceeded'


class Taker(Protocol):
    """Who takes what helpers say."""

    async def report(
        self, sender: str, session_id: str, said: helper_book.Said
    ) -> None:
        """Take a report; raise BadValue, Refused or TooMany."""

    def bye(self, sender: str, session_id: str) -> None:
        """Let a helper go that ends on purpose."""


class Sessions(service.ServiceInterface):
    """org.openstack.NovaDesktop1.Sessions.

    ``sender`` gives the unique bus name of who sent the call that is being
    answered.
    """

    def __init__(self, taker: Taker, sender: Callable[[], str]) -> None:
        super().__init__(NAME)
        self._taker = taker
        self._sender = sender

    @service.dbus_method('Report')
    async def report(
        self,
        session_id: annotations.DBusStr,
        active: annotations.DBusBool,
        inhibited: annotations.DBusBool,
        idle_ms: annotations.DBusUInt64,
        backend: annotations.DBusStr,
    ) -> None:
        """Say whether there is input; for the owner of the session only."""
        said = helper_book.Said(active, inhibited, idle_ms, backend)
        try:
            await self._taker.report(self._sender(), session_id, said)
        except exception.BadValue as error:
            raise dbus_fast.DBusError(_BAD_VALUE, str(error)) from error
        except helpers.Refused as error:
            raise dbus_fast.DBusError(_ACCESS_DENIED, str(error)) from error
        except helper_book.TooMany as error:
            raise dbus_fast.DBusError(_LIMITS_EXCEEDED, str(error)) from error

    @service.dbus_method('Bye')
    async def bye(self, session_id: annotations.DBusStr) -> None:
        """Say that the caller's helper ends on purpose."""
        self._taker.bye(self._sender(), session_id)
