# SPDX-License-Identifier: Apache-2.0
"""Real guests of libvirt under the shipped slice, by way of machined."""

import os
import time

from tests.vm.inside import guests, machine, uinput

_LOOK_S = 4.0
_KEY_A = 30
# The files of machine.slice that could hold the owner's own machines back.
_HOLDING = (
    'cpu.max', 'cpu.weight', 'cpu.idle', 'cpuset.cpus', 'io.max', 'io.weight',
    'memory.high', 'memory.max', 'memory.low', 'pids.max', 'cgroup.freeze',
)  # fmt: skip


def rate(group, for_s=_LOOK_S, meanwhile=lambda: None):
    """Give the CPUs that a group used; do something each half second."""
    used_s, began_s = guests.used_s(group), time.monotonic()
    while time.monotonic() < began_s + for_s:
        meanwhile()
        time.sleep(0.5)
    took_s = time.monotonic() - began_s
    return (guests.used_s(group) - used_s) / took_s


class TestGuests(machine.OnMachine):
    """One guest under the slice and one of the owner's own beside it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lent = guests.Guest('lent')
        cls.addClassCleanup(cls.lent.destroy)
        cls.booted_s = cls.lent.boot()

    def setUp(self):
        self.keys = self.plug_in(
            'vm keys', {uinput.EV_KEY: uinput.KEYS}, 'key'
        )
        self.be_away()

    def press(self):
        for value in (1, 0):
            self.keys.send(uinput.EV_KEY, _KEY_A, value)

    def type_until_held(self):
        self.press()
        return machine.wait_for(
            'a key throttles', lambda: machine.cpus() == machine.share(0.1), 5
        )

    def test_guest_runs_below_the_slice(self):
        scope = self.lent.scope()
        self.assertEqual(machine.SLICE, scope.parent)
        self.assertRegex(scope.name, r'^machine-qemu\\x2d\d+\\x2dlent\.scope$')
        known = machine.run('machinectl', 'list', '--no-legend')
        self.assertRegex(known, r'qemu-\d+-lent +vm +libvirt-qemu')
        unit = machine.property_of(scope.name, 'Slice')
        self.assertEqual('novadesktop.slice', unit)
        self.assertEqual('loaded', machine.property_of(unit, 'LoadState'))
        self.tell(f'up {self.booted_s:.0f} s after its start')

    def test_guest_takes_what_the_owner_leaves(self):
        alone = rate(machine.SLICE)
        count = self.lent.count()
        for number in range(os.cpu_count() or 1):
            unit = f'vm-owner-{number}.service'
            self.addCleanup(machine.run, 'systemctl', 'stop', unit)
            machine.run(
                'systemd-run', '--quiet', f'--unit={unit}',
                'sh', '-c', 'while :; do :; done',
            )  # fmt: skip
        beside = rate(machine.SLICE)
        self.assertEqual(machine.NO_LIMIT, machine.cpus())
        # The idle class is the slice's alone and holds for all below it.
        self.assertEqual(
            '0', (self.lent.scope() / 'cpu.idle').read_text().strip()
        )
        self.assertGreater(count, 0)
        self.assertGreater(alone, 0.5)
        self.assertLess(beside, 0.05)
        self.tell(
            f'{alone:.2f} CPUs alone, {beside:.3f} beside an owner who burns '
            'every CPU in the normal class'
        )

    def test_guest_is_held_while_the_owner_types(self):
        before = rate(machine.SLICE)
        took_s = self.type_until_held()
        held = rate(machine.SLICE, meanwhile=self.press)
        self.assertEqual('active', machine.ask('Presence'))
        self.assertLessEqual(held, 1.1 * machine.share(0.1))
        self.assertGreater(before, 2 * held)
        self.be_away()
        count = self.lent.count()
        after = rate(machine.SLICE)
        self.assertGreater(after, 2 * held)
        machine.wait_for(
            'the guest goes on', lambda: self.lent.count() > count
        )
        self.tell(
            f'held in {took_s * 1000:.0f} ms; CPUs: {before:.2f} before, '
            f'{held:.3f} while the owner types, {after:.2f} after'
        )

    def test_owners_own_machine_is_left_alone(self):
        own = guests.Guest('own', partition='')
        self.addCleanup(own.destroy)
        # A machine that boots is as busy as one that computes.
        own.start()
        theirs = own.scope().parent
        self.assertEqual(guests.CGROUP / 'machine.slice', theirs)
        self.be_away()
        before = holding(theirs)
        self.type_until_held()
        while_typing = rate(theirs, meanwhile=self.press)
        self.assertEqual(before, holding(theirs))
        self.assertEqual('max', before['cpu.max'].split()[0])
        self.assertEqual('0', before['cpu.idle'])
        self.assertGreater(while_typing, 2 * machine.share(0.1))
        self.tell(f'{while_typing:.2f} CPUs while the owner types')


def holding(group):
    """Read all that could hold what is in a group."""
    files = (group / name for name in _HOLDING)
    return {f.name: f.read_text().strip() for f in files if f.exists()}
