# SPDX-License-Identifier: Apache-2.0
"""The machine is put to sleep by logind, and wakes again."""

import json
import time

from tests.vm.inside import machine

_ALARM_S = 20
_SLEPT_S = 2.0
_MANY = '100'


def asleep_s():
    """Give how long the machine has slept since its start."""
    boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot_s - time.clock_gettime(time.CLOCK_MONOTONIC)


def changes():
    """Read the agent's record, the newest last."""
    text = machine.run(
        machine.BIN / 'nova-desktop', 'history', '--count', _MANY, '--json'
    )
    return json.loads(text)


def last(what, after):
    """Give the newest change of something to this; None without one."""
    found = [c for c in changes() if (c['what'], c['after']) == (what, after)]
    return found[-1] if found else None


class TestSleep(machine.OnMachine):
    """Suspend to memory."""

    def test_no_guest_is_taken_before_sleep_and_waking_is_the_owner(self):
        self.be_away()
        self.assertTrue(machine.ask('Admit'))
        before_s, began_unix_s = asleep_s(), time.time()
        enough_s = before_s + _SLEPT_S
        machine.run('rtcwake', '-m', 'no', '-s', str(_ALARM_S))
        machine.run('systemctl', 'suspend')
        machine.wait_for(
            'the machine slept and woke', lambda: asleep_s() > enough_s
        )
        woke_unix_s, slept_s = time.time(), asleep_s() - before_s
        machine.wait_for(
            'waking counts as the owner',
            lambda: machine.ask('Presence') == 'active',
            5,
        )
        self.assertIn('woke the host', machine.ask('Reason'))
        self.assertFalse(machine.ask('Admit'))
        closed = last('admission', 'closed')
        self.assertIn('prepares for sleep', closed['why'])
        self.assertGreater(closed['at_unix_s'], began_unix_s)
        # Before the sleep, not as the first thing after it.
        self.assertLess(closed['at_unix_s'], woke_unix_s - slept_s + 1)
        self.be_away()
        machine.wait_for('guests are taken', lambda: machine.ask('Admit'))
        self.tell(f'slept for {slept_s:.0f} s')
