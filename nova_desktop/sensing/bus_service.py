# SPDX-License-Identifier: Apache-2.0
"""A service on the system bus, asked for all properties of its objects."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from dbus_fast.aio import MessageBus

from nova_desktop.sensing import system_bus


@dataclasses.dataclass(frozen=True, slots=True)
class Service:
    """A service, and the interface that is read of each of its objects."""

    name: str
    objects: Mapping[str, str]


async def subscribe(bus: MessageBus, service: Service) -> None:
    """Have changes of the properties, and its coming and going, sent."""
    changes = (
        f"type='signal',sender='{service.name}',path='{path}',"
        f"interface='{system_bus.PROPERTIES}',member='PropertiesChanged'"
        for path in service.objects
    )
    await system_bus.subscribe(
        bus, system_bus.comes_and_goes(service.name), *changes
    )


async def read(
    bus: MessageBus, service: Service, owned_by: str
) -> dict[str, dict[str, Any]]:
    """Read path -> name -> value.

    The owner's unique name is asked, so that nobody is started by it.
    """
    return {
        path: await system_bus.properties(bus, owned_by, path, interface)
        for path, interface in service.objects.items()
    }
