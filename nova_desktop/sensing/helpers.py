# SPDX-License-Identifier: Apache-2.0
"""Input that only a login can see, as the helper inside it reports it."""

import asyncio
import contextlib
import re
from collections.abc import Callable

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError
from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.sensing import helper_book as book
from nova_desktop.sensing import helper_calls as calls
from nova_desktop.sensing import logind_api as api
from nova_desktop.sensing import system_bus

LOG = logging.getLogger(__name__)

# logind makes ids of letters, digits and the underscore of a bus path.
_SESSION_ID = re.compile(r'[0-9A-Za-z_]{1,64}')
_BACKEND = re.compile(r'[ -~]{1,64}')
# A stranger may ask often; each first report costs calls on the bus, and
# those who guess wrong wait, one after the other.
_MOST_ASKING = 32
_PENALTY_S = 0.02
# One rule for whoever leaves the bus: nobody can make us pile up rules.
_LEAVING = (
    f"type='signal',sender='{system_bus.BUS}',interface='{system_bus.BUS}',"
    "member='NameOwnerChanged',arg2=''"
)
_VANISHED = 'has vanished without a word'
_BUS_GONE = 'the D-Bus system bus is gone'


class Refused(exception.DesktopError):
    """A report about a session that is not the caller's."""


class HelperSource:
    """Take what the helpers report, from those whom a session belongs to.

    ``bus_factory`` returns a new connection to the system bus, which this
    source keeps to itself. A login without a helper has no say. A helper that
    vanishes without ``bye`` leaves its session unknown until it ends or is
    reported on again, and so does one that is silent.
    """

    name = 'helpers'

    def __init__(
        self,
        bus_factory: system_bus.BusFactory,
        clock: Callable[[], float],
        heartbeat_s: float = book.HEARTBEAT_S,
    ) -> None:
        self._bus_factory = bus_factory
        self._clock = clock
        self._book = book.Book(heartbeat_s)
        self._bus: MessageBus | None = None
        self._lost: asyncio.Task[None] | None = None
        self._logind = ''
        self._problem = 'not started'
        self._asking = 0
        self._turn = asyncio.Lock()
        self._on_event: Callable[[], None] = lambda: None

    async def start(self, on_event: Callable[[], None]) -> None:
        """Subscribe, and look who of the known helpers is still there.

        Raises BusUnavailable.
        """
        self._on_event = on_event
        try:
            self._bus = await self._bus_factory()
            self._bus.add_message_handler(self._on_message)
            await system_bus.subscribe(self._bus, *api.RULES, _LEAVING)
            self._logind = await system_bus.owner(self._bus, api.SERVICE)
            for key, uid in self._book.helpers():
                await self._look_after(self._bus, key, uid)
        except system_bus.READ_ERRORS as problem:
            await self.stop()
            raise exception.BusUnavailable(
                f'the D-Bus system bus cannot be used: {problem}; check that '
                'dbus runs and that the agent may reach its socket'
            ) from problem
        self._problem = ''
        self._lost = asyncio.create_task(self._notice_loss(self._bus))

    def health(self, now_s: float) -> model.Health:
        """Say whether every session that has a helper is heard."""
        if self._problem:
            return model.Health(False, self._problem)
        return self._book.health(now_s)

    def facts(self, now_s: float) -> model.HelperFacts:
        """Return what the helpers say, the most present of them first."""
        return self._book.facts(now_s)

    async def stop(self) -> None:
        """Leave the bus; what was said is kept for the next start."""
        self._problem = self._problem or 'stopped'
        lost, self._lost = self._lost, None
        if lost is not None:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None

    async def report(
        self, sender: str, session_id: str, said: book.Said
    ) -> None:
        """Take a report; raise BadValue, Refused or TooMany."""
        _check('session_id', session_id, _SESSION_ID)
        _check('backend', said.backend, _BACKEND)
        key = (session_id, sender)
        if not self._book.knows(key):
            await self._meet(key, said)
            self._on_event()
        elif self._book.take(key, said, self._clock()):
            self._on_event()

    def bye(self, sender: str, session_id: str) -> None:
        """Let a helper go that ends on purpose; others have no say in it."""
        if self._book.forget((session_id, sender), self._clock()):
            self._on_event()

    async def _meet(self, key: book.Key, said: book.Said) -> None:
        """Let a helper in, after a look at whose session it names."""
        if self._asking >= _MOST_ASKING:
            raise book.TooMany('too many helpers ask at once; try again later')
        self._asking += 1
        try:
            async with self._turn:
                await self._let_in(key, said)
        finally:
            self._asking -= 1

    async def _let_in(self, key: book.Key, said: book.Said) -> None:
        try:
            uid = await self._owner_of_both(key)
        except Refused:
            await asyncio.sleep(_PENALTY_S)
            raise
        self._book.let_in(key, uid, said, self._clock())

    async def _owner_of_both(self, key: book.Key) -> int:
        """Give the user of sender and session; raise Refused."""
        session_id, sender = key
        if self._bus is None or self._problem:
            raise Refused(f'helpers are not heard now: {self._problem}')
        try:
            uid = await calls.uid(self._bus, sender)
            owner = await calls.session_owner(self._bus, session_id)
        except system_bus.READ_ERRORS as problem:
            raise Refused(
                f'session_id = {session_id!r} cannot be looked up: {problem}'
            ) from problem
        if uid != owner:
            raise Refused(
                f'session_id = {session_id!r} is not a session of a person '
                f'with user id {uid}'
            )
        return uid

    async def _look_after(
        self, bus: MessageBus, key: book.Key, uid: int
    ) -> None:
        """See what became of a helper while nobody listened."""
        session_id, sender = key
        owner, found = await calls.session_owner(bus, session_id), None
        with contextlib.suppress(DBusError):
            found = await calls.uid(bus, sender)
        if owner is None:
            self._book.end_session(session_id, self._clock())
        elif found != uid:
            self._book.lose(sender, _VANISHED, self._clock())

    async def _notice_loss(self, bus: MessageBus) -> None:
        with contextlib.suppress(*system_bus.READ_ERRORS):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        LOG.warning('Helpers cannot be heard: %s', _BUS_GONE)
        self._problem = _BUS_GONE
        for (_, sender), _ in self._book.helpers():
            self._book.lose(sender, 'left with the bus', self._clock())
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
        elif (
            message.member == 'SessionRemoved'
            and message.sender == self._logind
            and self._book.end_session(message.body[0], self._clock())
        ):
            self._on_event()

    def _owner_changed(self, name: str, _before: str, after: str) -> None:
        if name == api.SERVICE:
            self._logind = after
            return
        if after:
            return
        if self._book.lose(name, _VANISHED, self._clock()):
            LOG.warning('A helper %s: %s', _VANISHED, name)
            self._on_event()


def _check(name: str, value: str, allowed: re.Pattern[str]) -> None:
    if not allowed.fullmatch(value):
        raise exception.BadValue(
            name, value[:64], f'must match {allowed.pattern}'
        )
