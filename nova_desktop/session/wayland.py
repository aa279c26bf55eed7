# SPDX-License-Identifier: Apache-2.0
"""Input to a Wayland compositor, as its idle protocols tell it."""

import asyncio
import dataclasses
from typing import Any

from pywayland.client.display import Display
from pywayland.protocol.ext_idle_notify_v1 import ExtIdleNotifierV1
from pywayland.protocol.wayland import WlSeat

from nova_desktop import exception
from nova_desktop.session import backend, kde_idle

_EXT = ExtIdleNotifierV1.name
_KDE = kde_idle.OrgKdeKwinIdle.name
# Version 2 of the protocol has the flavour that sees input alone.
_INPUT_SINCE = 2
# The flavour with inhibitors is asked to be the first, so that an input that
# ends with no inhibitor does not look inhibited in between.
_MARGIN_MS = 100


@dataclasses.dataclass(slots=True)
class _Seat:
    """A seat, what watches it, and what the watches said."""

    proxy: Any
    watches: list[Any] = dataclasses.field(default_factory=list)
    input_idle: bool = False
    session_idle: bool = False


class Wayland:
    """Watch every seat of a compositor; ``display`` as in WAYLAND_DISPLAY.

    Where the compositor has only the flavour that heeds inhibitors, an
    inhibited session counts as one with input.
    """

    def __init__(self, display: str | None, idle_ms: int) -> None:
        self.name = 'wayland'
        self._idle_ms = idle_ms
        self._display = Display(display)
        self._connected = False
        self._started = False
        self._notifier: Any = None
        self._version = 0
        self._seats: dict[int, _Seat] = {}
        self._registry: Any = None
        self._last: backend.Sign | None = None
        self._gone = asyncio.Event()
        self._on_sign: backend.OnSign = lambda _: None

    async def start(self, on_sign: backend.OnSign) -> None:
        """Set the watches; raise HostUnready."""
        self._on_sign = on_sign
        try:
            self._connect()
        except (ValueError, RuntimeError, OSError) as problem:
            self.stop()
            raise exception.HostUnready(
                f'the Wayland compositor cannot be reached: {problem}'
            ) from problem
        if self._notifier is None:
            self.stop()
            raise exception.HostUnready(
                f'the Wayland compositor has neither {_EXT} nor {_KDE}'
            )
        for seat in self._seats.values():
            self._watch(seat)
        self._started = True
        self._display.flush()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._display.get_fd(), self._read)

    async def lost(self) -> None:
        """Return once the compositor is gone."""
        await self._gone.wait()

    def stop(self) -> None:
        """Disconnect."""
        if not self._connected:
            return
        self._connected = False
        asyncio.get_running_loop().remove_reader(self._display.get_fd())
        self._display.disconnect()

    def _connect(self) -> None:
        self._display.connect()
        self._connected = True
        self._registry = self._display.get_registry()
        self._registry.dispatcher['global'] = self._appeared
        self._registry.dispatcher['global_remove'] = self._vanished
        if self._display.roundtrip() < 0:
            raise RuntimeError('it hung up')

    def _appeared(
        self, registry: Any, number: int, interface: str, version: int
    ) -> None:
        if interface == WlSeat.name:
            seat = _Seat(registry.bind(number, WlSeat, 1))
            self._seats[number] = seat
            # One that is plugged in later, beside those of the start.
            if self._started:
                self._watch(seat)
        elif interface == _EXT:
            self._version = min(version, ExtIdleNotifierV1.version)
            self._notifier = registry.bind(
                number, ExtIdleNotifierV1, self._version
            )
        elif interface == _KDE and self._notifier is None:
            self._version = 0
            self._notifier = registry.bind(number, kde_idle.OrgKdeKwinIdle, 1)

    def _vanished(self, _registry: Any, number: int) -> None:
        self._seats.pop(number, None)

    def _watch(self, seat: _Seat) -> None:
        """Ask to be told of one seat, in the best way there is."""
        idle_ms, ask = self._idle_ms, self._notifier
        if not self._version:
            self.name = _KDE
            watch = ask.get_idle_timeout(seat.proxy, idle_ms)
            self._listen(seat, watch, 'idle', 'input_idle')
            return
        self.name = f'{_EXT} version {self._version}'
        watch = ask.get_idle_notification(idle_ms, seat.proxy)
        if self._version < _INPUT_SINCE:
            self._listen(seat, watch, 'idled', 'input_idle')
            return
        self._listen(seat, watch, 'idled', 'session_idle')
        watch = ask.get_input_idle_notification(
            idle_ms + _MARGIN_MS, seat.proxy
        )
        self._listen(seat, watch, 'idled', 'input_idle')

    def _listen(self, seat: _Seat, watch: Any, idled: str, flag: str) -> None:
        def idle(_: Any) -> None:
            setattr(seat, flag, True)

        def resumed(_: Any) -> None:
            setattr(seat, flag, False)

        watch.dispatcher[idled] = idle
        watch.dispatcher['resumed'] = resumed
        seat.watches.append(watch)

    def _read(self) -> None:
        """Take every event that has come, and judge them together."""
        try:
            self._display.read()
            self._display.dispatch(block=False)
            self._display.flush()
        except RuntimeError:
            self.stop()
            self._gone.set()
            return
        sign = self._sign()
        if sign != self._last:
            self._last = sign
            self._on_sign(sign)

    def _sign(self) -> backend.Sign:
        seats = self._seats.values()
        active = not seats or any(not seat.input_idle for seat in seats)
        if active:
            return backend.Sign()
        tells = self._version >= _INPUT_SINCE
        inhibited = tells and any(not seat.session_idle for seat in seats)
        return backend.Sign(
            active=False, inhibited=inhibited, idle_ms=self._idle_ms
        )
