# SPDX-License-Identifier: Apache-2.0
"""All slow rungs of the ladder together."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nova_desktop import model
from nova_desktop.agent import rung

PAUSE = 'pause'


class Rungs:
    """A thread for each rung, and word of what became of their work.

    ``on_want`` is called with each hold that differs from the last, and with
    the last one again after ``renew``; ``on_told`` when systemd has been told
    of one, and has written what it was told; ``on_settled`` when a rung has
    something in force, or has failed; ``on_meddled`` with a rung's name, what
    was found and what is wanted when somebody else has changed it. All are
    called on the loop's thread.
    """

    def __init__(self, rungs: Sequence[rung.Rung[Any]]) -> None:
        self._rungs = {each.name: each for each in rungs}
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._held: model.Hold | None = None
        self.on_want: Callable[[model.Hold], None] = lambda hold: None
        self.on_told: Callable[[], object] = lambda: None
        self.on_settled: Callable[[], None] = lambda: None
        self.on_meddled: Callable[[str, object, object], None] = (
            lambda name, found, want: None
        )

    def start(self) -> None:
        """Begin to hold what is wanted."""
        for each in self._rungs.values():
            each.start(self)

    def want(self, hold: model.Hold) -> None:
        """Have the guests held; return at once."""
        if hold == self._held:
            return
        self._held = hold
        for name, each in self._rungs.items():
            each.want(getattr(hold, name))
        self.on_want(hold)

    def poke(self) -> None:
        """Have every rung look again: guests have come or gone."""
        for each in self._rungs.values():
            each.poke()

    def renew(self) -> None:
        """Take it that somebody else has changed something."""
        self._held = None
        self.poke()

    def problems(self) -> Mapping[str, str]:
        """Give for each rung what is wrong, empty where nothing is."""
        return {name: each.problem for name, each in self._rungs.items()}

    def is_done(self, hold: model.Hold) -> bool:
        """Say whether those that shall be paused are, or cannot be."""
        pause = self._rungs.get(PAUSE)
        return pause is None or pause.has_done(hold.pause)

    def is_settled(self, name: str) -> bool:
        """Say whether what a rung shall hold is in force, or has failed."""
        each = self._rungs.get(name)
        return each is None or each.is_settled

    async def settle(self, name: str, within_s: float) -> None:
        """Wait until a rung holds what is wanted, has failed, or is late."""
        if self.is_settled(name):
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((name, turn))
        try:
            async with asyncio.timeout(within_s):
                await turn
        except TimeoutError:
            return
        finally:
            self._waiting.remove((name, turn))

    def stop(self) -> None:
        """Hold no new target; what is in force stays so."""
        for _name, turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
        for each in self._rungs.values():
            each.stop()

    def settled(self, name: str) -> None:
        """Hear that a target is in force, or that it has failed."""
        for waited, turn in self._waiting:
            if waited != name or turn.done():
                continue
            if self.is_settled(name):
                turn.set_result(None)
        self.on_settled()

    def meddled(self, name: str, found: object, want: object) -> None:
        """Hear that somebody else had changed what was in force."""
        self.on_meddled(name, found, want)
