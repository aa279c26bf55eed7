# SPDX-License-Identifier: Apache-2.0
"""Leaving nothing behind."""

import shutil

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, noop, removal
from tests.unit.mechanism import trees


class Told(noop.NoopSlice):
    """Notes that it was released, and what was there then."""

    def __init__(self, case: trees.TreeCase) -> None:
        super().__init__()
        self._group = case.root / 'cpu/guests'
        self.found: list[bool] = []

    def release(self) -> None:
        self.found.append(self._group.is_dir())


class RemovalTest(trees.TreeCase):
    def setUp(self) -> None:
        super().setUp()
        self.v1('cpu', 'memory')
        self.tree = cgroup.find(self.root)
        cgroup.create(self.tree, 'guests')
        self.rung = Told(self)

    def remove(self) -> None:
        removal.remove(self.tree, 'guests', [self.rung])

    def test_released_then_removed(self) -> None:
        # What libvirt could not take away any more when it was killed.
        (self.root / 'memory/guests/qemu-1/emulator').mkdir(parents=True)
        self.remove()
        self.assertEqual([True], self.rung.found)
        self.assertFalse((self.root / 'cpu/guests').exists())
        self.assertFalse((self.root / 'memory/guests').exists())
        self.remove()
        self.assertEqual([True, False], self.rung.found)

    def test_guests_that_run_are_held_on(self) -> None:
        self.write('memory/guests/qemu-1/cgroup.procs', '42\n')
        with self.assertRaises(exception.MechanismFailed) as caught:
            self.remove()
        self.assertIn('qemu-1', str(caught.exception))
        self.assertEqual([], self.rung.found)
        self.assertTrue((self.root / 'cpu/guests').is_dir())
        shutil.rmtree(self.root / 'memory/guests/qemu-1')
        self.remove()
        self.assertEqual([True], self.rung.found)
