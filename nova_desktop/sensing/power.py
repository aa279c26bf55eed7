# SPDX-License-Identifier: Apache-2.0
"""Battery, lid and heat, from UPower and from the kernel."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.sensing import (
    beat,
    bus_service,
    properties,
    supplies,
    system_bus,
)

LOG = logging.getLogger(__name__)

UPOWER = 'org.freedesktop.UPower'
MANAGER = '/org/freedesktop/UPower'
DISPLAY = f'{MANAGER}/devices/DisplayDevice'
SERVICE = bus_service.Service(
    UPOWER, {MANAGER: UPOWER, DISPLAY: f'{UPOWER}.Device'}
)
_STALE_POLLS = 3
_READ_S = 5.0


class PowerSource:
    """Watch what feeds and heats the host.

    UPower says at once what feeds it; the kernel is read every ``poll_s``
    below ``sysfs``, for the heat, and for the battery while UPower does not
    run. This source is always healthy: what cannot be read is None, which
    narrows what is lent and does not count as the owner.
    """

    name = 'power'

    def __init__(
        self,
        bus_factory: system_bus.BusFactory,
        clock: Callable[[], float],
        sysfs: Path,
        poll_s: float = 10.0,
        hot_margin_c: float = 10.0,
        heartbeat_s: float = 30.0,
    ) -> None:
        self._upower = properties.Properties(bus_factory, SERVICE, heartbeat_s)
        self._clock = clock
        self._sysfs = sysfs
        self._poll_s = poll_s
        self._hot_margin_c = hot_margin_c
        self._battery = supplies.Battery()
        self._too_hot: bool | None = None
        self._zones: tuple[supplies.Zone, ...] | None = None
        self._reading: (
            asyncio.Task[tuple[supplies.Battery, bool | None]] | None
        ) = None
        self._read_s: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Read the kernel once and begin to watch; never raises."""
        self._on_event, self._zones = on_event, None
        await self._poll()
        self._upower.start(on_event)
        self._task = asyncio.create_task(self._run())

    def health(self, now_s: float) -> model.Health:
        """Be healthy; say which of the two is not read."""
        missing = [
            text for text in (self._upower.error, self._stale(now_s)) if text
        ]
        return model.Health(True, '; '.join(missing))

    def facts(self, now_s: float) -> model.PowerFacts:
        """Join both; UPower knows first where it knows."""
        battery, too_hot = self._battery, self._too_hot
        if self._stale(now_s):
            # The battery does not go away, its charge does.
            battery = supplies.Battery(present=battery.present)
            too_hot = None
        values = self._upower.values or {}
        manager, display = values.get(MANAGER, {}), values.get(DISPLAY, {})
        discharging = _flag(manager, 'OnBattery')
        percent = battery.percent
        if _flag(display, 'IsPresent'):
            percent = _percent(display)
        return model.PowerFacts(
            has_battery=_flag(display, 'IsPresent') or battery.present,
            on_battery=(
                battery.discharging if discharging is None else discharging
            ),
            battery_percent=percent,
            lid_closed=_flag(manager, 'LidIsClosed'),
            docked=_flag(manager, 'IsDocked'),
            too_hot=too_hot,
        )

    async def stop(self) -> None:
        """Stop to watch."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        await self._upower.stop()

    def _stale(self, now_s: float) -> str:
        limit_s = _STALE_POLLS * self._poll_s
        if self._read_s is None or now_s > self._read_s + limit_s:
            return f'{self._sysfs} was not read for {limit_s:g} s'
        return ''

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(beat.wait_s(self._poll_s, loop.time()))
            try:
                await self._poll()
            except Exception:
                LOG.exception('One look at battery and heat is lost')

    async def _poll(self) -> None:
        """Read the kernel beside the loop: firmware may take its time."""
        if self._reading is None:
            self._reading = asyncio.create_task(asyncio.to_thread(self._read))
        # One that hangs is waited for again, and not joined by another.
        done, _ = await asyncio.wait({self._reading}, timeout=_READ_S)
        if not done:
            return
        reading, self._reading = self._reading, None
        before = self._battery, self._too_hot
        self._battery, self._too_hot = reading.result()
        self._read_s = self._clock()
        if before != (self._battery, self._too_hot):
            self._on_event()

    def _read(self) -> tuple[supplies.Battery, bool | None]:
        if self._zones is None:
            self._zones = supplies.zones(self._sysfs / 'thermal')
        hot = supplies.too_hot(
            self._zones, self._hot_margin_c, bool(self._too_hot)
        )
        return supplies.battery(self._sysfs / 'power_supply'), hot


def _flag(values: dict[str, Any], name: str) -> bool | None:
    value = values.get(name)
    return value if isinstance(value, bool) else None


def _percent(values: dict[str, Any]) -> float | None:
    value = values.get('Percentage')
    return float(value) if isinstance(value, int | float) else None
