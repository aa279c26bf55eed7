# SPDX-License-Identifier: Apache-2.0
"""Follow the agent from a thread of its own."""

import asyncio
import selectors
import threading as native_threading
from collections.abc import Callable, Coroutine, Mapping
from types import ModuleType
from typing import Any

import dbus_fast
from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.client import connection, decode

LOG = logging.getLogger(__name__)

_RETRY_S = 1.0

OnStatus = Callable[[model.Status | None], None]


class AgentWatcher:
    """Follow the agent from a thread of its own, for ever.

    ``on_status`` is called in that thread: with a status at each change, with
    None once when the agent falls silent. Under eventlet pass the unpatched
    ``threading`` module and an EpollSelector over the unpatched ``select``;
    ``leave`` then blocks its operating system thread for as long as the agent
    takes to answer.
    """

    def __init__(
        self,
        on_status: OnStatus,
        ping_s: float,
        threading: ModuleType = native_threading,
        selector: selectors.BaseSelector | None = None,
    ) -> None:
        self._on_status = on_status
        self._ping_s = ping_s
        self._threading = threading
        self._loop = asyncio.SelectorEventLoop(selector)
        self._thread = threading.Thread(
            target=self._main, name='nova-desktop-watcher', daemon=True
        )
        self._connection = connection.Connection(ping_s)
        self._tasks: set[asyncio.Task[None]] = set()
        self._owner = ''
        self._known: dict[str, Any] = {}
        self._met = False
        self._told_silent = False

    def start(self) -> None:
        """Start to follow the agent."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the thread to end."""
        if self._post(self._cancel_all):
            self._thread.join()
        else:
            self._loop.close()

    def leave(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        """Have the leaving share granted; False if the agent is silent."""
        return self._ask(timeout_s, 'Leave', 'su', server_id, seconds)

    def leave_done(self, server_id: str) -> None:
        """Say that the guest has left; nothing is lost if nobody hears it."""
        self._ask(self._ping_s, 'LeaveDone', 's', server_id)

    def hear(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        """Have a guest hear that it has to go; 0 to end that.

        False if that is not known: the agent may be silent, or too old.
        """
        return self._ask(timeout_s, 'Hear', 'su', server_id, seconds)

    def fence(self, reason: str, timeout_s: float) -> bool:
        """Have every guest paused until it is confirmed.

        True once all are; after False the agent may be at it still.
        """
        return self._ask(timeout_s, 'Fence', 's', reason)

    def unfence(self, server_id: str, timeout_s: float) -> bool:
        """Say that the guest belongs here; False if that is not known yet.

        One that is not fenced is fine.
        """
        return self._ask(timeout_s, 'Unfence', 's', server_id)

    def fence_in(self, seconds: int, timeout_s: float) -> bool:
        """Have every guest fenced then unless asked again; 0 for never.

        False if that is not known: the agent may be silent, or too old.
        """
        return self._ask(timeout_s, 'FenceIn', 'u', seconds)

    def _ask(self, timeout_s: float, member: str, *arguments: Any) -> bool:
        answered = self._threading.Event()
        granted: list[bool] = []
        problem: list[exception.DesktopError] = []

        async def ask() -> None:
            try:
                await self._connection.ask(member, *arguments)
                granted.append(True)
            except exception.DesktopError as error:
                problem.append(error)
            finally:
                answered.set()

        if self._post(lambda: self._spawn(ask())):
            answered.wait(timeout_s)
        if not granted:
            reason = problem[0] if problem else 'no answer in time'
            LOG.warning('%s was not heard: %s', member, reason)
        return bool(granted)

    def _post(self, call: Callable[[], object]) -> bool:
        """Run ``call`` in the watcher's thread; False if it has ended."""
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed
            return False
        return bool(self._thread.is_alive())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _main(self) -> None:
        self._spawn(self._follow_for_ever())
        while self._tasks:
            self._loop.run_until_complete(asyncio.wait(self._tasks))
        self._loop.close()

    async def _follow_for_ever(self) -> None:
        while True:
            try:
                await self._follow_connection()
            except exception.DesktopError:
                pass  # told by a silent agent; a lock of the log is not ours
            except Exception:
                LOG.exception('The agent counts as silent until the next try')
            finally:
                self._fall_silent()
                await self._connection.close()
            await asyncio.sleep(_RETRY_S)

    async def _follow_connection(self) -> None:
        await self._connection.open()
        await self._connection.watch(self._on_signal)
        await self._meet()
        lost = asyncio.ensure_future(self._connection.lost())
        try:
            while not lost.done():
                await asyncio.wait({lost}, timeout=self._ping_s)
                if not lost.done():
                    await self._check_alive()
        finally:
            lost.cancel()

    async def _meet(self) -> None:
        """Learn who the agent is and all that it says."""
        self._known = {}
        try:
            self._owner = await self._connection.owner()
            properties = await self._connection.properties()
            newer = self._known.get('Sequence', 0) > properties['Sequence']
            self._known = properties | (self._known if newer else {})
            status = decode.status(self._known)
        except exception.AgentSilent:
            self._fall_silent()
            return
        self._met = True
        self._tell(status)

    async def _check_alive(self) -> None:
        if not self._met:
            await self._meet()
            return
        try:
            await self._connection.ping()
        except exception.AgentSilent:
            self._fall_silent()

    def _on_signal(self, message: dbus_fast.Message) -> None:
        """Take a signal; whoever is not the bus or the agent is not heard."""
        sender = message.sender
        if sender == connection.BUS and message.member == 'NameOwnerChanged':
            self._on_owner(*message.body)
        elif sender == self._owner and message.path == connection.PATH:
            self._on_properties(*message.body[:2])

    def _on_owner(self, name: str, _before: str, owner: str) -> None:
        if name != connection.BUS_NAME:
            return
        self._owner = owner
        self._fall_silent()
        if owner:
            self._spawn(self._meet())

    def _on_properties(
        self, interface: str, changed: Mapping[str, dbus_fast.Variant]
    ) -> None:
        if interface != connection.INTERFACE:
            return
        for name, variant in changed.items():
            self._known[name] = variant.value
        if self._met:
            self._tell(decode.status(self._known))

    def _fall_silent(self) -> None:
        self._met = False
        self._tell(None)

    def _tell(self, status: model.Status | None) -> None:
        if status is None and self._told_silent:
            return
        self._told_silent = status is None
        try:
            self._on_status(status)
        except Exception:
            LOG.exception('A change of the agent was not taken: %s', status)
