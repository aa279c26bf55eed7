# SPDX-License-Identifier: Apache-2.0
"""A person at a desk: what each command does, and the log of it."""

import asyncio
import inspect
import json
import math
import pathlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox import desk_devices, desk_screen, desk_work, owner_work

Answer = dict[str, Any]

KEYS = (30, 31, 32, 33, 34, 35, 36, 37, 38, 57)  # A to L and the space bar
STROKE_S = (0.08, 0.20)
HELD_S = 0.04


class BadCommandError(Exception):
    """A command that the desk does not know, or whose values are wrong."""


class Journal:
    """The log of what the desk did, one JSON line each."""

    def __init__(self, path: pathlib.Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open('a', buffering=1)

    def note(self, event: str, t_mono: int = 0, **details: Any) -> int:
        """Write one line; return its monotonic ns, now if none is given."""
        t_mono = t_mono or time.monotonic_ns()
        line = {'t_mono': t_mono, 'event': event, **details}
        self._file.write(json.dumps(line) + '\n')
        return t_mono


class Desk:
    """A person with a keyboard, a mouse, a screen lock and work to do."""

    def __init__(
        self,
        devices: tuple[desk_devices.Keyboard, desk_devices.Mouse],
        screen: desk_screen.Screen,
        work: desk_work.Work,
        journal: Journal,
    ) -> None:
        self._keyboard, self._mouse = devices
        self._screen, self._work, self._journal = screen, work, journal
        self._typing: asyncio.Task[None] | None = None
        self._resting: asyncio.Task[Answer] | None = None
        self._commands: dict[str, Callable[..., Awaitable[Answer]]] = {
            'back': self.back,
            'away': self.away,
            'bump': self.bump,
            'type': self.type,
            'mouse': self.mouse,
            'lock': self.lock,
            'unlock': self.unlock,
            'work': self.work,
            'rest': self.rest,
            'state': self.state,
        }

    async def do(self, command: str) -> Answer:
        """Do one command, given as on the command line."""
        name, *words = command.split() or ['']
        if name not in self._commands:
            allowed = ', '.join(self._commands)
            raise BadCommandError(f'command {name!r} is not one of {allowed}')
        handler = self._commands[name]
        try:
            values = [float(word) for word in words]
            inspect.signature(handler).bind(*values)
        except (TypeError, ValueError) as error:
            takes = ', '.join(inspect.signature(handler).parameters) or 'none'
            raise BadCommandError(
                f'{command!r}: {error}; numbers it takes: {takes}'
            ) from error
        if not all(math.isfinite(value) and value >= 0 for value in values):
            raise BadCommandError(f'{command!r}: numbers must be 0 or more')
        return await handler(*values)

    async def back(self) -> Answer:
        """Press a key at the locked screen, unlock, then type until away."""
        await self._stop_typing()
        t_mono = await self._stroke()
        try:
            await self.unlock()
        finally:
            # A person types on, whether or not logind is well.
            self._typing = asyncio.create_task(self._type_on())
        return {'t_mono': t_mono}

    async def away(self) -> Answer:
        """Stop typing and lock."""
        await self._stop_typing()
        return await self.lock()

    async def bump(self) -> Answer:
        """Move the mouse once, as a knock on the table does."""
        return {'t_mono': self._journal.note('bump', self._mouse.move(1, 0))}

    async def type(self, strokes: float) -> Answer:
        """Type so many keys."""
        t_mono = await self._stroke()
        for _ in range(int(strokes) - 1):
            await self._stroke()
        return {'t_mono': t_mono}

    async def mouse(self, hertz: float, seconds: float) -> Answer:
        """Move the mouse so often a second, for so long."""
        if hertz <= 0 or seconds <= 0:
            raise BadCommandError('mouse: HZ and SECONDS must be above 0')
        t_mono = self._journal.note('mouse', self._mouse.move(1, 0))
        loop = asyncio.get_running_loop()
        began, moved = loop.time(), 1
        while moved < hertz * seconds:
            due = min(hertz * seconds, (loop.time() - began) * hertz)
            for _ in range(moved, int(due)):
                self._mouse.move(random.choice((-1, 1)), 0)  # noqa: S311
                moved += 1
            await asyncio.sleep(1 / hertz)
        self._journal.note('mouse-end', moved=moved)
        return {'t_mono': t_mono, 'moved': moved}

    async def lock(self) -> Answer:
        """Lock the session."""
        t_mono = self._journal.note('lock')
        await self._screen.set(True)
        return {'t_mono': t_mono}

    async def unlock(self) -> Answer:
        """Unlock the session."""
        t_mono = self._journal.note('unlock')
        await self._screen.set(False)
        return {'t_mono': t_mono}

    async def work(
        self,
        cores: float,
        seconds: float = 0.0,
        job_ms: float = owner_work.JOB_MS,
    ) -> Answer:
        """Start work on so many cores, for so long or until rest."""
        if self._work.cores:
            raise BadCommandError('work: already at work; rest first')
        if not 0 < job_ms <= owner_work.PERIOD_S * 1000:
            raise BadCommandError('work: JOB_MS must be above 0, at most 10')
        t_mono = self._journal.note('work', cores=int(cores), job_ms=job_ms)
        await self._work.start(int(cores), job_ms)
        if seconds > 0:
            self._resting = asyncio.create_task(self._rest_after(seconds))
        return {'t_mono': t_mono}

    async def rest(self) -> Answer:
        """End the work and say how it went."""
        if self._resting and self._resting is not asyncio.current_task():
            self._resting.cancel()
        self._resting = None
        result = await self._work.stop()
        t_mono = self._journal.note('rest', **result)
        return {'t_mono': t_mono, **result}

    async def state(self) -> Answer:
        """Say what goes on."""
        return {
            'typing': self._typing is not None,
            'locked': self._screen.locked,
            'working_cores': self._work.cores,
        }

    async def leave(self) -> None:
        """End everything that goes on."""
        await self._stop_typing()
        await self.rest()

    async def _rest_after(self, seconds: float) -> Answer:
        await asyncio.sleep(seconds)
        return await self.rest()

    async def _type_on(self) -> None:
        while True:
            await self._stroke()

    async def _stroke(self) -> int:
        """Press and release a key, and wait as long as a typist does."""
        key = random.choice(KEYS)  # noqa: S311
        t_mono = self._journal.note('key', self._keyboard.press(key))
        try:
            await asyncio.sleep(HELD_S)
        finally:
            self._keyboard.release(key)
        await asyncio.sleep(random.uniform(*STROKE_S) - HELD_S)  # noqa: S311
        return t_mono

    async def _stop_typing(self) -> None:
        if self._typing:
            self._typing.cancel()
            await asyncio.wait([self._typing])
            self._typing = None
