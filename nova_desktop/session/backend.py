# SPDX-License-Identifier: Apache-2.0
"""What every way to learn of a session's input offers."""

import dataclasses
from collections.abc import Callable
from typing import Protocol


@dataclasses.dataclass(frozen=True, slots=True)
class Sign:
    """What is known of the person at one moment.

    ``active``: there was input within the threshold. ``inhibited``: something
    keeps the session from idling though there is no input. ``idle_ms``: how
    long ago the last input was at that moment. Nothing known yet is a person.
    """

    active: bool = True
    inhibited: bool = False
    idle_ms: int = 0


OnSign = Callable[[Sign], None]


class Backend(Protocol):
    """One way to learn of input, of which a session has one or several."""

    @property
    def name(self) -> str:
        """Name the way as it is told to the agent."""

    async def start(self, on_sign: OnSign) -> None:
        """Begin to watch; ``on_sign`` is called at each change.

        Raises HostUnready, whose text says what is missing.
        """

    async def lost(self) -> None:
        """Return once the display is gone."""

    def stop(self) -> None:
        """Give everything back; never fails."""
