# SPDX-License-Identifier: Apache-2.0
"""Every rung of the ladder on a real guest, beside an owner who types."""

import pathlib
import re
import time

import libvirt

from tests.vm.inside import guests, lent, machine, tap

_MIB = 1024**2
_PEOPLE = guests.CGROUP / 'user.slice'
_SWAP = pathlib.Path('/var/swap')
_SWAP_MIB = 1024
_HOG_MIB = 640
_KEPT_MIB = 400
_COMMAND = str(machine.BIN / 'nova-desktop')


class TestRungs(lent.BesideGuest):
    """Cores, disk, network, memory and pause."""

    memory_mib = 640
    devices = tap.DEVICE

    @classmethod
    def setUpClass(cls):
        tap.make_bridge()
        cls.addClassCleanup(tap.remove_bridge)
        super().setUpClass()

    def state(self):
        return self.lent.domain.state()[0]

    def rung_ok(self, name):
        return machine.ask('Sources').get(f'rung {name}') == 'ok'

    def test_cores(self):
        self.type_until(
            'one CPU is left',
            lambda: lent.read('cpuset.cpus.effective') == '1',
        )
        self.assertEqual(
            '1', lent.read('cpuset.cpus.effective', self.lent.scope())
        )
        ran_on = set()
        lent.rate(
            lambda: ran_on.update(self.cpus_run_on()) or 0, self.press, 2
        )
        self.assertEqual({1}, ran_on)
        self.be_away()
        machine.wait_for(
            'every CPU is back',
            lambda: lent.read('cpuset.cpus.effective') == '0-1',
        )
        self.assertTrue(self.rung_ok('cores'))

    def cpus_run_on(self):
        """Give the CPUs on which the guest's own CPUs were last."""
        tasks = pathlib.Path(f'/proc/{self.lent.pid()}/task').glob('*/stat')
        found = (task.read_text().rpartition(')') for task in tasks)
        return {
            int(rest.split()[36]) for name, _, rest in found if '(CPU ' in name
        }

    def test_disk(self):
        # The guest lives in its memory, so something else reads for it.
        read_disk = 'while :; do dd if=/dev/vda of=/dev/null bs=1M ' \
            'count=512 iflag=direct status=none; done'  # fmt: skip
        with lent.in_slice('vm-reader', 'sh', '-c', read_disk) as group:

            def bytes_read():
                found = re.findall(
                    r'rbytes=(\d+)', lent.read('io.stat', group)
                )
                return sum(map(int, found)) / _MIB

            free = lent.rate(bytes_read)
            self.type_until('disks are held', lambda: lent.read('io.max'))
            self.assertIn('rbps=20971520 wbps=20971520', lent.read('io.max'))
            held = lent.rate(bytes_read, self.press)
        self.assertLessEqual(held, 1.2 * 20)
        self.assertGreater(free, 2 * held)
        self.be_away()
        machine.wait_for('disks are free', lambda: not lent.read('io.max'))
        self.tell(f'{free:.0f} MiB/s alone, {held:.1f} beside the owner')

    def test_network(self):
        def press_and_flood():
            self.press()
            tap.flood()

        free = lent.rate(tap.reached_mib, tap.flood)
        self.type_until('the tap is limited', tap.limit_bytes)
        limit = tap.limit_bytes()
        held = lent.rate(tap.reached_mib, press_and_flood)
        self.be_away()
        machine.wait_for('the tap is free', lambda: not tap.limit_bytes())
        self.tell(f'{free:.2f} MiB/s alone, {held:.2f} beside the owner')
        self.assertAlmostEqual(1, limit / _MIB, delta=0.01)
        self.assertLessEqual(held, 1.2)
        self.assertGreater(free, 1.5 * held)

    def test_balloon(self):
        # By the owner's word, as a guest in QEMU inside of QEMU that gets no
        # CPU either takes minutes for what takes seconds elsewhere.
        self.addCleanup(machine.run, _COMMAND, 'cap', 'none')

        def kept_mib():
            return self.lent.domain.memoryStats()['actual'] // 1024

        whole = kept_mib()
        self.assertEqual(self.memory_mib, whole)
        machine.run(_COMMAND, 'cap', f'memory={_KEPT_MIB}M')
        took_s = machine.wait_for(
            'the guest gives memory back',
            lambda: kept_mib() <= _KEPT_MIB,
            2 * machine.PATIENCE_S,
        )
        held = kept_mib()
        machine.run(_COMMAND, 'cap', 'none')
        back_s = machine.wait_for(
            'the guest has it again', lambda: kept_mib() == whole
        )
        self.tell(
            f'{whole} to {held} MiB in {took_s:.1f} s, back in {back_s:.1f} s'
        )

    def test_memory_with_swap(self):
        self.add_swap()
        self.addCleanup(machine.run, _COMMAND, 'cap', 'none')
        hog = f'x = b"x" * ({_HOG_MIB} << 20); import signal; signal.pause()'
        with lent.in_slice('vm-hog', 'python3', '-c', hog):

            def used():
                return int(lent.read('memory.current')) // _MIB

            machine.wait_for('there is a lot', lambda: used() > _HOG_MIB)
            before, low = used(), int(lent.read('memory.low', _PEOPLE))
            machine.run(_COMMAND, 'cap', f'memory={_KEPT_MIB}M')
            took_s = machine.wait_for(
                'guests have less', lambda: used() <= _KEPT_MIB
            )
            machine.wait_for(
                'they may have no more',
                lambda: lent.read('memory.high') == str(_KEPT_MIB * _MIB),
            )
            kept = int(lent.read('memory.low', _PEOPLE))
            swapped = int(lent.read('memory.swap.current')) // _MIB
            machine.run(_COMMAND, 'cap', 'none')
            machine.wait_for(
                'guests may have all',
                lambda: lent.read('memory.high') == 'max',
            )
        machine.wait_for(
            'people keep no more than before',
            lambda: int(lent.read('memory.low', _PEOPLE)) <= low,
        )
        self.assertGreaterEqual(kept // _MIB, whole_mib() - _KEPT_MIB)
        self.assertGreater(kept, low)
        self.assertGreater(swapped, 0)
        self.tell(
            f'{before} to {_KEPT_MIB} MiB in {took_s:.1f} s, {swapped} MiB in '
            f'swap; people keep {kept // _MIB} MiB, {low // _MIB} MiB before'
        )

    def add_swap(self):
        machine.run('fallocate', '-l', f'{_SWAP_MIB}M', _SWAP)
        _SWAP.chmod(0o600)
        machine.run('mkswap', _SWAP)
        machine.run('swapon', _SWAP)
        self.addCleanup(machine.run, 'swapoff', _SWAP)

    def test_pause_and_resume(self):
        self.addCleanup(machine.run, _COMMAND, 'resume')
        began_s = time.monotonic()
        machine.run(_COMMAND, 'pause')
        machine.wait_for(
            'the guest stands still',
            lambda: self.state() == libvirt.VIR_DOMAIN_PAUSED,
        )
        took_s = time.monotonic() - began_s
        count = self.lent.count()
        self.assertLess(lent.rate(lent.cpus_of(machine.SLICE)), 0.02)
        self.assertEqual(count, self.lent.count())
        machine.run(_COMMAND, 'resume')
        self.be_away()
        machine.wait_for(
            'the guest runs',
            lambda: self.state() == libvirt.VIR_DOMAIN_RUNNING,
        )
        machine.wait_for(
            'the guest goes on', lambda: self.lent.count() > count
        )
        self.tell(f'paused in {took_s:.2f} s, with the command')

    def test_killed_agent_resumes_only_what_it_paused(self):
        theirs = guests.Guest('theirs', mode='idle')
        self.addCleanup(theirs.destroy)
        theirs.start()
        theirs.domain.suspend()
        self.addCleanup(machine.run, _COMMAND, 'resume')
        machine.run(_COMMAND, 'pause')
        machine.wait_for(
            'the guest stands still',
            lambda: self.state() == libvirt.VIR_DOMAIN_PAUSED,
        )
        pid = machine.property_of(machine.UNIT, 'MainPID')
        machine.run('kill', '-9', pid)
        machine.wait_for(
            'another agent runs',
            lambda: (
                machine.property_of(machine.UNIT, 'MainPID') not in (pid, '0')
                and machine.ask('Sequence') is not None
            ),
        )
        self.assertEqual(libvirt.VIR_DOMAIN_PAUSED, self.state())
        machine.run(_COMMAND, 'resume')
        machine.wait_for(
            'the guest runs',
            lambda: self.state() == libvirt.VIR_DOMAIN_RUNNING,
        )
        # Long enough for a resume that comes late.
        lent.rate(lambda: 0, for_s=2)
        self.assertEqual(libvirt.VIR_DOMAIN_PAUSED, theirs.domain.state()[0])


def whole_mib():
    """Read how much memory the machine has."""
    told = pathlib.Path('/proc/meminfo').read_text()
    return int(re.search(r'MemTotal: +(\d+) kB', told)[1]) // 1024
