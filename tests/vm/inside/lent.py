# SPDX-License-Identifier: Apache-2.0
"""What is tested beside a guest that is lent CPUs: typing, and rates."""

import contextlib
import pathlib
import time
from collections.abc import Callable, Iterator

from tests.vm.inside import guests, machine, uinput

_KEY_A = 30
_LOOK_S = 4.0
_EVERY_S = 0.5


class BesideGuest(machine.OnMachine):
    """A guest under the slice, and an owner with a keyboard."""

    memory_mib = 96
    devices = ''

    @classmethod
    def setUpClass(cls) -> None:
        """Boot the guest, which takes minutes: it serves all the tests."""
        super().setUpClass()
        cls.lent = guests.Guest(
            'lent', memory_mib=cls.memory_mib, devices=cls.devices
        )
        cls.addClassCleanup(cls.lent.destroy)
        cls.booted_s = cls.lent.boot()

    def setUp(self) -> None:
        """Plug in a keyboard and leave."""
        self._keys = self.plug_in(
            'vm keys', {uinput.EV_KEY: uinput.KEYS}, 'key'
        )
        self.be_away()

    def press(self) -> None:
        """Press a key, which keeps the owner active for some seconds."""
        for value in (1, 0):
            self._keys.send(uinput.EV_KEY, _KEY_A, value)

    def type_until_held(self) -> float:
        """Press a key; give the seconds until the limit is in force."""
        self.press()
        return machine.wait_for(
            'a key throttles', lambda: machine.cpus() == machine.share(0.02), 5
        )

    def type_until(self, what: str, true: Callable[[], object]) -> float:
        """Go on typing until something is so; give the seconds."""
        pressed_s = 0.0

        def typed() -> object:
            nonlocal pressed_s
            if time.monotonic() > pressed_s + _EVERY_S:
                self.press()
                pressed_s = time.monotonic()
            return true()

        return machine.wait_for(what, typed, 2 * machine.PATIENCE_S)


def rate(
    read: Callable[[], float],
    meanwhile: Callable[[], object] = lambda: None,
    for_s: float = _LOOK_S,
) -> float:
    """Give by how much a counter grows in a second."""
    before, began_s = read(), time.monotonic()
    while time.monotonic() < began_s + for_s:
        meanwhile()
        time.sleep(_EVERY_S)
    return (read() - before) / (time.monotonic() - began_s)


def cpus_of(group: pathlib.Path) -> Callable[[], float]:
    """Give what reads the CPU time of a group."""
    return lambda: guests.used_s(group)


def read(name: str, group: pathlib.Path = machine.SLICE) -> str:
    """Read a file of a group; empty where it is not there."""
    path = group / name
    return path.read_text().strip() if path.exists() else ''


@contextlib.contextmanager
def in_slice(unit: str, *command: str) -> Iterator[pathlib.Path]:
    """Have a stand-in for a guest run in the slice; give its group."""
    machine.run(
        'systemd-run', '--quiet', '--collect', f'--unit={unit}',
        '--slice=novadesktop.slice', *command,
    )  # fmt: skip
    try:
        yield machine.SLICE / f'{unit}.service'
    finally:
        machine.run('systemctl', 'stop', unit, check=False)
