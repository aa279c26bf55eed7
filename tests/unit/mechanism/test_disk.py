# SPDX-License-Identifier: Apache-2.0
"""The guests' disk limits on fake trees of both versions."""

import errno
import pathlib
from unittest import mock

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, disk, io_files
from nova_desktop.model import DiskTarget
from tests.unit.mechanism import trees

NAME = trees.NAME
DISK = '8:0'
SLOW = DiskTarget(bytes_per_s=1000, operations_per_s=10)


class WholeDisksTest(trees.TreeCase):
    def test_only_what_has_a_device(self) -> None:
        for name, number, has_device in (
            ('sda', '8:0', True),
            ('nvme0n1', '259:0', True),
            ('sr0', '11:0', True),
            ('dm-0', '253:0', False),
            ('loop0', '7:0', False),
            ('zram0', '252:0', False),
        ):
            self.write(f'{name}/dev', f'{number}\n')
            if has_device:
                (self.root / name / 'device').mkdir()
        # One path of several to a disk has a device and no number.
        (self.root / 'nvme0c0n1/device').mkdir(parents=True)
        self.assertEqual(('259:0', '8:0'), disk.whole_disks(self.root))
        self.assertEqual((), disk.whole_disks(self.root / 'none'))


class V1Test(trees.TreeCase):
    def setUp(self) -> None:
        super().setUp()
        self.v1('cpu', 'blkio')
        self.group()
        self.disks = [DISK]
        self.guests = disk.GuestDisks(
            cgroup.find(self.root), NAME, lambda: self.disks
        )

    def group(self, name: str = '', tasks: str = '') -> None:
        for file in io_files.V1.names:
            self.write(f'blkio/{NAME}/{name}/{file}')
        self.write(f'blkio/{NAME}/{name}/cgroup.procs', tasks)

    def limits(self, name: str = '') -> list[str]:
        folder = f'blkio/{NAME}/{name}'
        return [self.read(f'{folder}/{file}') for file in io_files.V1.names]

    def test_each_guest_gets_a_part(self) -> None:
        self.group('a', '42\n')
        self.group('b', '43\n')
        self.group('b/inner', '')
        self.guests.apply(SLOW)
        part = [f'{DISK} 333', f'{DISK} 333', f'{DISK} 3', f'{DISK} 3']
        for name in ('a', 'b', 'b/inner'):
            self.assertEqual(part, self.limits(name))
        # Nothing runs in the group itself.
        self.assertEqual([f'{DISK} 0'] * 4, self.limits())
        self.assertEqual(SLOW, self.guests.current())

    def test_guest_that_comes_later_is_seen_and_held(self) -> None:
        self.group('a', '42\n')
        self.guests.apply(SLOW)
        self.group('late', '43\n')
        self.assertEqual(DiskTarget(), self.guests.current())
        self.guests.apply(SLOW)
        self.assertEqual(f'{DISK} 500', self.limits('late')[0])
        self.assertEqual(f'{DISK} 500', self.limits('a')[0])
        self.assertEqual(SLOW, self.guests.current())

    def test_disk_that_is_plugged_in_is_seen(self) -> None:
        self.guests.apply(SLOW)
        self.disks.append('8:16')
        self.assertEqual(DiskTarget(), self.guests.current())

    def test_part_is_never_nothing(self) -> None:
        for name in 'abc':
            self.group(name, '42\n')
        self.guests.apply(DiskTarget(operations_per_s=2))
        # 0 would lift the limit.
        self.assertEqual(f'{DISK} 1', self.limits('a')[2])
        self.assertEqual(f'{DISK} 0', self.limits('a')[0])

    def test_release(self) -> None:
        self.guests.apply(SLOW)
        self.group('a', '42\n')
        self.guests.release()
        for name in ('', 'a'):
            self.assertEqual([f'{DISK} 0'] * 4, self.limits(name))

    def test_guest_that_goes_in_between(self) -> None:
        self.group('a', '42\n')
        write_text = pathlib.Path.write_text

        def racing(path: pathlib.Path, text: str) -> int:
            if path.parent.name == 'a':
                raise OSError(errno.ENODEV, 'gone')
            return write_text(path, text)

        with mock.patch.object(pathlib.Path, 'write_text', racing):
            self.guests.apply(DiskTarget())

    def test_refusal_is_told(self) -> None:
        refusal = OSError(errno.EPERM, 'no')
        with (
            mock.patch.object(pathlib.Path, 'write_text', side_effect=refusal),
            self.assertRaises(exception.MechanismFailed) as caught,
        ):
            self.guests.apply(SLOW)
        self.assertIn('blkio.throttle', str(caught.exception))
        self.assertIn(NAME, str(caught.exception))

    def test_no_controller(self) -> None:
        tree = cgroup.Tree(1, {'cpu': self.root / 'cpu'})
        guests = disk.GuestDisks(tree, NAME, lambda: [DISK])
        with self.assertRaises(exception.MechanismFailed) as caught:
            guests.apply(SLOW)
        self.assertIn('--prepare', str(caught.exception))
        guests.apply(DiskTarget())
        self.assertEqual(DiskTarget(), guests.current())

    def test_lowest_weight(self) -> None:
        tree = cgroup.find(self.root)
        self.assertEqual((), disk.lowest_weight(tree, NAME))
        file = self.write(f'blkio/{NAME}/blkio.bfq.weight', '100\n')
        taken = disk.lowest_weight(tree, NAME)
        self.assertEqual(('blkio.bfq.weight',), taken)
        self.assertEqual('1', file.read_text())


