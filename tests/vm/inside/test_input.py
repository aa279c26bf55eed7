# SPDX-License-Identifier: Apache-2.0
"""Real event devices, with the classes that the real udev gives them."""

import time

from tests.vm.inside import machine, uinput

_KEY_A = 30
_BTN_LEFT, _BTN_RIGHT = 0x110, 0x111
_REL_X, _REL_Y = 0, 1
_SW_LID = 0
_LONGER_THAN_A_TICK_S = 6.0


class TestInput(machine.OnMachine):
    """A key, a pointer and a lid."""

    def test_key_throttles(self):
        keys = self.plug_in('vm keys', {uinput.EV_KEY: uinput.KEYS}, 'key')
        self.be_away()
        keys.send(uinput.EV_KEY, _KEY_A, 1)
        took_s = machine.wait_for(
            'a key throttles', lambda: machine.cpus() == machine.share(0.02), 5
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
            'a move throttles',
            lambda: machine.cpus() == machine.share(0.02),
            5,
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
