# SPDX-License-Identifier: Apache-2.0
"""How busy the owner, and the guests, keep the GPUs."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.sensing import beat, drm, nvidia, processes

LOG = logging.getLogger(__name__)

_STALE_PERIODS = 3
_READ_S = 5.0
_ADVICE = (
    'run the agent as root with CAP_SYS_PTRACE, or set [sensing] gpu = false'
)

_Uses = Mapping[drm.Client, drm.Use]


class GpuSource:
    """Look who uses the GPUs, each ``period_s``.

    ``drm_class`` is ``/sys/class/drm``; ``guests`` the name of the guests'
    cgroup. On a host without a GPU nothing more is looked at, and there is
    no reading; on one whose GPU tells nothing there is none either. A look
    that fails is not believed.
    """

    name = 'gpu'

    def __init__(
        self,
        proc: Path,
        drm_class: Path,
        clock: Callable[[], float],
        guests: str,
        period_s: float = 10.0,
        own_driver: nvidia.Nvidia | None = None,
    ) -> None:
        self._proc = proc
        self._drm_class = drm_class
        self._clock = clock
        self._guests = guests
        self._period_s = period_s
        self._nvidia = own_driver
        self._clients = drm.Clients(proc, guests)
        self._last: tuple[float, _Uses] | None = None
        self._facts = model.GpuFacts()
        self._error = ''
        self._watched = False
        self._read_s: float | None = None
        self._looking: asyncio.Task[model.GpuFacts] | None = None
        self._task: asyncio.Task[None] | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Look once; the next looks follow. Never raises."""
        self._on_event, self._last = on_event, None
        await self.look()
        self._task = asyncio.create_task(self._run())

    def health(self, now_s: float) -> model.Health:
        """Say whether the last look is fresh; always so without a GPU."""
        if self._error:
            return model.Health(False, self._error)
        if not self._watched:
            return model.Health(True)
        limit_s = _STALE_PERIODS * self._period_s
        if self._read_s is None or now_s > self._read_s + limit_s:
            return model.Health(False, f'no look for {limit_s:g} s')
        return model.Health(True, self._nvidia.missing if self._nvidia else '')

    def facts(self, now_s: float) -> model.GpuFacts:
        """Return who used how much between the last two looks."""
        return self._facts

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._nvidia is not None:
            self._nvidia.close()

    async def look(self) -> None:
        """Look now, beside the loop: there may be thousands of files."""
        before = self._error
        try:
            await self._look()
        except (OSError, ValueError, nvidia.Unreadable) as problem:
            self._error = f'what uses the GPU cannot be read: {problem}'
            if isinstance(problem, PermissionError):
                self._error += f'; {_ADVICE}'
            self._last, self._facts = None, model.GpuFacts()
        if before != self._error:
            self._on_event()

    async def _look(self) -> None:
        if self._looking is None:
            own_driver = self._nvidia is not None and self._nvidia.has_gpu()
            self._watched = own_driver or drm.has_gpu(self._drm_class)
            if not self._watched:
                self._error, self._facts = '', model.GpuFacts()
                return
            self._looking = asyncio.create_task(asyncio.to_thread(self._read))
        # One that hangs is waited for again, and not joined by another.
        done, _ = await asyncio.wait({self._looking}, timeout=_READ_S)
        if not done:
            return
        looked, self._looking = self._looking, None
        self._facts = looked.result()
        self._error, self._read_s = '', self._clock()

    def _read(self) -> model.GpuFacts:
        uses, now_s = self._clients.read(), self._clock()
        last, self._last = self._last, (now_s, uses)
        parts = []
        if last is not None and now_s > last[0]:
            parts += shares(last[1], uses, now_s - last[0])
        if self._nvidia is not None and self._nvidia.has_gpu():
            asked = self._nvidia.read(self._is_guest)
            parts += [] if asked is None else [asked]
        if not parts:
            return model.GpuFacts()
        owners, guests = zip(*parts, strict=True)
        return model.GpuFacts(max(owners), max(guests))

    def _is_guest(self, pid: int) -> bool:
        return processes.is_guest(f'{self._proc}/{pid}', self._guests)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(beat.wait_s(self._period_s, loop.time()))
            try:
                await self.look()
            except Exception as error:
                LOG.exception('One look at the GPUs is lost')
                self._error = f'what uses the GPU was not read: {error!r}'


def shares(
    old: _Uses, new: _Uses, elapsed_s: float
) -> list[tuple[float, float]]:
    """Give the owner's and the guests' part of each engine's time."""
    owners: dict[drm.Engine, float] = defaultdict(float)
    guests: dict[drm.Engine, float] = defaultdict(float)
    for client, use in new.items():
        # What a client that is new used may be of long ago.
        before = old[client].engines_s if client in old else use.engines_s
        side = guests if use.guest else owners
        for engine, used_s in use.engines_s.items():
            side[engine] += max(0.0, used_s - before.get(engine, used_s))
    return [
        (
            min(1.0, owners[engine] / elapsed_s),
            min(1.0, guests[engine] / elapsed_s),
        )
        for engine in {*owners, *guests}
    ]