class V2Test(trees.TreeCase):
    def setUp(self) -> None:
        super().setUp()
        self.v2_group()
        self.file = self.write(f'{NAME}/io.max')
        self.disks = [DISK]
        self.guests = disk.GuestDisks(
            cgroup.find(self.root), NAME, lambda: self.disks
        )

    def test_apply_and_current(self) -> None:
        for target, text in (
            (SLOW, 'rbps=1000 wbps=1000 riops=10 wiops=10'),
            (DiskTarget(5), 'rbps=5 wbps=5 riops=max wiops=max'),
            (DiskTarget(), 'rbps=max wbps=max riops=max wiops=max'),
        ):
            self.guests.apply(target)
            self.assertEqual(f'{DISK} {text}', self.file.read_text())
            self.assertEqual(target, self.guests.current())

    def test_current_shows_what_others_wrote(self) -> None:
        self.guests.apply(SLOW)
        for text, found in (
            ('rbps=9 wbps=1000 riops=10 wiops=10', DiskTarget(9, 10)),
            ('rbps=9 wbps=max riops=10 wiops=10', DiskTarget(None, 10)),
            ('rbps=1000 wbps=1000 riops=7 wiops=8', DiskTarget(1000, 8)),
        ):
            self.file.write_text(f'{DISK} {text}\n8:16 rbps=3 wbps=max\n')
            self.assertEqual(found, self.guests.current())
        self.file.write_text('')
        self.assertEqual(DiskTarget(), self.guests.current())

    def test_guests_below_are_inside(self) -> None:
        (self.root / NAME / 'machine.scope').mkdir()
        self.guests.apply(SLOW)
        self.assertEqual(SLOW, self.guests.current())

    def test_unreadable_is_told(self) -> None:
        self.guests.apply(SLOW)
        self.file.write_text(f'{DISK} rbps=many\n')
        with self.assertRaises(exception.MechanismFailed):
            self.guests.current()

    def test_lowest_weight(self) -> None:
        self.write(f'{NAME}/io.weight', 'default 100\n')
        taken = disk.lowest_weight(cgroup.find(self.root), NAME)
        self.assertEqual(('io.weight',), taken)
        self.assertEqual('1', self.read(f'{NAME}/io.weight'))
