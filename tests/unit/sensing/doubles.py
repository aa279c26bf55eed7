# SPDX-License-Identifier: Apache-2.0
"""A private bus, and doubles of system services on it."""

import asyncio
import os
import pathlib
import subprocess
from typing import Any

from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

PYTHON = '/usr/bin/python3'
MOCK = 'org.freedesktop.DBus.Mock'
BUS = 'org.freedesktop.DBus'
TEMPLATES = pathlib.Path('/usr/lib/python3/dist-packages/dbusmock/templates')
UPOWER = 'org.freedesktop.UPower'
NETWORK_MANAGER = 'org.freedesktop.NetworkManager'


class Bus:
    """A private bus; ``double`` starts a service of a template on it."""

    def __init__(self) -> None:
        self.daemon = subprocess.Popen(
            ['dbus-daemon', '--session', '--nofork', '--print-address'],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.daemon.stdout is not None
        self.address = self.daemon.stdout.readline().strip()
        self.doubles: dict[str, subprocess.Popen[bytes]] = {}
        self.hand: MessageBus | None = None

    async def connect(self) -> MessageBus:
        """Connect to it as to the system bus."""
        bus = MessageBus(bus_address=self.address, bus_type=BusType.SYSTEM)
        return await bus.connect()

    async def double(self, template: str, name: str) -> None:
        """Start a service, and wait until it has its name."""
        address = {
            'DBUS_SYSTEM_BUS_ADDRESS': self.address,
            'DBUS_SESSION_BUS_ADDRESS': self.address,
        }
        self.doubles[name] = subprocess.Popen(
            [PYTHON, '-m', 'dbusmock', '--template', template],
            env=os.environ | address,
            stdout=subprocess.DEVNULL,
        )
        async with asyncio.timeout(10):
            while not await self.call(
                BUS, '/org/freedesktop/DBus', 'NameHasOwner', 's', name
            ):
                await asyncio.sleep(0.01)

    async def call(
        self, name: str, path: str, member: str, signature: str, *body: Any
    ) -> Any:
        """Call the bus, or a double's own interface."""
        if self.hand is None:
            self.hand = await self.connect()
        message = Message(
            destination=name,
            path=path,
            interface=BUS if name == BUS else MOCK,
            member=member,
            signature=signature,
            body=list(body),
        )
        reply = await asyncio.wait_for(self.hand.call(message), 5)
        assert reply is not None
        assert reply.message_type is not MessageType.ERROR, reply.body
        return reply.body[0] if reply.body else None

    async def change(
        self, name: str, path: str, interface: str, **values: Variant
    ) -> None:
        """Give properties other values, and tell so with a signal."""
        await self.call(
            name, path, 'UpdateProperties', 'sa{sv}', interface, values
        )

    def end_double(self, name: str) -> None:
        """Kill a service; its name leaves the bus."""
        process = self.doubles.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End everything."""
        for name in list(self.doubles):
            self.end_double(name)
        if self.hand is not None:
            self.hand.disconnect()
        self.daemon.kill()
        self.daemon.wait()
        assert self.daemon.stdout is not None
        self.daemon.stdout.close()
