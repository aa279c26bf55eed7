# SPDX-License-Identifier: Apache-2.0
"""The machine is put to sleep by logind, and wakes again."""

import json
import pathlib
import re
import time

from tests.vm.inside import lent, machine

_FENCE = pathlib.Path('/var/lib/nova-desktop-agent/fence.json')
_PAUSED = 3
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


def sleep():
    """Suspend to memory and wake by the clock; give the seconds asleep."""
    before_s = asleep_s()
    enough_s = before_s + _SLEPT_S
    machine.run('rtcwake', '-m', 'no', '-s', str(_ALARM_S))
    machine.run('systemctl', 'suspend')
    machine.wait_for(
        'the machine slept and woke', lambda: asleep_s() > enough_s
    )
    return asleep_s() - before_s


class TestSleep(lent.BesideGuest):
    """Suspend to memory, once: QEMU wakes at once from a second sleep."""

    def paused(self):
        return self.lent.domain.state()[0] == _PAUSED

    def held(self):
        """Read the locks of the agent."""
        listed = machine.run('systemd-inhibit', '--list', '--no-legend')
        return [
            line
            for line in listed.splitlines()
            if 'nova-desktop-agent' in line
        ]

    def test_guest_is_paused_until_confirmed_and_waking_is_the_owner(self):
        uuid = self.lent.domain.UUIDString()
        machine.wait_for('the agent holds a lock', self.held)
        self.assertRegex(self.held()[0], r'sleep:shutdown|shutdown:sleep')
        self.assertIn('delay', self.held()[0])
        self.assertTrue(machine.ask('Admit'))
        began_unix_s = time.time()
        slept_s = sleep()
        woke_unix_s = time.time()
        machine.wait_for(
            'waking counts as the owner',
            lambda: machine.ask('Presence') == 'active',
            5,
        )
        self.assertIn('woke the host', machine.ask('Reason'))
        self.assertFalse(machine.ask('Admit'))
        self.assertTrue(self.paused())
        self.assertEqual([uuid], machine.ask('Fenced'))
        self.assertIn(uuid, _FENCE.read_text())
        closed = last('admission', 'closed')
        self.assertIn('prepares for sleep', closed['why'])
        for told in (closed, last(f'guest {uuid}', 'fenced')):
            self.assertGreater(told['at_unix_s'], began_unix_s)
            # Before the sleep, not as the first thing after it.
            self.assertLess(told['at_unix_s'], woke_unix_s - slept_s + 1)
        machine.wait_for('the lock is taken again', self.held)
        self.be_away()
        machine.wait_for('guests are taken', lambda: machine.ask('Admit'))
        computed = self.lent.count()
        self.assertTrue(self.paused())
        machine.run(
            'busctl', 'call', *machine.AGENT, 'Unfence', 's', uuid
        )  # fmt: skip
        machine.wait_for('the guest goes on', lambda: not self.paused())
        machine.wait_for(
            'it computes', lambda: self.lent.count() > computed, 120
        )
        self.assertFalse(_FENCE.exists())
        took = re.findall(r'go on with sleep after (\d+) ms', machine.log())
        self.tell(f'slept for {slept_s:.0f} s, which waited {took[-1]} ms')

    def test_saving_comes_before_the_end_of_guests(self):
        scope = self.lent.scope().name
        before = machine.property_of(scope, 'Before').split()
        after = machine.property_of('nova-desktop-save', 'After').split()
        self.assertIn('virt-guest-shutdown.target', before)
        self.assertIn('virt-guest-shutdown.target', after)
        self.assertIn(machine.UNIT, after)

    def test_mere_stop_of_the_unit_waits_for_nobody(self):
        machine.run('systemctl', 'start', 'nova-desktop-save')
        began_s = time.monotonic()
        machine.run('systemctl', 'stop', 'nova-desktop-save')
        took_s = time.monotonic() - began_s
        said = machine.run(
            'journalctl', '-u', 'nova-desktop-save', '-o', 'cat', '--no-pager'
        )
        self.assertIn('not being shut down', said)
        self.tell(f'{took_s:.1f} s')
