# SPDX-License-Identifier: Apache-2.0
"""Keep the agent's API on the D-Bus system bus."""

import asyncio

import dbus_fast
import dbus_fast.aio
from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.agent import authority, connection, interface, reports

LOG = logging.getLogger(__name__)

_CONNECT_S = 10.0


class Service:
    """Keeps the interface on the bus, which may come and go."""

    def __init__(
        self, agent: interface.Agent, helpers: reports.Taker, retry_s: float
    ) -> None:
        self._agent = agent
        self._helpers = helpers
        self._retry_s = retry_s
        self._interface: interface.Interface | None = None
        self._problem = ''

    def publish(self, status: model.Status) -> None:
        """Tell everybody on the bus; nobody is told while it is away."""
        if self._interface is not None:
            self._interface.publish(status)

    async def run(self) -> None:
        """Serve for ever, connecting again whenever the bus is lost."""
        while True:
            try:
                await self._serve()
            except (
                OSError,
                EOFError,
                TimeoutError,
                dbus_fast.DBusError,
                dbus_fast.AuthError,
                exception.BusUnavailable,
            ) as error:
                self._complain(str(error) or repr(error))
            except Exception:
                LOG.exception('The agent is off the bus until it tries again')
            finally:
                self._interface = None
            await asyncio.sleep(self._retry_s)

    async def _serve(self) -> None:
        bus = await connection.system_bus()
        try:
            await asyncio.wait_for(self._offer(bus), _CONNECT_S)
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        finally:
            bus.disconnect()
        raise exception.BusUnavailable('the bus has gone')

    async def _offer(self, bus: dbus_fast.aio.MessageBus) -> None:
        """Own the name with the interface behind it."""
        offered = interface.Interface(self._agent)
        offered.bus = bus
        bus.add_message_handler(offered.take)
        bus.export(interface.PATH, offered)
        bus.export(
            interface.PATH, reports.Sessions(self._helpers, authority.sender)
        )
        await self._own_name(bus)
        self._interface = offered
        # What changed while the name was being asked for.
        offered.publish(self._agent.status())
        self._problem = ''
        LOG.info('The agent is on the bus as %s', interface.BUS_NAME)

    async def _own_name(self, bus: dbus_fast.aio.MessageBus) -> None:
        reply = await bus.request_name(
            interface.BUS_NAME, dbus_fast.NameFlag.DO_NOT_QUEUE
        )
        if reply is not dbus_fast.RequestNameReply.PRIMARY_OWNER:
            raise exception.BusUnavailable(
                f'another process owns {interface.BUS_NAME}: stop that agent'
            )

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            LOG.error(
                'The agent is not on the D-Bus system bus, and is looking for '
                'it each %g s: %s. Guests are throttled as before; the cloud '
                'sees a silent agent and takes no new guests here',
                self._retry_s,
                problem,
            )
        self._problem = problem
