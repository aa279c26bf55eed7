# SPDX-License-Identifier: Apache-2.0
"""Tell systemd what the guests' slice is held to.

systemd knows nothing of what was written past it, and writes its own values
again with the next reload. It is told afterwards, and not instead: the way
through it takes a thousand times as long.
"""

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import dbus_fast
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError
from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.mechanism import slice

LOG = logging.getLogger(__name__)

_INFINITY = 2**64 - 1
_SECOND_US = 1_000_000
# What the kernel makes of a group that leaves the idle class.
_NORMAL = 100
_IDLE = 0
_TIMEOUT_S = 2.0
_ERRORS = (
    DBusError,
    AuthError,
    InvalidAddressError,
    OSError,
    EOFError,
    TimeoutError,
    ValueError,
)

Properties = dict[str, tuple[str, Any]]
"""Name -> signature and value."""


def cpu(target: model.SliceTarget, idle_us: int) -> Properties:
    """Give the CPU limit, so that systemd writes the same quota as we do."""
    per_second_us = _INFINITY
    quota_us = slice.quota_us(target, idle_us)
    period_us = slice.period_us(target, idle_us)
    if quota_us is not None:
        # systemd rounds the quota of a period down.
        per_second_us = -(-quota_us * _SECOND_US // period_us)
    # With the quota systemd writes the weight again too.
    return {
        'CPUWeight': ('t', _IDLE if target.idle else _NORMAL),
        'CPUQuotaPeriodUSec': ('t', period_us),
        'CPUQuotaPerSecUSec': ('t', per_second_us),
    }


def cores(target: model.CoreTarget) -> Properties:
    """Give the CPUs as a mask, the lowest CPU in the lowest bit."""
    mask = sum(1 << cpu for cpu in set(target.cpus or ()))
    size = (mask.bit_length() + 7) // 8
    return {'AllowedCPUs': ('ay', mask.to_bytes(size, 'little'))}


def disk(target: model.DiskTarget, disks: Sequence[str]) -> Properties:
    """Give the limits of each disk, which is named by its number."""

    def each(limit: int | None) -> tuple[str, list[list[Any]]]:
        if limit is None:
            return 'a(st)', []
        return 'a(st)', [[f'/dev/block/{disk}', limit] for disk in disks]

    return {
        'IOReadBandwidthMax': each(target.bytes_per_s),
        'IOWriteBandwidthMax': each(target.bytes_per_s),
        'IOReadIOPSMax': each(target.operations_per_s),
        'IOWriteIOPSMax': each(target.operations_per_s),
    }


def memory(limit_bytes: int | None) -> Properties:
    """Give the memory limit."""
    limit = _INFINITY if limit_bytes is None else limit_bytes
    return {'MemoryHigh': ('t', limit)}


_NOTHING: Properties = {
    **cpu(model.SliceTarget(None), _INFINITY),
    **cores(model.CoreTarget()),
    **disk(model.DiskTarget(), ()),
    **memory(None),
}


class SliceUnit:
    """The properties of the slice's unit, until the next boot.

    ``connect`` gives a connection to the system bus, for this alone;
    ``idle_us`` is the period of the idle class;
    ``disks`` the ``MAJOR:MINOR`` of each disk that is limited. Of memory the
    limit that ``memory_limit_bytes`` finds in force is told, not the one that
    is wanted: systemd itself would have to take the difference.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[MessageBus]],
        name: str,
        idle_us: int = 100_000,
        disks: Callable[[], Sequence[str]] = tuple,
        memory_limit_bytes: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._connect = connect
        self._name = name
        self._idle_us = idle_us
        self._disks = disks
        self._memory_limit_bytes = memory_limit_bytes
        self._bus: MessageBus | None = None
        self._told: Properties = {}
        self._latest: model.Hold | None = None
        self._wanted: model.Hold | None = None
        self._busy = False
        self._problem = ''

    async def follow(self, hold: model.Hold) -> None:
        """Tell what differs from what was told; the latest hold wins.

        Costs nothing while the hold is the same. Raises nothing: what fails
        is told again with the next hold.
        """
        if hold == self._latest:
            return
        self._latest = self._wanted = hold
        if self._busy:
            return
        self._busy = True
        try:
            while (wanted := self._wanted) is not None:
                self._wanted = None
                await self._try(functools.partial(self._properties, wanted))
        finally:
            self._busy = False

    def forget_told(self) -> None:
        """Have the next ``follow`` tell everything: others changed it."""
        self._told, self._latest = {}, None

    async def forget(self) -> None:
        """Take everything back, for whoever takes the agent away."""
        self.forget_told()
        await self._try(lambda: _NOTHING)

    def _properties(self, hold: model.Hold) -> Properties:
        return {
            **cpu(hold.slice, self._idle_us),
            **cores(hold.cores),
            **disk(hold.disk, self._disks()),
            **memory(self._memory_limit_bytes()),
        }

    async def _try(self, properties: Callable[[], Properties]) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._tell(properties())
        except _ERRORS as problem:
            self._complain(str(problem) or 'it does not answer in time')
        except Exception as problem:  # noqa: BLE001 - reported
            self._complain(repr(problem))
        else:
            self._problem = ''

    def _complain(self, problem: str) -> None:
        """Log what is wrong, once until it differs; hang up."""
        if problem != self._problem:
            LOG.warning(
                'systemd was not told the limits of %s and may loosen them '
                'when it reloads: %s',
                self._name,
                problem,
            )
        self._problem, self._told = problem, {}
        bus, self._bus = self._bus, None
        if bus is not None:
            with contextlib.suppress(*_ERRORS):
                bus.disconnect()

    async def _tell(self, properties: Properties) -> None:
        new = {
            name: value
            for name, value in properties.items()
            if self._told.get(name) != value
        }
        if not new:
            return
        if self._bus is None or not self._bus.connected:
            self._bus = await self._connect()
        reply = await self._bus.call(_message(self._name, new))
        if reply is not None and reply.error_name:
            text = reply.body[0] if reply.body else reply.error_name
            raise DBusError(reply.error_name, str(text), reply)
        self._told |= new


def _message(unit: str, properties: Properties) -> dbus_fast.Message:
    """Word the call; its effect ends with the next boot."""
    values = [
        [name, dbus_fast.Variant(signature, value)]
        for name, (signature, value) in properties.items()
    ]
    return dbus_fast.Message(
        destination='org.freedesktop.systemd1',
        path='/org/freedesktop/systemd1',
        interface='org.freedesktop.systemd1.Manager',
        member='SetUnitProperties',
        signature='sba(sv)',
        body=[unit, True, values],
    )
