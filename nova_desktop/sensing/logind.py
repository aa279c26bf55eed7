# SPDX-License-Identifier: Apache-2.0
"""Who is logged in, and whether the screen is locked, from logind."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.sensing import logind_api as api
from nova_desktop.sensing import system_bus

LOG = logging.getLogger(__name__)

_STALE_HEARTBEATS = 3
_DEPARTURES = {'PrepareForSleep': 'sleep', 'PrepareForShutdown': 'shutdown'}
_CHANGES = {'SessionNew', 'SessionRemoved', 'PropertiesChanged'}
_RETRY_S = 5.0


class SessionSource:
    """Watch logind's sessions and idle inhibitors.

    ``bus_factory`` returns a new connection to the system bus, which this
    source keeps to itself; it is asked again when the bus was lost.
    ``own_pid``: inhibitors of this process are not the owner's, nor are those
    held by who fits one of the patterns ``ignored_inhibitors``. Every
    ``heartbeat_s`` all is read again, which proves that logind answers.
    """

    name = 'sessions'

    def __init__(
        self,
        bus_factory: system_bus.BusFactory,
        clock: Callable[[], float],
        own_pid: int | None = None,
        heartbeat_s: float = 30.0,
        ignored_inhibitors: Sequence[str] = (),
    ) -> None:
        self.departing = ''
        """``sleep`` or ``shutdown`` while logind prepares for it."""
        self._bus_factory = bus_factory
        self._clock = clock
        self._own_pid = own_pid
        self._heartbeat_s = heartbeat_s
        self._ignored = tuple(ignored_inhibitors)
        self._bus: MessageBus | None = None
        self._lost: asyncio.Task[None] | None = None
        self._logind = ''
        self._picture: api.Picture | None = None
        self._known: api.Picture | None = None
        self._read_s: float | None = None
        self._last_sign_s: float | None = None
        self._error = 'not started'
        self._heard_departing = False
        self._dirty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Subscribe and read all sessions once.

        Raises BusUnavailable without a bus, HostUnready without logind.
        """
        self._on_event = on_event
        try:
            await self._connect()
        except system_bus.ERRORS as problem:
            await self.stop()
            raise exception.BusUnavailable(
                f'the D-Bus system bus cannot be used: {problem}; check that '
                'dbus runs and that the agent may reach its socket'
            ) from problem
        await self._read()
        if self._error:
            await self.stop()
            raise exception.HostUnready(
                f'{self._error}; install and start systemd-logind or elogind, '
                'or take sessions out of the required sources'
            )
        self._task = asyncio.create_task(self._run())

    def health(self, now_s: float) -> model.Health:
        """Say whether logind answers."""
        if self._error:
            return model.Health(False, self._error)
        limit_s = _STALE_HEARTBEATS * self._heartbeat_s
        if self._read_s is None or now_s > self._read_s + limit_s:
            return model.Health(False, f'logind silent for {limit_s:g} s')
        return model.Health(True)

    def facts(self, now_s: float) -> model.SessionFacts:
        """Count the people."""
        if self._picture is None:
            return model.SessionFacts(last_sign_s=self._last_sign_s)
        sessions = self._picture.sessions.values()
        return model.SessionFacts(
            count=len(sessions),
            unlocked=sum(_unlocked(session) for session in sessions),
            remote=sum(session.remote for session in sessions),
            inhibitors=self._picture.inhibitors,
            last_sign_s=self._last_sign_s,
        )

    async def stop(self) -> None:
        """Leave the bus."""
        tasks = [each for each in (self._task, self._lost) if each is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._task = self._lost = None
        self._hang_up()
        self._error, self._picture = 'stopped', None
        self._forget_departing()

    async def _connect(self) -> None:
        self._bus = await self._bus_factory()
        self._bus.add_message_handler(self._on_message)
        self._lost = asyncio.create_task(self._notice_loss(self._bus))
        await system_bus.subscribe(self._bus, *api.RULES)

    def _hang_up(self) -> None:
        if self._lost is not None:
            self._lost.cancel()
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def _notice_loss(self, bus: MessageBus) -> None:
        with contextlib.suppress(*system_bus.ERRORS):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self._fail('the D-Bus system bus is gone')
        self._dirty.set()

    def _fail(self, error: str) -> None:
        """Forget what was read: it is no longer known to be true."""
        if error != self._error:
            LOG.warning('Sessions cannot be watched: %s', error)
        self._error, self._picture = error, None
        self._forget_departing()
        self._on_event()

    def _forget_departing(self) -> None:
        self.departing, self._heard_departing = '', False

    async def _run(self) -> None:
        """Read again after each change, and at each heartbeat."""
        while True:
            wait_s = self._heartbeat_s
            if self._error:
                wait_s = min(wait_s, _RETRY_S)
            # Not wait_for: on Python 3.11 it may swallow a cancellation that
            # comes with the event, and stop() would wait for ever.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._dirty.wait()
            self._dirty.clear()
            try:
                if await self._reconnected():
                    await self._read()
            except Exception as error:
                LOG.exception('Sessions were not read; the next try follows')
                self._error = f'sessions were not read: {error!r}'

    async def _reconnected(self) -> bool:
        if self._bus is not None and self._bus.connected:
            return True
        self._hang_up()
        try:
            await self._connect()
        except system_bus.ERRORS as problem:
            # A connection that hears no signals must not pass for a good one.
            self._hang_up()
            self._fail(f'the D-Bus system bus cannot be used: {problem}')
            return False
        return True

    async def _read(self) -> None:
        assert self._bus is not None
        try:
            self._logind = await system_bus.owner(self._bus, api.SERVICE)
            picture = await api.picture(
                self._bus, self._own_pid, self._ignored
            )
            if not self._heard_departing:
                await self._ask_departing(self._bus)
        except system_bus.READ_ERRORS as problem:
            self._fail(f'logind does not answer: {problem}')
            return
        now_s = self._clock()
        # Against the last picture ever: what was not unlocked before an
        # outage and is now was unlocked in it, perhaps without any input.
        if _somebody_came(self._known, picture):
            self._last_sign_s = now_s
        self._known = picture
        changed = self._error or picture != self._picture
        self._picture, self._read_s, self._error = picture, now_s, ''
        if changed:
            self._on_event()

    async def _ask_departing(self, bus: MessageBus) -> None:
        """Learn what was announced to those who listened before."""
        departing = await api.departing(bus)
        if not self._heard_departing:  # a signal meanwhile is the newer one
            self._heard_departing = True
            if departing != self.departing:
                self.departing = departing
                self._on_event()

    def _on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        if (
            message.member == 'NameOwnerChanged'
            and message.sender == system_bus.BUS
        ):
            self._owner_changed(*message.body)
        # Anyone may send a signal to us alone; only logind is believed.
        elif message.sender == self._logind:
            self._logind_said(message)

    def _owner_changed(self, name: str, _before: str, after: str) -> None:
        if name != api.SERVICE:
            return
        self._logind = after
        if not after:
            self._fail('logind is gone from the bus')
        else:
            self._forget_departing()
            self._dirty.set()

    def _logind_said(self, message: Message) -> None:
        member = message.member or ''
        if member in _CHANGES:
            self._dirty.set()
        elif member in _DEPARTURES:
            begins = bool(message.body[0])
            self.departing = _DEPARTURES[member] if begins else ''
            self._heard_departing = True
            if member == 'PrepareForSleep' and not begins:
                # Somebody opened the lid or pressed the button.
                self._last_sign_s = self._clock()
            self._on_event()


def _unlocked(session: api.Session) -> bool:
    return session.active and not session.locked and not session.remote


def _somebody_came(old: api.Picture | None, new: api.Picture) -> bool:
    """Say whether a session was opened, unlocked or switched to."""
    if old is None:
        return False
    return any(
        _unlocked(session)
        and not (name in old.sessions and _unlocked(old.sessions[name]))
        for name, session in new.sessions.items()
    )
