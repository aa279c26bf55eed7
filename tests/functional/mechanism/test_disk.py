# SPDX-License-Identifier: Apache-2.0
"""How much processes write when they are held."""

import os
import pathlib
import time
import unittest

from nova_desktop.mechanism import disk
from nova_desktop.model import DiskTarget
from tests.functional.mechanism import guests

MIB = 1024 * 1024
LIMIT = DiskTarget(bytes_per_s=2 * MIB)
LOOK_S = 2.0


def own_disk(folder: pathlib.Path) -> str:
    number = folder.stat().st_dev
    return f'{os.major(number)}:{os.minor(number)}'


@unittest.skipUnless(
    guests.usable('blkio')
    and own_disk(pathlib.Path('/var/tmp')) in disk.whole_disks(),
    'needs cgroup v1, root and /var/tmp on a whole disk',
)
class DiskTest(guests.GuestsTest):
    def setUp(self) -> None:
        super().setUp()
        self.rung = disk.GuestDisks(self.tree, self.name)

    def write_in(self, guest: str) -> int:
        return self.run_in(guests.WRITE, self.group('blkio', guest))

    def rate(self, pids: list[int], for_s: float = LOOK_S) -> float:
        """Give the bytes per second that reach the disk."""

        def written() -> int:
            texts = (
                pathlib.Path(f'/proc/{pid}/io').read_text() for pid in pids
            )
            return sum(
                int(text.partition('\nwrite_bytes: ')[2].split()[0])
                for text in texts
            )

        begin, begin_s = written(), time.monotonic()
        # Nothing happens at the end of a time that is measured.
        time.sleep(for_s)
        return (written() - begin) / (time.monotonic() - begin_s)

    def test_all_guests_together(self) -> None:
        pids = [self.write_in('qemu-1'), self.write_in('qemu-2')]
        self.assertGreater(self.rate(pids, 0.5), 3 * LIMIT.bytes_per_s)
        self.rung.apply(LIMIT)
        self.assertEqual(LIMIT, self.rung.current())
        held = self.rate(pids)
        self.assertLess(held, 1.25 * LIMIT.bytes_per_s)
        self.assertGreater(held, 0)
        pids.append(self.write_in('late'))
        self.assertNotEqual(LIMIT, self.rung.current())
        self.rung.apply(LIMIT)
        self.assertEqual(LIMIT, self.rung.current())
        self.assertLess(self.rate(pids), 1.25 * LIMIT.bytes_per_s)
        self.rung.release()
        self.assertGreater(self.rate(pids, 0.5), 3 * LIMIT.bytes_per_s)

    def test_operations(self) -> None:
        pids = [self.write_in('qemu-1')]
        self.rung.apply(DiskTarget(operations_per_s=20))
        # Each of them has 64 KiB.
        self.assertLess(self.rate(pids), 1.25 * 20 * 64 * 1024)

    def test_a_limit_above_does_not_hold_what_is_below(self) -> None:
        # Why each guest gets a limit of its own, and not their group.
        pids = [self.write_in('qemu-1')]
        file = 'blkio.throttle.write_bps_device'
        line = f'{own_disk(self.dir)} {LIMIT.bytes_per_s}'
        (self.group('blkio') / file).write_text(line)
        self.assertGreater(self.rate(pids, 0.5), 3 * LIMIT.bytes_per_s)
        self.rung.apply(LIMIT)
        self.assertEqual('', (self.group('blkio') / file).read_text())
        self.rung.release()

    def test_lowest_weight(self) -> None:
        taken = disk.lowest_weight(self.tree, self.name)
        for file in taken:
            text = (self.group('blkio') / file).read_text()
            self.assertIn(text.split()[-1], ('1', '10'))
        there = (self.group('blkio') / 'blkio.bfq.weight').exists()
        self.assertEqual(there, 'blkio.bfq.weight' in taken)
