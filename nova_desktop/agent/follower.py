# SPDX-License-Identifier: Apache-2.0
"""Tell systemd of what holds guests, once it is in force."""

import asyncio
from collections.abc import Callable

from nova_desktop import model
from nova_desktop.mechanism import systemd_unit


class Follower:
    """Tells systemd of each hold once it is in force.

    ``after`` looks at the slice again when systemd has been told: what it was
    told before a new limit came, it may have written after that.
    """

    def __init__(
        self, unit: systemd_unit.SliceUnit, after: Callable[[], object]
    ) -> None:
        self._unit = unit
        self._after = after
        self._last: model.Hold | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def want(self, hold: model.Hold) -> None:
        """Have it told; return at once."""
        if hold == self._last:
            self._unit.forget_told()  # somebody else has changed something
        self._last = hold
        task = asyncio.get_running_loop().create_task(self._tell(hold))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, hold: model.Hold) -> None:
        await self._unit.follow(hold)
        self._after()
