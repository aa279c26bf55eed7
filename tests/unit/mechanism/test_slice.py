# SPDX-License-Identifier: Apache-2.0
"""The guests' slice on fake trees of both versions."""

import errno
import os
import pathlib
import shutil
from unittest import mock

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, noop, slice
from nova_desktop.model import SliceTarget
from tests.unit.mechanism import trees

_PWRITE = os.pwrite
NAME = trees.NAME
PERIOD_US = 100_000


class V1Test(trees.TreeCase):
    quota = f'cpu/{NAME}/cpu.cfs_quota_us'
    period = f'cpu/{NAME}/cpu.cfs_period_us'
    idle = f'cpu/{NAME}/cpu.idle'

    def slice(self, quota: str = '-1', period: str = '100000'):
        self.v1('cpu')
        self.v1_group(quota, period)
        return slice.GuestSlice(cgroup.find(self.root), NAME, PERIOD_US)

    def setUp(self) -> None:
        super().setUp()
        self.seen: list[float] = []

    def test_apply_and_current(self) -> None:
        guests = self.slice()
        for target, quota in (
            (SliceTarget(cpus=0.25), '25000'),
            (SliceTarget(cpus=None), '-1'),
            (SliceTarget(cpus=1 / 3), '33333'),
            (SliceTarget(cpus=0.0), '1000'),
        ):
            guests.apply(target)
            self.assertEqual(quota, self.read(self.quota))
            self.assertEqual('1', self.read(self.idle))
            self.assertEqual(target, guests.current())

    def test_leaving_class(self) -> None:
        guests = self.slice()
        guests.apply(SliceTarget(cpus=0.5))
        guests.apply(SliceTarget(cpus=0.5, idle=False))
        self.assertEqual('0', self.read(self.idle))

    def test_current_shows_what_others_wrote(self) -> None:
        guests = self.slice()
        guests.apply(SliceTarget(cpus=0.5))
        self.write(self.quota, '150000\n')
        self.assertEqual(SliceTarget(cpus=1.5), guests.current())

    def test_period_of_others_is_seen_and_corrected(self) -> None:
        guests = self.slice(period='50000')
        guests.apply(SliceTarget(cpus=0.5))
        self.assertEqual('100000', self.read(self.period))
        self.write(self.period, '25000\n')
        self.assertEqual(SliceTarget(cpus=2.0), guests.current())
        guests.apply(SliceTarget(cpus=0.5))
        self.assertEqual('100000', self.read(self.period))
        self.assertEqual(SliceTarget(cpus=0.5), guests.current())

    def test_period_is_short_in_the_normal_class(self) -> None:
        self.slice()
        guests = slice.GuestSlice(cgroup.find(self.root), NAME, 10 * PERIOD_US)
        few = SliceTarget(cpus=0.02)
        share = SliceTarget(cpus=0.5, idle=False)
        most = SliceTarget(cpus=2.0)
        for before, after in (
            *((few, share), (share, few)),
            *((few, most), (most, share), (share, most), (most, few)),
        ):
            guests.apply(before)
            with mock.patch.object(os, 'pwrite', self.noting):
                guests.apply(after)
            self.assertEqual(after, guests.current())
            self.assertLessEqual(
                max(self.seen), max(before.cpus or 0, after.cpus or 0)
            )
            period = PERIOD_US if after is share else 10 * PERIOD_US
            self.assertEqual(str(period), self.read(self.period))

    def noting(self, fd: int, data: bytes, offset: int) -> int:
        """Write, and note the limit that is in force then."""
        os.ftruncate(fd, 0)
        done = _PWRITE(fd, data, offset)
        quota, period = self.read(self.quota), self.read(self.period)
        self.seen.append(int(quota) / int(period))
        return done

    def test_release_leaves_the_limit(self) -> None:
        guests = self.slice('10000')
        guests.apply(SliceTarget(cpus=0.2))
        guests.release()
        self.assertEqual('20000', self.read(self.quota))

    def test_release_untouched(self) -> None:
        self.slice('70000').release()
        self.assertEqual('70000', self.read(self.quota))

    def test_no_group(self) -> None:
        self.v1('cpu')
        with self.assertRaises(exception.CgroupMissing) as caught:
            slice.GuestSlice(cgroup.find(self.root), NAME, PERIOD_US)
        self.assertIn('--prepare', str(caught.exception))
        self.assertIn(NAME, str(caught.exception))

    def test_group_made_again_is_followed(self) -> None:
        guests = self.slice()
        gone = self.failing(guests, errno.ENODEV)
        with gone:
            guests.apply(SliceTarget(cpus=0.5))
        self.assertEqual('50000', self.read(self.quota))

    def test_group_gone_for_good(self) -> None:
        guests = self.slice()
        shutil.rmtree(self.root / 'cpu' / NAME)
        with (
            self.failing(guests, errno.ENODEV),
            self.assertRaises(exception.CgroupMissing),
        ):
            guests.apply(SliceTarget(cpus=0.5))
        # Nothing is open now, which is an answer, not a crash.
        with self.assertRaises(exception.MechanismFailed):
            guests.current()
        self.v1_group()
        guests.apply(SliceTarget(cpus=0.5))
        self.assertEqual('50000', self.read(self.quota))

    def test_quota_of_a_guest_is_lifted_and_given_back(self) -> None:
        guests = self.slice()
        inner = self.write(
            f'cpu/{NAME}/qemu-1/vcpu0/cpu.cfs_quota_us', '80000\n'
        )
        guests.apply(SliceTarget(cpus=None))
        with self.failing(guests, errno.EINVAL):
            guests.apply(SliceTarget(cpus=0.2))
        self.assertEqual('20000', self.read(self.quota))
        self.assertEqual('-1', inner.read_text().strip())
        guests.apply(SliceTarget(cpus=1.0))
        self.assertEqual('80000', inner.read_text().strip())

    def test_refusal_is_told(self) -> None:
        guests = self.slice()
        with (
            self.failing(guests, errno.EPERM),
            self.assertRaises(exception.MechanismFailed) as caught,
        ):
            guests.apply(SliceTarget(cpus=0.2))
        self.assertIn(NAME, str(caught.exception))

    def failing(self, guests, number: int):
        """Let the first write fail as the kernel would."""
        write, failures = os.pwrite, [number]

        def pwrite(fd: int, data: bytes, offset: int) -> int:
            if failures:
                raise OSError(failures.pop(), 'as the kernel says')
            return write(fd, data, offset)

        return mock.patch.object(os, 'pwrite', pwrite)


