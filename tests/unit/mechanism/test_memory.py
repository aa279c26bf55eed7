# SPDX-License-Identifier: Apache-2.0
"""The kernel's memory control on a fake tree."""

import os
import pathlib
from unittest import mock

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, memory
from nova_desktop.model import MemoryTarget
from tests.unit.mechanism import trees

NAME = trees.NAME
MIB = 1024 * 1024
HEADER = 'Filename Type Size Used Priority\n'


class MemoryCase(trees.TreeCase):
    """Guests with a given use, of which the kernel can take a part."""

    used_mib = 1000
    takes_mib = 1000

    def setUp(self) -> None:
        super().setUp()
        self.v2_group()
        self.high = self.write(f'{NAME}/memory.high', 'max\n')
        self.write(f'{NAME}/memory.current', f'{self.used_mib * MIB}\n')
        self.reclaim = self.write(f'{NAME}/memory.reclaim')
        self.low = self.write('user.slice/memory.low', '0\n')
        self.swaps = self.write('swaps', HEADER + '/dev/zram0 partition 9 0\n')
        self.now_s = 0.0
        self.step_s = 0.0
        self.steps: list[int] = []
        self.guests = self.construct()
        write = os.write

        def kernel(fd: int, text: bytes) -> int:
            if pathlib.Path(f'/proc/self/fd/{fd}').samefile(self.reclaim):
                self.take(int(text) // MIB)
                return len(text)
            return write(fd, text)

        patched = mock.patch.object(os, 'write', kernel)
        self.addCleanup(patched.stop)
        patched.start()

    def construct(self) -> memory.GuestMemory:
        return memory.GuestMemory(
            cgroup.find(self.root),
            NAME,
            [self.root / 'user.slice', self.root / 'nobody.slice'],
            swaps=self.swaps,
            within_s=2.0,
            clock=lambda: self.now_s,
        )

    def take(self, mib: int) -> None:
        self.steps.append(mib)
        self.now_s += self.step_s
        taken = min(mib, self.takes_mib)
        self.takes_mib -= taken
        self.used_mib -= taken
        current = self.root / NAME / 'memory.current'
        current.write_text(f'{self.used_mib * MIB}\n')
        if taken < mib:
            raise BlockingIOError

    def high_mib(self) -> int:
        return int(self.high.read_text()) // MIB


class HighTest(MemoryCase):
    def test_taken_in_steps(self) -> None:
        self.guests.apply(MemoryTarget(high_mib=850))
        self.assertEqual([64, 64, 22], self.steps)
        self.assertEqual(850, self.high_mib())
        self.assertEqual(MemoryTarget(high_mib=850), self.guests.current())
        self.guests.apply(MemoryTarget())
        self.assertEqual('max', self.high.read_text())

    def test_limit_follows_the_use_down(self) -> None:
        take, limits = self.take, []

        def noting(mib: int) -> None:
            limits.append(self.high_mib())
            take(mib)

        self.take = noting
        self.guests.apply(MemoryTarget(high_mib=850))
        self.assertEqual([1000, 936, 872], limits)

    def test_nothing_to_take(self) -> None:
        self.guests.apply(MemoryTarget(high_mib=2000))
        self.assertEqual([], self.steps)
        self.assertEqual(2000, self.high_mib())

    def test_swap_is_full(self) -> None:
        self.takes_mib = 100
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.guests.apply(MemoryTarget(high_mib=500))
        self.assertIn('memory.reclaim', str(caught.exception))
        # They keep what they have and get no more.
        self.assertEqual(900, self.high_mib())
        self.assertEqual([64, 64], self.steps)
        self.assertNotEqual(500, self.guests.current().high_mib)

    def test_time_is_bounded(self) -> None:
        self.step_s = 1.5
        with self.assertRaises(exception.MechanismFailed):
            self.guests.apply(MemoryTarget(high_mib=10))
        self.assertEqual([64, 64], self.steps)

    def test_another_target_interrupts(self) -> None:
        take = self.take

        def interrupting(mib: int) -> None:
            take(mib)
            self.guests.interrupt()

        self.take = interrupting
        with self.assertRaises(exception.MechanismFailed):
            self.guests.apply(MemoryTarget(high_mib=10))
        self.assertEqual([64], self.steps)
        self.take = take
        self.guests.go_on()
        self.guests.apply(MemoryTarget(high_mib=900))
        self.assertEqual(900, self.high_mib())

    def test_current_shows_what_others_wrote(self) -> None:
        self.guests.apply(MemoryTarget(high_mib=2000))
        self.high.write_text('max\n')
        self.assertEqual(MemoryTarget(), self.guests.current())
        self.high.write_text(f'{3 * MIB}\n')
        self.assertEqual(MemoryTarget(high_mib=3), self.guests.current())

    def test_no_swap_no_limit(self) -> None:
        self.swaps.write_text(HEADER)
        self.guests.apply(MemoryTarget(high_mib=10))
        self.assertEqual('max\n', self.high.read_text())
        self.assertEqual(MemoryTarget(high_mib=10), self.guests.current())
        self.assertIn('no swap', self.guests.reason)

    def test_swap_is_taken_away(self) -> None:
        self.assertEqual('', self.guests.reason)
        self.guests.apply(MemoryTarget(high_mib=2000))
        self.swaps.unlink()
        self.assertEqual(MemoryTarget(), self.guests.current())
        self.guests.apply(MemoryTarget(high_mib=2000))
        self.assertEqual('max', self.high.read_text())

    def test_limit_for_others_to_tell(self) -> None:
        self.assertIsNone(self.guests.limit_bytes())
        self.guests.apply(MemoryTarget(high_mib=2000))
        self.assertEqual(2000 * MIB, self.guests.limit_bytes())
        self.high.unlink()
        self.assertIsNone(self.guests.limit_bytes())

    def test_no_controller(self) -> None:
        pathlib.Path(self.root / NAME / 'memory.current').unlink()
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.guests.apply(MemoryTarget(high_mib=10))
        self.assertIn('memory.current', str(caught.exception))

    def test_version_1_has_neither(self) -> None:
        (self.root / 'cgroup.controllers').unlink()
        self.v1('cpu')
        guests = self.construct()
        guests.apply(MemoryTarget(10, 10))
        self.assertEqual('0\n', self.low.read_text())
        self.assertIn('version 1', guests.reason)
        self.assertEqual(MemoryTarget(10, 10), guests.current())


class LowTest(MemoryCase):
    def test_kept_for_the_owner_and_given_back(self) -> None:
        self.low.write_text(f'{5 * MIB}\n')
        self.guests.apply(MemoryTarget(owner_low_mib=100))
        self.assertEqual(f'{100 * MIB}', self.low.read_text())
        target = MemoryTarget(owner_low_mib=100)
        self.assertEqual(target, self.guests.current())
        # Another agent after a crash knows what there was.
        self.guests = self.construct()
        self.guests.apply(MemoryTarget(owner_low_mib=200))
        self.guests.release()
        self.assertEqual(f'{5 * MIB}', self.low.read_text())
        self.low.write_text('7')
        self.guests.release()
        self.assertEqual('7', self.low.read_text())

    def test_kept_as_much_as_is_wanted_now(self) -> None:
        self.low.write_text(f'{50 * MIB}\n')
        for wanted, kept in ((900, 900), (100, 100), (20, 50), (200, 200)):
            self.guests.apply(MemoryTarget(owner_low_mib=wanted))
            self.assertEqual(f'{kept * MIB}', self.low.read_text())
        self.guests.release()
        self.assertEqual(f'{50 * MIB}', self.low.read_text())

    def test_more_than_that_stays(self) -> None:
        for more in (f'{500 * MIB}\n', 'max\n'):
            self.low.write_text(more)
            target = MemoryTarget(owner_low_mib=100)
            self.guests.apply(target)
            self.assertEqual(more, self.low.read_text())
            self.assertEqual(target, self.guests.current())
            self.guests.release()
            self.assertEqual(more, self.low.read_text())

    def test_lowered_by_others_is_seen(self) -> None:
        self.guests.apply(MemoryTarget(owner_low_mib=100))
        self.low.write_text(f'{3 * MIB}\n')
        found = self.guests.current()
        self.assertEqual(MemoryTarget(owner_low_mib=3), found)
