# SPDX-License-Identifier: Apache-2.0
"""The agent as a process: what runs beside the loop, from start to stop."""

import asyncio
import contextlib
import dataclasses
import gc
import signal
from collections.abc import Awaitable, Callable, Sequence

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.agent import (
    deadman,
    departure,
    fencing,
    journal,
    loop,
    record,
    rungs,
    say,
    senses,
    service,
    slice_watch,
    teller,
)
from nova_desktop.agent.notify import notify
from nova_desktop.mechanism import own_group
from nova_desktop.sensing import beat, helpers

LOG = logging.getLogger(__name__)

# systemd and an impatient owner wait at most a second in all.
_STOP_S = 0.5
# One write serves all that is added in so long.
_GATHER_S = 0.1
# A guest that was paused runs again before it is moved or saved. Whoever
# asked waits for no longer than that: it leaves all the same.
_LET_RUN_S = 3.0
# How long the owner waits for the answer that guests are paused.
_PAUSED_S = 1.0


@dataclasses.dataclass
class Daemon:
    """The parts of the agent, and the order in which they come and go."""

    loop: loop.Loop
    senses: senses.Senses
    teller: teller.Teller
    changes: record.Record
    journals: Sequence[journal.Journal]
    tick_s: float
    retry_s: float
    own_group: own_group.OwnGroup | None
    notify_socket: str
    say: say.SayKeeper
    helpers: helpers.HelperSource
    hands: rungs.Rungs
    fencing: fencing.Fencing
    dead_man: deadman.DeadMan
    departing: departure.Departure | None = None
    watch: slice_watch.SliceWatch | None = None
    _flushing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        stopping = asyncio.Event()
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, stopping.set)
        for entries in self.journals:
            entries.load()
            entries.on_add = self._flush_soon
        self.say.load()
        self._enter_own_group()
        self.hands.on_settled = self._step
        self.hands.on_told = self.loop.reconcile
        self.hands.on_meddled = self.loop.meddled
        self.hands.start()
        # In force before anybody is told that there is an agent.
        self.loop.begin()
        self.dead_man.load()
        if self.watch is not None:
            self.watch.start()
        notify(self.notify_socket, 'READY=1')
        tasks = [asyncio.ensure_future(work) for work in self._works()]
        await stopping.wait()
        await self._stop(tasks)

    def _works(self) -> list[Awaitable[None]]:
        bus = service.Service(self, self.helpers, self.retry_s)
        self.teller.publish = bus.publish
        works: list[Awaitable[None]] = [
            self._start(),
            _each(self.tick_s, self._tick),
            _each(self.retry_s, self.senses.mend),
            bus.run(),
        ]
        if self.departing is not None:
            works.append(self.departing.run())
        return works

    def _step(self) -> None:
        """Decide anew; a host that waits for it may go on then."""
        self.loop.step()
        if self.departing is not None:
            self.departing.follow()

    async def _start(self) -> None:
        await self.senses.start(self._step)
        # What is there now stays: no need to look at it each time.
        gc.collect()
        gc.freeze()

    async def _tick(self) -> None:
        self.loop.tick()
        notify(self.notify_socket, 'WATCHDOG=1')

    def _flush_soon(self) -> None:
        """Write the journals, unless that is under way."""
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while any(entries.is_fresh for entries in self.journals):
                await asyncio.sleep(_GATHER_S)
                for entries in self.journals:
                    await entries.flush()
        except Exception:
            LOG.exception('What was to be remembered is lost')

    async def _stop(self, tasks: Sequence[asyncio.Future[None]]) -> None:
        notify(self.notify_socket, 'STOPPING=1')
        LOG.info('The agent stops; guests keep the cap of an unknown owner')
        for task in tasks:
            task.cancel()
        if self.watch is not None:
            self.watch.stop()
        self.dead_man.stop()
        self.hands.stop()
        if self.departing is not None:
            self.departing.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.senses.stop(), _STOP_S)
        self.loop.stop()
        for entries in self.journals:
            entries.close()
        if self.own_group is not None:
            self.own_group.release()

    def _enter_own_group(self) -> None:
        if self.own_group is None:
            return
        try:
            self.own_group.apply()
        except exception.MechanismFailed as problem:
            LOG.warning(
                'Under a busy owner the agent may react late: %s', problem
            )

    def status(self) -> model.Status:
        """Give the status, which there is since the first step."""
        assert self.teller.status is not None
        return self.teller.status

    def explain(self, count: int) -> list[model.Change]:
        """Give the last changes, the newest last."""
        return self.changes.last(count)

    async def leave(self, server_id: str, seconds: int) -> None:
        """Let a guest run, and grant the leaving share."""
        self.loop.leave(server_id, seconds)
        await self.hands.settle(rungs.PAUSE, _LET_RUN_S)

    def leave_done(self, server_id: str) -> None:
        """Take the leaving share back."""
        self.loop.leave_done(server_id)

    async def hear(self, server_id: str, seconds: int) -> None:
        """Let a guest run, and grant what the owner leaves of the share."""
        self.loop.hear(server_id, seconds)
        await self.hands.settle(rungs.PAUSE, _LET_RUN_S)

    async def fence(self, reason: str) -> None:
        """Pause every guest until it is confirmed."""
        await self.fencing.close(reason)

    async def unfence(self, server_id: str) -> None:
        """Let a guest run as far as the ladder does."""
        await self.fencing.lift(server_id)

    async def fence_in(self, seconds: int) -> None:
        """Pause every guest then, unless asked again; 0 for never."""
        await self.dead_man.put_off(seconds)

    def said(self) -> model.Say:
        """Give what holds now of the owner's say."""
        return self.say.current()

    async def pause(self, until_unix_s: float | None, who: str) -> None:
        """Lend nothing until then, or until resumed."""
        await self._hear(who, lambda: self.say.pause(until_unix_s))

    async def resume(self, who: str) -> None:
        """End a pause or a lending."""
        await self._hear(who, self.say.resume)

    async def lend(self, until_unix_s: float | None, who: str) -> None:
        """Lend as if the owner were away."""
        await self._hear(who, lambda: self.say.lend(until_unix_s))

    async def limit(
        self, cpu: float | None, memory: float | None, who: str
    ) -> None:
        """Lend at most these parts of the host."""
        await self._hear(who, lambda: self.say.limit(cpu, memory))

    async def _hear(self, who: str, change: Callable[[], None]) -> None:
        """Put a change in force at once; it is on disk on return."""
        before = self.say.current()
        change()
        told = self.say.change(before, who)
        if told.before != told.after:
            self.changes.add(told)
        self.loop.step()
        self.teller.publish(self.status())
        await self.say.save()
        await self.hands.settle(rungs.PAUSE, _PAUSED_S)


async def _each(period_s: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do ``work`` for ever, whatever becomes of one turn of it."""
    while True:
        now_s = asyncio.get_running_loop().time()
        await asyncio.sleep(beat.wait_s(period_s, now_s))
        try:
            await work()
        except Exception:
            LOG.exception('One turn of %s is lost', work)
