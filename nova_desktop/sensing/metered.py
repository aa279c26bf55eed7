# SPDX-License-Identifier: Apache-2.0
"""Whether the network is metered, from NetworkManager."""

from collections.abc import Callable

from nova_desktop import model
from nova_desktop.sensing import bus_service, properties, system_bus

NETWORK_MANAGER = 'org.freedesktop.NetworkManager'
PATH = '/org/freedesktop/NetworkManager'
SERVICE = bus_service.Service(NETWORK_MANAGER, {PATH: NETWORK_MANAGER})
# NM_METERED_UNKNOWN is 0.
_METERED = {1: True, 2: False, 3: True, 4: False}
"""NMMetered: yes, no, guess yes, guess no."""


class MeteredSource:
    """Watch the property Metered of NetworkManager.

    This source is always healthy: many hosts have no NetworkManager, and
    what it does not say is None.
    """

    name = 'network'

    def __init__(
        self, bus_factory: system_bus.BusFactory, heartbeat_s: float = 30.0
    ) -> None:
        self._manager = properties.Properties(
            bus_factory, SERVICE, heartbeat_s
        )

    async def start(self, on_event: Callable[[], None]) -> None:
        """Begin to watch; never raises."""
        self._manager.start(on_event)

    def health(self, now_s: float) -> model.Health:
        """Be healthy; say why nothing is known."""
        return model.Health(True, self._manager.error)

    def facts(self, now_s: float) -> model.NetworkFacts:
        """Read what was said last; None where it does not answer."""
        values = (self._manager.values or {}).get(PATH, {})
        return model.NetworkFacts(_METERED.get(values.get('Metered', 0)))

    async def stop(self) -> None:
        """Stop to watch."""
        await self._manager.stop()
