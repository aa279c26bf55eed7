# SPDX-License-Identifier: Apache-2.0
"""Guests with a quota of their own under the quota of all."""

import pathlib
import time
import unittest

from nova_desktop.mechanism import slice
from nova_desktop.model import SliceTarget
from tests.functional.mechanism import guests

PERIOD_US = 100_000
LOOK_S = 2.0
PATIENCE_S = 20.0


@unittest.skipUnless(guests.usable('cpu', 'cpuacct'), 'needs cgroup v1, root')
class QuotaTest(guests.GuestsTest):
    def setUp(self) -> None:
        super().setUp()
        self.slice = slice.GuestSlice(self.tree, self.name, PERIOD_US)
        self.addCleanup(self.slice.release)

    def guest(self, quota_us: int) -> pathlib.Path:
        """Start a guest that burns under its own quota; give its file."""
        groups = [self.group(name, 'qemu-1') for name in ('cpu', 'cpuacct')]
        own = groups[0] / 'cpu.cfs_quota_us'
        own.write_text(str(quota_us))
        self.run_in(guests.BURN, *groups)
        return own

    def used(self) -> float:
        """Give the CPUs that all guests use."""
        usage = self.group('cpuacct') / 'cpuacct.usage'
        begin, begin_s = int(usage.read_text()), time.monotonic()
        # Nothing happens at the end of a time that is measured.
        time.sleep(LOOK_S)
        ran_s = (int(usage.read_text()) - begin) / 1e9
        return ran_s / (time.monotonic() - begin_s)

    def throttled(self, group: pathlib.Path) -> int:
        """Give how often a group was stopped by its quota."""
        text = (group / 'cpu.stat').read_text()
        return int(text.partition('nr_throttled ')[2].split()[0])

    def held_to(self, cpus: float, own: pathlib.Path) -> None:
        """See that guests are held, and that it is the slice that does."""
        self.slice.apply(SliceTarget(cpus))
        before = self.throttled(self.group('cpu'))
        self.assertLess(self.used(), 1.3 * cpus)
        # Beside other work the idle class takes its time to use its quota up.
        end_s = time.monotonic() + PATIENCE_S
        while self.throttled(self.group('cpu')) == before:
            self.assertLess(time.monotonic(), end_s, own.read_text())
            time.sleep(0.05)

    def test_quota_above_that_of_all(self) -> None:
        own = self.guest(80_000)
        self.held_to(0.1, own)
        self.slice.apply(SliceTarget(None))
        self.assertEqual('80000', own.read_text().strip())

    def test_quota_below_that_of_all(self) -> None:
        own = self.guest(10_000)
        self.slice.apply(SliceTarget(0.5))
        self.assertLess(self.used(), 1.3 * 0.1)
        self.assertEqual('10000', own.read_text().strip())
        self.held_to(0.03, own)
        self.slice.apply(SliceTarget(0.5))
        self.assertEqual('10000', own.read_text().strip())

    def test_guest_that_comes_later_may_not_have_more(self) -> None:
        self.slice.apply(SliceTarget(0.1))
        with self.assertRaises(OSError):
            self.guest(80_000)
        own = self.guest(-1)
        self.held_to(0.1, own)
