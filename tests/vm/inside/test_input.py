# SPDX-License-Identifier: Apache-2.0
"""Real event devices, with the classes that the real udev gives them."""

import pathlib
import time

from tests.vm.inside import machine, uinput

_KEY_A = 30
_KEYS = list(range(1, 120))
_BTN_LEFT, _BTN_RIGHT = 0x110, 0x111
_REL_X, _REL_Y = 0, 1
_SW_LID = 0
_LONGER_THAN_A_TICK_S = 2.5


def node_of(name: str) -> str | None:
    """Find the event device with this name."""
    for path in pathlib.Path('/sys/class/input').glob('event*'):
        if (path / 'device/name').read_text().strip() == name:
            return path.name
    return None


def log() -> str:
    """Give the agent's log."""
    return machine.run('journalctl', '-u', machine.UNIT, '-o', 'cat')


class TestInput(machine.OnMachine):
    """A key, a pointer and a lid."""

    def plug_in(self, name, codes, kind):
        device = uinput.Device(name, codes)
        self.addCleanup(device.close)
        machine.wait_for(f'{name} is there', lambda: node_of(name))
        machine.run('udevadm', 'settle')
        line = f'Input device {node_of(name)} counts as {kind}'
        machine.wait_for(line, lambda: line in log(), 15)
        return device

    def test_key_throttles(self):
        keys = self.plug_in('vm keys', {uinput.EV_KEY: _KEYS}, 'key')
        self.be_away()
        keys.send(uinput.EV_KEY, _KEY_A, 1)
        took_s = machine.wait_for(
            'a key throttles', lambda: machine.cpus() == machine.share(0.1), 5
        )
        keys.send(uinput.EV_KEY, _KEY_A, 0)
        self.assertEqual('active', machine.ask('Presence'))
        self.assertEqual('input', machine.ask('Source'))
        self.tell(f'within {took_s * 1000:.0f} ms')
        self.be_away()

    def test_pointer_throttles(self):
        mouse = self.plug_in(
            'vm mouse',
            {
                uinput.EV_KEY: [_BTN_LEFT, _BTN_RIGHT],
                uinput.EV_REL: [_REL_X, _REL_Y],
            },
            'pointer',
        )
        self.be_away()
        mouse.send(uinput.EV_REL, _REL_X, 5)
        machine.wait_for(
            'a move throttles', lambda: machine.cpus() == machine.share(0.1), 5
        )
        self.assertIn('bumped desk', machine.ask('Reason'))

    def test_lid_does_not_throttle(self):
        lid = self.plug_in('vm lid', {uinput.EV_SW: [_SW_LID]}, 'ignored')
        self.be_away()
        before = machine.ask('Sequence')
        for closed in (1, 0):
            lid.send(uinput.EV_SW, _SW_LID, closed)
            ends_s = time.monotonic() + _LONGER_THAN_A_TICK_S
            while time.monotonic() < ends_s:
                self.assertEqual(machine.NO_LIMIT, machine.cpus())
                time.sleep(0.02)
        self.assertEqual(before, machine.ask('Sequence'))
