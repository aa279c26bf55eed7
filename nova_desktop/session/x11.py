# SPDX-License-Identifier: Apache-2.0
"""Input to an X server, by alarms on its counter of idle time."""

import asyncio
from typing import Any

import xcffib
import xcffib.sync

from nova_desktop import exception
from nova_desktop.session import backend

_COUNTER = b'IDLETIME'
_ALL = (
    xcffib.sync.CA.Counter
    | xcffib.sync.CA.ValueType
    | xcffib.sync.CA.Value
    | xcffib.sync.CA.TestType
    | xcffib.sync.CA.Delta
    | xcffib.sync.CA.Events
)
_BROKEN = (xcffib.XcffibException, AssertionError, OSError)


class X11:
    """Watch one X server; ``display`` as in DISPLAY.

    The server itself tells when its idle time passes ``idle_ms``, in either
    direction: no polling, and one event for any number of keys.
    """

    name = 'x11'

    def __init__(self, display: str, idle_ms: int) -> None:
        self._display = display
        self._idle_ms = idle_ms
        self._conn: Any = None
        self._sync: Any = None
        self._counter = 0
        self._alarms: dict[int, int] = {}
        self._idle_already_ms = 0
        self._gone = asyncio.Event()
        self._on_sign: backend.OnSign = lambda _: None

    async def start(self, on_sign: backend.OnSign) -> None:
        """Set the two alarms; raise HostUnready."""
        self._on_sign = on_sign
        try:
            self._connect()
        except _BROKEN as problem:
            self.stop()
            raise exception.HostUnready(
                f'the X server {self._display!r} cannot be watched: '
                f'{problem!r}; its SYNC extension is needed'
            ) from problem
        if not self._alarms:
            self.stop()
            raise exception.HostUnready(
                f'the X server {self._display!r} has no counter IDLETIME'
            )
        asyncio.get_running_loop().add_reader(
            self._conn.get_file_descriptor(), self._read
        )
        # What came with the replies is in the library already.
        self._read()
        if self._idle_already_ms >= self._idle_ms:
            # No alarm tells what was so before it was set.
            sign = backend.Sign(active=False, idle_ms=self._idle_already_ms)
            on_sign(sign)

    async def lost(self) -> None:
        """Return once the server is gone."""
        await self._gone.wait()

    def stop(self) -> None:
        """Disconnect."""
        if self._conn is None:
            return
        conn, self._conn = self._conn, None
        try:
            fd = conn.get_file_descriptor()
            asyncio.get_running_loop().remove_reader(fd)
        except xcffib.XcffibException:
            self._gone.set()
        conn.disconnect()

    def _connect(self) -> None:
        conn = xcffib.connect(self._display)  # type: ignore[no-untyped-call]
        self._conn = conn
        self._sync = self._conn(xcffib.sync.key)
        self._sync.Initialize(3, 1).reply()
        self._counter = self._find_counter()
        if not self._counter:
            return
        tests = xcffib.sync.TESTTYPE
        for test in (tests.PositiveTransition, tests.NegativeTransition):
            alarm = self._conn.generate_id()
            self._alarms[alarm] = test
            self._sync.CreateAlarmChecked(alarm, *self._attributes(test))
        reply = self._sync.QueryCounter(self._counter).reply()
        self._idle_already_ms = _number(reply.counter_value)

    def _find_counter(self) -> int:
        """Find the counter's id, 0 where there is none.

        Read by hand: the library forgets that names are padded to 4 bytes.
        """
        cookie = self._sync.ListSystemCounters()
        reply = self._conn.wait_for_reply(cookie.sequence)
        (count,) = reply.unpack('=8xI20x')
        for _ in range(count):
            read: Any = xcffib.sync.SYSTEMCOUNTER
            counter = read(reply)
            reply.offset += -reply.offset % 4
            if b''.join(counter.name) == _COUNTER:
                return int(counter.counter)
        return 0

    def _attributes(self, test: int) -> tuple[int, list[Any]]:
        value = (self._idle_ms >> 32, self._idle_ms & 0xFFFFFFFF)
        kind = xcffib.sync.VALUETYPE.Absolute
        return _ALL, [self._counter, kind, value, test, (0, 0), 1]

    def _read(self) -> None:
        """Take every event that has come."""
        try:
            while self._conn is not None:
                event = self._conn.poll_for_event()
                if event is None:
                    return
                self._take(event)
        except _BROKEN:
            self._give_up()

    def _give_up(self) -> None:
        self.stop()
        self._gone.set()

    def _take(self, event: Any) -> None:
        if not isinstance(event, xcffib.sync.AlarmNotifyEvent):
            return
        test = self._alarms.get(event.alarm)
        if test is None:
            return
        # An alarm without a step goes off once.
        self._sync.ChangeAlarm(event.alarm, *self._attributes(test))
        self._conn.flush()
        active = test == xcffib.sync.TESTTYPE.NegativeTransition
        idle_ms = _number(event.counter_value)
        self._on_sign(backend.Sign(active=active, idle_ms=idle_ms))


def _number(value: Any) -> int:
    number: int = (value.hi << 32) + value.lo
    return max(number, 0)
