# SPDX-License-Identifier: Apache-2.0
"""Real guests of libvirt under the shipped slice, by way of machined."""

import os

from tests.vm.inside import guests, lent, machine

_USED = lent.cpus_of(machine.SLICE)
# The files of machine.slice that could hold the owner's own machines back.
_HOLDING = (
    'cpu.max', 'cpu.weight', 'cpu.idle', 'cpuset.cpus', 'io.max', 'io.weight',
    'memory.high', 'memory.max', 'memory.low', 'pids.max', 'cgroup.freeze',
)  # fmt: skip


class TestGuests(lent.BesideGuest):
    """One guest under the slice and one of the owner's own beside it."""

    def test_guest_runs_below_the_slice(self):
        scope = self.lent.scope()
        self.assertEqual(machine.SLICE, scope.parent)
        self.assertRegex(scope.name, r'^machine-qemu\\x2d\d+\\x2dlent\.scope$')
        known = machine.run('machinectl', 'list', '--no-legend')
        self.assertRegex(known, r'qemu-\d+-lent +vm +libvirt-qemu')
        unit = machine.property_of(scope.name, 'Slice')
        self.assertEqual('novadesktop.slice', unit)
        self.assertEqual(
            '/etc/systemd/system/novadesktop.slice',
            machine.property_of(unit, 'FragmentPath'),
        )
        self.tell(f'up {self.booted_s:.0f} s after its start')

    def test_guest_takes_what_the_owner_leaves(self):
        alone = lent.rate(_USED)
        for number in range(os.cpu_count() or 1):
            unit = f'vm-owner-{number}.service'
            self.addCleanup(machine.run, 'systemctl', 'stop', unit)
            machine.run(
                'systemd-run', '--quiet', f'--unit={unit}',
                'sh', '-c', 'while :; do :; done',
            )  # fmt: skip
            group = guests.CGROUP / 'system.slice' / unit
            machine.wait_for(
                f'{unit} burns', lambda g=group: guests.used_s(g) > 1
            )
        beside = lent.rate(_USED)
        self.assertEqual(machine.NO_LIMIT, machine.cpus())
        # The idle class is the slice's alone and holds for all below it.
        self.assertEqual(
            '0', (self.lent.scope() / 'cpu.idle').read_text().strip()
        )
        self.assertGreater(alone, 0.5)
        self.assertLess(beside, 0.1)
        self.tell(
            f'{alone:.2f} CPUs alone, {beside:.3f} beside an owner who burns '
            'every CPU in the normal class'
        )

    def test_guest_is_held_while_the_owner_types(self):
        before = lent.rate(_USED)
        took_s = self.type_until_held()
        held = lent.rate(_USED, self.press)
        self.assertEqual('active', machine.ask('Presence'))
        self.assertLessEqual(held, 1.1 * machine.share(0.02))
        self.assertGreater(before, 2 * held)
        self.be_away()
        count = self.lent.count()
        after = lent.rate(_USED)
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
        typing = lent.rate(lent.cpus_of(theirs), self.press)
        self.assertEqual(before, holding(theirs))
        self.assertEqual('max', before['cpu.max'].split()[0])
        self.assertEqual('0', before['cpu.idle'])
        self.assertGreater(typing, 2 * machine.share(0.02))
        self.tell(f'{typing:.2f} CPUs while the owner types')


def holding(group):
    """Read all that could hold what is in a group."""
    files = (group / name for name in _HOLDING)
    return {f.name: f.read_text().strip() for f in files if f.exists()}
