# SPDX-License-Identifier: Apache-2.0
"""What every source of facts offers to the agent."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from nova_desktop import model

FactsT_co = TypeVar('FactsT_co', covariant=True)


class Source(Protocol[FactsT_co]):
    """Something that is watched to learn where the owner is."""

    @property
    def name(self) -> str:
        """Name the source as it appears in reasons and on the bus."""

    async def start(self, on_event: Callable[[], None]) -> None:
        """Begin to watch.

        ``on_event`` is called on the loop's thread at the moment of an event,
        before which the facts have been brought up to date. Raises
        HostUnready, whose text says what is missing and what to do.
        """

    def health(self, now_s: float) -> model.Health:
        """Say whether the facts can be believed now."""

    def facts(self, now_s: float) -> FactsT_co:
        """Return what is known at this moment of the monotonic clock."""

    async def stop(self) -> None:
        """Stop to watch and give back every descriptor; never fails."""
