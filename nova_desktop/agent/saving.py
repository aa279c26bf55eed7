# SPDX-License-Identifier: Apache-2.0
"""Let a shutdown wait until guests are saved, for a bounded time.

A process of its own runs this, as the stop command of a unit that systemd
stops before all that saving needs.
"""

import dataclasses
import threading
import time
from collections.abc import Callable

from dbus_fast.aio import MessageBus

from nova_desktop import exception
from nova_desktop.agent import interface
from nova_desktop.mechanism import hypervisor
from nova_desktop.sensing import system_bus

_SYSTEMD = 'org.freedesktop.systemd1'
_SYSTEMD_PATH = '/org/freedesktop/systemd1'
# Where no change is told: libvirt may have been started anew.
_LOOK_S = 5.0
_SAY_S = 10.0


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """Why there is nothing to wait for, empty if there is.

    ``fenced`` are guests of which the cloud does not know: nobody saves them.
    """

    idle: str = ''
    fenced: frozenset[str] = frozenset()


async def asked(connect: system_bus.BusFactory) -> Asked:
    """Find out whether the host is shut down, and the cloud was told."""
    try:
        bus = await connect()
    except system_bus.ERRORS as error:
        return Asked(f'the D-Bus system bus cannot be reached ({error})')
    try:
        return await _asked(bus)
    except system_bus.READ_ERRORS as error:
        return Asked(f'nobody was told to save guests ({error})')
    finally:
        bus.disconnect()


async def _asked(bus: MessageBus) -> Asked:
    state = await system_bus.read(
        bus, _SYSTEMD, _SYSTEMD_PATH, f'{_SYSTEMD}.Manager', 'SystemState'
    )
    if state != 'stopping':
        return Asked('the host is not being shut down')
    said = await system_bus.properties(
        bus, interface.BUS_NAME, interface.PATH, interface.BUS_NAME
    )
    if said['Departing'] != 'shutdown':
        return Asked('logind has announced no shutdown to the agent')
    return Asked(fenced=frozenset(said['Fenced']))


class Saving:
    """Waits until none of the guests is left, and says how far that is."""

    def __init__(
        self,
        guests: hypervisor.Hypervisor,
        fenced: frozenset[str],
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hypervisor = guests
        self._fenced = fenced
        self._say = say
        self._clock = clock
        self._changed = threading.Event()
        self._said = '', 0.0

    def wait(self, within_s: float) -> bool:
        """Wait ``within_s`` at the most; say whether none is left."""
        end_s = self._clock() + within_s
        self._hypervisor.on_change = self._changed.set
        while True:
            self._changed.clear()
            left = self._left()
            rest_s = end_s - self._clock()
            if not left:
                self._say('no guest of the cloud runs any more')
                return True
            if rest_s <= 0:
                self._say(f'{left}: there is no more time for it')
                return False
            self._tell(left, rest_s)
            self._changed.wait(min(rest_s, _LOOK_S))

    def _left(self) -> str:
        """Word who is left; empty if nobody is."""
        try:
            guests = self._hypervisor.guests()
        except exception.MechanismFailed as error:
            return str(error)
        left = sorted(
            each.uuid for each in guests if each.uuid not in self._fenced
        )
        return f'guests still run: {", ".join(left)}' if left else ''

    def _tell(self, left: str, rest_s: float) -> None:
        """Say it when it changes, and now and then."""
        before, said_s = self._said
        now_s = self._clock()
        if left == before and now_s < said_s + _SAY_S:
            return
        self._said = left, now_s
        self._say(f'{left}; they have {rest_s:.0f} s to be saved')
