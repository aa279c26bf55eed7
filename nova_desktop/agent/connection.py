# SPDX-License-Identifier: Apache-2.0
"""Connections of the agent's to the D-Bus system bus."""

import asyncio

import dbus_fast
import dbus_fast.aio

_CONNECT_S = 10.0


class Bus(dbus_fast.aio.MessageBus):
    """A connection that outlives a bus that cannot take more just now."""

    def _finalize(self, err: Exception | None = None) -> None:
        # The library gives a connection up when the rest of a large answer
        # still fills the socket; it is sent as soon as the bus reads on.
        if not isinstance(err, BlockingIOError):
            super()._finalize(err)

    def send(  # type: ignore[override]
        self, msg: dbus_fast.Message
    ) -> asyncio.Future[None]:
        """Send a message; nobody here waits for the result, nor logs it."""
        try:
            sent: asyncio.Future[None] = super().send(msg)
        except OSError as problem:
            # The connection was closed before an answer was ready.
            sent = asyncio.get_running_loop().create_future()
            sent.set_exception(problem)
        sent.add_done_callback(lambda it: it.cancelled() or it.exception())
        return sent


async def system_bus(takes_descriptors: bool = False) -> Bus:
    """Connect to the system bus."""
    bus = Bus(
        bus_type=dbus_fast.BusType.SYSTEM, negotiate_unix_fd=takes_descriptors
    )
    await asyncio.wait_for(bus.connect(), _CONNECT_S)
    return bus
