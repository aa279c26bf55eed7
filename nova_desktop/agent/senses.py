# SPDX-License-Identifier: Apache-2.0
"""All sources together: started, read at one moment, started again."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.sensing import source

LOG = logging.getLogger(__name__)

Sources = Sequence[source.Source[Any]]
_START_S = 10.0


class Senses:
    """The agent's sources, of which any may fail at any time.

    One that fails is not believed, so the owner counts as present, and it is
    started again after ``retry_s``.
    """

    def __init__(
        self, sources: Sources, retry_s: float, clock: Callable[[], float]
    ) -> None:
        self._sources = sources
        self._retry_s = retry_s
        self._clock = clock
        self._started_s = clock()
        self._broken = dict.fromkeys(
            (each.name for each in sources), 'it has not started yet'
        )
        self._failing_since_s: dict[str, float] = {}
        self._complained: dict[str, str] = {}
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Start every source; one that cannot start is retried."""
        self._on_event = on_event
        await asyncio.gather(*(self._start(each) for each in self._sources))

    def read(self) -> model.Facts:
        """Read every source once, at one moment."""
        now_s = self._clock()
        facts: dict[str, Any] = {}
        health: dict[str, model.Health] = {}
        for each in self._sources:
            health[each.name], facts[each.name] = self._read(each, now_s)
        return model.Facts(
            now_s=now_s,
            started_s=self._started_s,
            health=health,
            **facts,
        )

    async def mend(self) -> None:
        """Start those again that have failed for long enough."""
        now_s = self._clock()
        for each in self._sources:
            since_s = self._failing_since(each, now_s)
            if since_s is not None and now_s >= since_s + self._retry_s:
                del self._failing_since_s[each.name]
                await each.stop()
                await self._start(each)

    async def stop(self) -> None:
        """Stop every source; none is believed from now on."""
        for each in self._sources:
            self._broken[each.name] = 'the agent has stopped'
        await asyncio.gather(*(each.stop() for each in self._sources))

    async def _start(self, each: source.Source[Any]) -> None:
        try:
            await asyncio.wait_for(each.start(self._on_event), _START_S)
        except exception.HostUnready as problem:
            self._broken[each.name] = str(problem)
        except TimeoutError:
            self._broken[each.name] = f'no start within {_START_S:g} s'
        except Exception as error:
            LOG.exception('Source %s is lost until it starts', each.name)
            self._broken[each.name] = repr(error)
        else:
            self._broken.pop(each.name, None)
            # What was done while it could not see is not known.
            self._started_s = self._clock()
            self._on_event()

    def _read(
        self, each: source.Source[Any], now_s: float
    ) -> tuple[model.Health, Any]:
        if each.name in self._broken:
            return model.Health(False, self._broken[each.name]), None
        try:
            return each.health(now_s), each.facts(now_s)
        except Exception as error:  # noqa: BLE001 - logged there, once
            self._complain(each.name, error)
            return model.Health(False, f'it cannot be read: {error!r}'), None

    def _complain(self, name: str, error: Exception) -> None:
        """Log the trace once: it is read again at each pass."""
        if self._complained.get(name) != repr(error):
            LOG.error('Source %s gives no facts', name, exc_info=error)
        self._complained[name] = repr(error)

    def _failing_since(
        self, each: source.Source[Any], now_s: float
    ) -> float | None:
        if self._read(each, now_s)[0].ok:
            self._failing_since_s.pop(each.name, None)
            return None
        return self._failing_since_s.setdefault(each.name, now_s)
