# SPDX-License-Identifier: Apache-2.0
"""Every rung of the ladder on a real guest, beside an owner who types."""

import contextlib
import pathlib
import re
import socket
import subprocess
import time

import libvirt

from tests.vm.inside import guests, lent, machine

_MIB = 1024**2
_BRIDGE, _TAP = 'vmbr0', 'vmtap0'
_MAC = '52:54:00:12:34:56'
_ADDRESS = '10.9.8.2'
_SWAP = pathlib.Path('/var/swap')
_SWAP_MIB = 1024
_HOG_MIB = 640
_KEPT_MIB = 400
_COMMAND = str(machine.BIN / 'nova-desktop')


def read(name, group=machine.SLICE):
    """Read a file of a group; empty where it is not there."""
    path = group / name
    return path.read_text().strip() if path.exists() else ''


def owner_cap_mib():
    """Give the memory that guests may use while the owner is active."""
    return machine.ask('CapMemoryMiB')


@contextlib.contextmanager
def in_slice(unit, *command):
    """Have a stand-in for a guest run in the guests' slice."""
    machine.run(
        'systemd-run', '--quiet', '--collect', f'--unit={unit}',
        '--slice=novadesktop.slice', *command,
    )  # fmt: skip
    try:
        yield guests.CGROUP / 'novadesktop.slice' / f'{unit}.service'
    finally:
        machine.run('systemctl', 'stop', unit, check=False)


class TestRungs(lent.BesideGuest):
    """Cores, disk, network, memory and pause."""

    memory_mib = 640
    devices = (
        f"<interface type='bridge'><source bridge='{_BRIDGE}'/>"
        f"<mac address='{_MAC}'/><target dev='{_TAP}'/>"
        "<model type='virtio'/></interface>"
    )

    @classmethod
    def setUpClass(cls):
        for command in (
            f'link add {_BRIDGE} type bridge',
            f'address add 10.9.8.1/24 dev {_BRIDGE}',
            f'link set {_BRIDGE} up',
            f'neighbor add {_ADDRESS} lladdr {_MAC} dev {_BRIDGE}',
        ):
            machine.run('ip', *command.split())
        cls.addClassCleanup(machine.run, 'ip', 'link', 'delete', _BRIDGE)
        super().setUpClass()

    def state(self):
        return self.lent.domain.state()[0]

    def rung_ok(self, name):
        return machine.ask('Sources').get(f'rung {name}') == 'ok'

    def test_cores(self):
        self.type_until(
            'one CPU is left', lambda: read('cpuset.cpus.effective') == '1'
        )
        self.assertEqual('1', read('cpuset.cpus.effective', self.lent.scope()))
        ran_on = set()
        lent.rate(
            lambda: ran_on.update(self.cpus_run_on()) or 0, self.press, 2
        )
        self.assertEqual({1}, ran_on)
        self.be_away()
        machine.wait_for(
            'every CPU is back', lambda: read('cpuset.cpus.effective') == '0-1'
        )
        self.assertTrue(self.rung_ok('cores'))

    def cpus_run_on(self):
        """Give the CPUs on which the guest's threads were last."""
        tasks = pathlib.Path(f'/proc/{self.lent.pid()}/task').glob('*/stat')
        return {int(t.read_text().rpartition(')')[2].split()[36])
                for t in tasks}  # fmt: skip

    def test_disk(self):
        # The guest lives in its memory, so something else reads for it.
        read_disk = 'while :; do dd if=/dev/vda of=/dev/null bs=1M ' \
            'count=512 iflag=direct status=none; done'  # fmt: skip
        with in_slice('vm-reader', 'sh', '-c', read_disk) as group:

            def bytes_read():
                found = re.findall(r'rbytes=(\d+)', read('io.stat', group))
                return sum(map(int, found)) / _MIB

            free = lent.rate(bytes_read)
            self.type_until('disks are held', lambda: read('io.max'))
            self.assertIn('rbps=20971520 wbps=20971520', read('io.max'))
            held = lent.rate(bytes_read, self.press)
        self.assertLessEqual(held, 1.2 * 20)
        self.assertGreater(free, 2 * held)
        self.be_away()
        machine.wait_for('disks are free', lambda: not read('io.max'))
        self.tell(f'{free:.0f} MiB/s alone, {held:.1f} beside the owner')

    def test_network(self):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(sender.close)
        sender.setblocking(False)
        sent = pathlib.Path(f'/sys/class/net/{_TAP}/statistics/tx_bytes')

        def flood(press=lambda: None):
            press()
            ends_s = time.monotonic() + 0.5
            while time.monotonic() < ends_s:
                with contextlib.suppress(BlockingIOError):
                    sender.sendto(bytes(1400), (_ADDRESS, 9))
                time.sleep(0.0002)

        def mib():
            return int(sent.read_text()) / _MIB

        free = lent.rate(mib, flood)
        self.type_until('the tap is limited', self.tap_limit_bytes)
        self.assertEqual(1048000, self.tap_limit_bytes())
        held = lent.rate(mib, lambda: flood(self.press))
        self.be_away()
        machine.wait_for('the tap is free', lambda: not self.tap_limit_bytes())
        self.tell(f'{free:.2f} MiB/s alone, {held:.2f} beside the owner')
        self.assertLessEqual(held, 1.2)
        self.assertGreater(free, 1.5 * held)

    def tap_limit_bytes(self):
        """Read the kernel's own limit on the tap, in bytes per second."""
        told = machine.run('tc', 'class', 'show', 'dev', _TAP)
        found = re.search(r'\brate (\d+)(K?)bit', told)
        return found and int(found[1]) * (1000 if found[2] else 1) // 8

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
        hog = f'x = b"x" * ({_HOG_MIB} << 20); import signal; signal.pause()'
        with in_slice('vm-hog', 'python3', '-c', hog) as group:

            def used():
                return int(read('memory.current')) // _MIB

            machine.wait_for('there is a lot', lambda: used() > _HOG_MIB)
            before = used()
            low = int(read('memory.low', self.people()))
            took_s = self.type_until(
                'guests have less', lambda: used() <= owner_cap_mib()
            )
            limit = int(read('memory.high')) // _MIB
            self.assertEqual(owner_cap_mib(), limit)
            kept = int(read('memory.low', self.people()))
            self.assertGreater(kept, low)
            swapped = int(read('memory.swap.current', group)) // _MIB
            self.assertGreater(swapped, 0)
            self.be_away()
            machine.wait_for(
                'guests may have all', lambda: read('memory.high') == 'max'
            )
        self.tell(
            f'{before} to {limit} MiB in {took_s:.1f} s, {swapped} MiB of it '
            f'in swap; user.slice keeps {kept // _MIB} MiB, {low // _MIB} away'
        )

    def add_swap(self):
        with _SWAP.open('wb') as file:
            subprocess.run(
                ['fallocate', '-l', f'{_SWAP_MIB}M', _SWAP], check=True
            )
            file.flush()
        _SWAP.chmod(0o600)
        machine.run('mkswap', _SWAP)
        machine.run('swapon', _SWAP)
        self.addCleanup(machine.run, 'swapoff', _SWAP)

    def people(self):
        return guests.CGROUP / 'user.slice'

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
