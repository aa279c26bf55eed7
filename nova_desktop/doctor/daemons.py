# SPDX-License-Identifier: Apache-2.0
"""Checks of the daemons of a workstation: bus, agent, libvirt."""

import asyncio
import importlib
import math
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from nova_desktop import client, exception
from nova_desktop.doctor.result import Result, ok, problem

# Just after a host woke its guests are still being asked about.
_CONFIRMED_S = 120.0
BUS = 'unix:path=/run/dbus/system_bus_socket'


def bus_present(address: str = '') -> Result:
    """Check that somebody listens on the D-Bus system bus."""
    address = address or os.environ.get('DBUS_SYSTEM_BUS_ADDRESS', BUS)
    path = address.partition(',')[0].removeprefix('unix:path=')
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(path)
    except OSError as error:
        return problem(
            'D-Bus system bus',
            f'{path} does not answer ({error.strerror or error})',
            'start dbus-daemon or dbus-broker (systemctl start dbus)',
        )
    return ok('D-Bus system bus', path)


def agent_answers(
    make: Callable[[], client.AgentClient] = client.AgentClient,
) -> Result:
    """Check that the agent is on the bus and believes all its sources."""
    what = 'agent'
    try:
        status = asyncio.run(_status(make()))
    except exception.DesktopError as error:
        return problem(
            what,
            f'does not answer ({error})',
            'start it (systemctl start nova-desktop-agent) and read its log',
        )
    ill = [
        f'{name}: {at}' for name, at in status.sources.items() if at != 'ok'
    ]
    if ill:
        return problem(
            what,
            'does not believe ' + ', '.join(ill),
            'until that is mended the owner counts as present',
        )
    waited_s = time.time() - (status.fenced_since_unix_s or math.inf)
    if waited_s > _CONFIRMED_S:
        return problem(
            what,
            f'keeps guests paused for {waited_s:.0f} s, until nova-compute '
            f'hears that they belong here: {", ".join(status.fenced)}',
            'see that nova-compute runs and reaches the control plane',
        )
    return ok(what, f'owner {status.presence}, {status.reason}')


async def _status(agent: client.AgentClient) -> Any:
    await agent.connect()
    try:
        return await agent.status()
    finally:
        await agent.close()


def libvirt_answers(
    uri: str = 'qemu:///system',
    load: Callable[[str], Any] = importlib.import_module,
) -> Result:
    """Check that libvirt can be reached."""
    what = f'libvirt {uri}'
    remedy = 'start libvirtd or virtqemud'
    try:
        libvirt = load('libvirt')
    except ImportError as error:
        return problem(what, str(error), 'pip install libvirt-python')
    # Without a handler the library prints each error on its own.
    libvirt.registerErrorHandler(lambda *_: None, None)
    try:
        connection = libvirt.openReadOnly(uri)
        version = connection.getLibVersion()
        connection.close()
    except libvirt.libvirtError as error:
        return problem(what, str(error), remedy)
    major, minor = divmod(version // 1000, 1000)
    return ok(what, f'version {major}.{minor}')
