# SPDX-License-Identifier: Apache-2.0
"""Finding and making groups."""

from nova_desktop import exception
from nova_desktop.mechanism import cgroup
from tests.unit.mechanism import trees


class FindTest(trees.TreeCase):
    def test_v1_takes_what_is_mounted(self) -> None:
        self.v1('cpu', 'cpuset', 'unified')
        tree = cgroup.find(self.root)
        self.assertEqual(1, tree.version)
        self.assertEqual({'cpu', 'cpuset', 'unified'}, set(tree.parents))

    def test_v2(self) -> None:
        self.write('cgroup.controllers', 'cpu')
        self.write('cgroup.procs')
        tree = cgroup.find(self.root)
        self.assertEqual(2, tree.version)
        self.assertEqual(self.root / 'x', tree.group('x'))

    def test_nothing_mounted(self) -> None:
        with self.assertRaises(exception.CgroupMissing) as caught:
            cgroup.find(self.root)
        self.assertIn(str(self.root / 'cpu'), str(caught.exception))
        self.assertIn('[sensing] cgroup_root', str(caught.exception))

    def test_parent_missing_in_one_names_it(self) -> None:
        self.v1('cpu', 'memory')
        (self.root / 'cpu/host').mkdir()
        with self.assertRaises(exception.CgroupMissing) as caught:
            cgroup.find(self.root, 'host')
        self.assertIn('controller memory', str(caught.exception))
        self.assertIn('[slice] parent', str(caught.exception))

    def test_name_follows_systemd(self) -> None:
        name = cgroup.directory_name('guests', self.root)
        self.assertEqual('guests.slice', name)
        name = cgroup.directory_name('guests', self.root / 'none')
        self.assertEqual('guests.partition', name)


class CreateTest(trees.TreeCase):
    def test_makes_all_and_fills_cpuset(self) -> None:
        self.v1('cpu', 'memory', 'cpuset')
        tree = cgroup.find(self.root)
        (self.root / 'cpuset/guests').mkdir()
        self.write('cpuset/guests/cpuset.cpus', '1\n')
        self.write('cpuset/guests/cpuset.mems', '\n')
        cgroup.create(tree, 'guests')
        self.assertTrue((self.root / 'memory/guests').is_dir())
        self.assertEqual('1', self.read('cpuset/guests/cpuset.cpus'))
        self.assertEqual('0', self.read('cpuset/guests/cpuset.mems'))

    def test_blocked_names_the_controller(self) -> None:
        self.v1('cpu', 'memory')
        tree = cgroup.find(self.root)
        self.write('memory/guests', 'a file is in the way')
        with self.assertRaises(exception.CgroupMissing) as caught:
            cgroup.create(tree, 'guests')
        self.assertIn('controller memory', str(caught.exception))

    def test_remove(self) -> None:
        self.v1('cpu', 'memory')
        tree = cgroup.find(self.root)
        cgroup.create(tree, 'guests')
        cgroup.remove(tree, 'guests')
        cgroup.remove(tree, 'guests')
        self.assertFalse((self.root / 'cpu/guests').exists())

    def test_remove_refuses_what_is_in_use(self) -> None:
        self.v1('cpu')
        tree = cgroup.find(self.root)
        cgroup.create(tree, 'guests')
        (self.root / 'cpu/guests/qemu-1').mkdir()
        with self.assertRaises(exception.MechanismFailed) as caught:
            cgroup.remove(tree, 'guests')
        self.assertIn('migrate', str(caught.exception))