class V2Test(trees.TreeCase):
    limit = f'{NAME}/cpu.max'

    def test_apply_and_current(self) -> None:
        self.v2_group()
        guests = slice.GuestSlice(cgroup.find(self.root), NAME, PERIOD_US)
        guests.apply(SliceTarget(cpus=0.25))
        self.assertEqual('25000 100000', self.read(self.limit))
        self.assertEqual(SliceTarget(cpus=0.25), guests.current())
        self.write(self.limit, '30000 50000\n')
        self.assertEqual(SliceTarget(cpus=0.6), guests.current())
        guests.apply(SliceTarget(cpus=None))
        self.assertEqual('max 100000', self.read(self.limit))
        guests.release()

    def test_prepare_keeps_the_limit(self) -> None:
        self.v2_group('20000 100000')
        slice.prepare(cgroup.find(self.root), NAME, PERIOD_US)
        self.assertEqual('20000 100000', self.read(self.limit))
        self.assertEqual('1', self.read(f'{NAME}/cpu.idle'))
        control = pathlib.Path(self.root / 'cgroup.subtree_control')
        self.assertIn('+cpu ', control.read_text())


class NoopTest(trees.TreeCase):
    def test_remembers_and_changes_nothing(self) -> None:
        twin = noop.NoopSlice()
        self.assertEqual(SliceTarget(cpus=None, idle=False), twin.current())
        twin.apply(SliceTarget(cpus=0.5))
        self.assertEqual(SliceTarget(cpus=0.5), twin.current())
        twin.release()
        self.assertEqual(SliceTarget(cpus=0.5), twin.current())
