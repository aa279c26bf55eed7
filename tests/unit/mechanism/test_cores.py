# SPDX-License-Identifier: Apache-2.0
"""The guests' CPUs on fake trees of both versions."""

import errno
import os
import pathlib
import shutil
from unittest import mock

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, cores, cpuset, notes
from nova_desktop.model import CoreTarget
from tests.unit.mechanism import trees

NAME = trees.NAME
GROUP = f'cpuset/{NAME}'


class ListTest(trees.TreeCase):
    def test_both_ways(self) -> None:
        for text, cpus in (
            ('\n', set()),
            ('3\n', {3}),
            ('0-2,7\n', {0, 1, 2, 7}),
        ):
            self.assertEqual(cpus, cpuset.parse(text))
            self.assertEqual(cpus, cpuset.parse(cpuset.render(cpus)))
        with self.assertRaises(ValueError):
            cpuset.parse('some')


class V1Case(trees.TreeCase):
    """Cpusets that refuse what the kernel refuses."""

    def setUp(self) -> None:
        super().setUp()
        self.v1('cpu', 'cpuset')
        self.write('cpuset/cpuset.cpus', '0-3\n')
        self.group()
        self.guests = cores.GuestCores(cgroup.find(self.root), NAME)
        self.write_text = pathlib.Path.write_text
        patched = mock.patch.object(
            pathlib.Path, 'write_text', lambda *told: self.kernel(*told)
        )
        self.addCleanup(patched.stop)
        patched.start()

    def kernel(self, path: pathlib.Path, text: str) -> int:
        wanted = cpuset.parse(text)
        if not wanted <= cpuset.read(path.parents[1]):
            raise OSError(errno.EACCES, 'beyond the parent')
        for child in path.parent.glob('*/cpuset.cpus'):
            if not cpuset.read(child.parent) <= wanted:
                raise OSError(errno.EBUSY, 'below a child')
        return self.write_text(path, text)

    def group(self, name: str = '', cpus: str = '0-3') -> None:
        folder = self.root / GROUP / name
        folder.mkdir(parents=True)
        with (folder / 'cpuset.cpus').open('w') as file:
            file.write(f'{cpus}\n')

    def cpus(self, name: str = '') -> list[int]:
        return sorted(cpuset.read(self.root / GROUP / name))


class V1Test(V1Case):
    def test_apply_and_current(self) -> None:
        for target, found in (
            ((2, 3), [2, 3]),
            ((0,), [0]),
            (None, [0, 1, 2, 3]),
            ((1, 2), [1, 2]),
        ):
            self.guests.apply(CoreTarget(target))
            self.assertEqual(found, self.cpus())
            self.assertEqual(CoreTarget(target), self.guests.current())

    def test_children_follow_and_keep_what_is_theirs(self) -> None:
        self.group('free')
        self.group('free/vcpu0')
        self.group('pinned', '0-1')
        self.group('pinned/vcpu0', '0')
        for target, free, pinned, vcpu in (
            ((1, 2), [1, 2], [1], [1]),
            ((3,), [3], [3], [3]),
            ((0, 1), [0, 1], [0, 1], [0]),
            (None, [0, 1, 2, 3], [0, 1], [0]),
        ):
            self.guests.apply(CoreTarget(target))
            self.assertEqual(free, self.cpus('free'))
            self.assertEqual(free, self.cpus('free/vcpu0'))
            self.assertEqual(pinned, self.cpus('pinned'))
            self.assertEqual(vcpu, self.cpus('pinned/vcpu0'))

    def test_guest_that_came_while_held_gets_all_back(self) -> None:
        self.guests.apply(CoreTarget((1,)))
        self.group('late', '1')
        self.assertEqual(CoreTarget((1,)), self.guests.current())
        self.guests.apply(CoreTarget((2,)))
        self.assertEqual([2], self.cpus('late'))
        self.guests.release()
        self.assertEqual([0, 1, 2, 3], self.cpus('late'))

    def test_another_agent_gives_back_what_a_killed_one_took(self) -> None:
        self.group('pinned', '0-1')
        self.group('free')
        self.guests.apply(CoreTarget((3,)))
        self.guests = cores.GuestCores(cgroup.find(self.root), NAME)
        self.assertEqual(CoreTarget((3,)), self.guests.current())
        self.guests.apply(CoreTarget())
        self.assertEqual([0, 1], self.cpus('pinned'))
        self.assertEqual([0, 1, 2, 3], self.cpus('free'))
        # What is noted no longer is forgotten: the guest may be pinned anew.
        self.assertIsNone(notes.recall(self.root / GROUP / 'pinned', 'cpus'))

    def test_without_notes_guests_are_held_all_the_same(self) -> None:
        self.group('free')
        refusal = OSError(errno.EOPNOTSUPP, 'no notes here')
        with mock.patch.object(os, 'setxattr', side_effect=refusal):
            self.guests.apply(CoreTarget((3,)))
        self.assertEqual([3], self.cpus('free'))
        self.guests.apply(CoreTarget())
        self.assertEqual([0, 1, 2, 3], self.cpus('free'))

    def test_guest_that_comes_in_between(self) -> None:
        self.group('early')
        kernel, late = self.kernel, ['late']

        def racing(path: pathlib.Path, text: str) -> int:
            if path.parent == self.root / GROUP and late:
                self.group(late.pop())
            return kernel(path, text)

        self.kernel = racing
        self.guests.apply(CoreTarget((1,)))
        self.assertEqual(([1], [1]), (self.cpus('early'), self.cpus('late')))

    def test_guest_that_goes_in_between(self) -> None:
        self.group('early')
        kernel = self.kernel

        def racing(path: pathlib.Path, text: str) -> int:
            if path.parent.name == 'early':
                shutil.rmtree(path.parent)
                raise OSError(errno.ENODEV, 'gone')
            return kernel(path, text)

        self.kernel = racing
        self.guests.apply(CoreTarget((1,)))
        self.assertEqual([1], self.cpus())

    def test_current_shows_what_others_wrote(self) -> None:
        self.guests.apply(CoreTarget((1,)))
        self.write_text(self.root / GROUP / 'cpuset.cpus', '1-2\n')
        self.assertEqual(CoreTarget((1, 2)), self.guests.current())
        self.write_text(self.root / GROUP / 'cpuset.cpus', '0-3\n')
        self.assertEqual(CoreTarget(), self.guests.current())

    def test_cpu_that_is_offline(self) -> None:
        self.guests.apply(CoreTarget((3, 9)))
        self.assertEqual([3], self.cpus())
        self.assertEqual(CoreTarget((3, 9)), self.guests.current())
        for none_left in ((), (9,)):
            with self.assertRaises(exception.MechanismFailed):
                self.guests.apply(CoreTarget(none_left))
        self.assertEqual([3], self.cpus())


