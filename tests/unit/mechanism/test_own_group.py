# SPDX-License-Identifier: Apache-2.0
"""The agent's own group."""

from nova_desktop import exception
from nova_desktop.mechanism import cgroup, own_group
from tests.unit.mechanism import trees


class OwnGroupTest(trees.TreeCase):
    def test_v1(self) -> None:
        self.v1('cpu')
        own_group.OwnGroup(cgroup.find(self.root), 42, 'own').apply()
        self.assertEqual('262144', self.read('cpu/own/cpu.shares'))
        self.assertEqual('42', self.read('cpu/own/cgroup.procs'))

    def test_v2(self) -> None:
        self.v2_group()
        own_group.OwnGroup(cgroup.find(self.root), 42, 'own').apply()
        self.assertEqual('10000', self.read('own/cpu.weight'))

    def test_cannot_be_made(self) -> None:
        self.v1('cpu')
        self.write('cpu/own', 'a file is in the way')
        own = own_group.OwnGroup(cgroup.find(self.root), 42, 'own')
        with self.assertRaises(exception.MechanismFailed):
            own.apply()

    def test_weight_reads_back_differently(self) -> None:
        self.v1('cpu')
        own = own_group.OwnGroup(cgroup.find(self.root), 42, 'own')
        (self.root / 'cpu/own').mkdir()
        # A weight that the kernel bounds otherwise than it is written.
        (self.root / 'cpu/own/cpu.shares').symlink_to('/dev/null')
        with self.assertRaises(exception.MechanismFailed) as caught:
            own.apply()
        self.assertIn('highest weight', str(caught.exception))

    def test_release_moves_back(self) -> None:
        self.v1('cpu')
        own = own_group.OwnGroup(cgroup.find(self.root), 42, 'own')
        own.apply()
        own.release()
        self.assertEqual('42', self.read('cpu/cgroup.procs'))
