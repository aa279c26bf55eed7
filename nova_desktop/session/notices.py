# SPDX-License-Identifier: Apache-2.0
"""Tell the person when guests are held back or moved on his account."""

import asyncio
import html
import logging
import time
from collections.abc import Callable

import dbus_fast
import dbus_fast.aio

from nova_desktop import client, model
from nova_desktop.session import bus

LOG = logging.getLogger(__name__)

_NAME = 'org.freedesktop.Notifications'
_PATH = '/org/freedesktop/Notifications'
_PING_S = 30.0
_LOW = 0
_HELD = 'Guests of the cloud are held back'
_MOVED = 'Guests of the cloud are being moved away'


class Words:
    """Chooses what is worth a notice; each kind once in ``every_s``."""

    def __init__(
        self, every_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every_s = every_s
        self._clock = clock
        self._before: model.Status | None = None
        self._told_s: dict[str, float] = {}

    def choose(self, status: model.Status | None) -> tuple[str, str] | None:
        """Give summary and body for a change of status, if it needs any."""
        before, self._before = self._before, status
        if before is None or status is None:
            return None
        summary = ''
        if status.reclaim_due and not before.reclaim_due:
            summary = _MOVED
        elif _owner_took_cpus(before, status):
            summary = _HELD
        if not summary or not self._may_tell(summary):
            return None
        # Notices may hold mark-up; what the agent says is none.
        return summary, html.escape(f'Why: {status.reason}.', quote=False)

    def _may_tell(self, summary: str) -> bool:
        now_s = self._clock()
        told_s = self._told_s.get(summary)
        if told_s is not None and now_s < told_s + self._every_s:
            return False
        self._told_s[summary] = now_s
        return True


def _owner_took_cpus(before: model.Status, after: model.Status) -> bool:
    # Of an owner who is not known to be there nobody reads a notice.
    here = after.presence is model.Presence.ACTIVE
    return here and after.cap.cpus < before.cap.cpus


class Notices:
    """Follows the agent and shows desktop notifications."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._said: asyncio.Queue[model.Status | None] = asyncio.Queue()
        self._shown = 0
        self._problem = ''

    async def run(self) -> None:
        """Follow for ever."""
        loop = asyncio.get_running_loop()
        watcher = client.AgentWatcher(
            lambda status: _post(loop, self._said, status), _PING_S
        )
        watcher.start()
        try:
            while True:
                notice = self._words.choose(await self._said.get())
                if notice is not None:
                    await self._show(*notice)
        finally:
            await asyncio.to_thread(watcher.stop)

    async def _show(self, summary: str, body: str) -> None:
        hints = {
            'urgency': dbus_fast.Variant('y', _LOW),
            'transient': dbus_fast.Variant('b', True),
        }
        try:
            session = await bus.connect(dbus_fast.BusType.SESSION)
            try:
                reply = await bus.call(
                    *(session, _NAME, _PATH, _NAME, 'Notify', 'susssasa{sv}i'),
                    *('nova-desktop', self._shown, 'computer'),
                    *(summary, body, [], hints, -1),
                )
            finally:
                session.disconnect()
        except bus.ERRORS as problem:
            self._complain(repr(problem))
        else:
            # The next one takes its place.
            self._shown, self._problem = int(reply[0]), ''

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            LOG.warning('A notice cannot be shown: %s', problem)
        self._problem = problem


def _post(
    loop: asyncio.AbstractEventLoop,
    queue: asyncio.Queue[model.Status | None],
    status: model.Status | None,
) -> None:
    loop.call_soon_threadsafe(queue.put_nowait, status)