class WithoutTest(trees.TreeCase):
    def test_no_controller(self) -> None:
        self.v1('cpu')
        guests = cores.GuestCores(cgroup.find(self.root), NAME)
        with self.assertRaises(exception.MechanismFailed) as caught:
            guests.apply(CoreTarget((1,)))
        self.assertIn('controller cpuset', str(caught.exception))
        # To hold nobody needs nothing.
        guests.apply(CoreTarget())
        self.assertEqual(CoreTarget(), guests.current())
        guests.release()


class V2Test(trees.TreeCase):
    def setUp(self) -> None:
        super().setUp()
        self.v2_group()
        self.write('cpuset.cpus.effective', '0-3\n')
        self.write(f'{NAME}/cpuset.cpus', '\n')
        self.effective = self.write(f'{NAME}/cpuset.cpus.effective', '0-3\n')
        self.guests = cores.GuestCores(cgroup.find(self.root), NAME)

    def test_apply_and_current(self) -> None:
        self.effective.write_text('1-2\n')
        self.guests.apply(CoreTarget((1, 2)))
        written = (self.root / NAME / 'cpuset.cpus').read_text()
        self.assertEqual('1,2\n', written)
        self.effective.write_text('0-3\n')
        self.assertEqual(CoreTarget(), self.guests.current())
        self.guests.apply(CoreTarget())
        # Without the line's end nothing would be written at all.
        written = (self.root / NAME / 'cpuset.cpus').read_text()
        self.assertEqual('\n', written)

    def test_kernel_that_takes_no_empty_set_while_guests_run(self) -> None:
        write = pathlib.Path.write_text

        def refuse(path: pathlib.Path, text: str) -> int:
            if not text.strip():
                raise OSError(errno.ENOSPC, 'as the kernel says')
            return write(path, text)

        with mock.patch.object(pathlib.Path, 'write_text', refuse):
            self.guests.apply(CoreTarget())
        written = (self.root / NAME / 'cpuset.cpus').read_text()
        self.assertEqual('0,1,2,3\n', written)

    def test_not_in_force(self) -> None:
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.guests.apply(CoreTarget((1,)))
        self.assertIn(NAME, str(caught.exception))

    def test_none_online_would_be_every_cpu(self) -> None:
        with self.assertRaises(exception.MechanismFailed):
            self.guests.apply(CoreTarget((7,)))
        written = (self.root / NAME / 'cpuset.cpus').read_text()
        self.assertEqual('\n', written)
