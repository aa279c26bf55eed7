# SPDX-License-Identifier: Apache-2.0
"""Whose waiting counts as the owner's."""

import itertools

from nova_desktop.agent import sources
from nova_desktop.conf import agent as options
from nova_desktop.mechanism import cgroup, own_group
from tests.unit.mechanism import trees

OTHERS = ('user.slice', 'machine.slice')
LINE = 'some avg10=0.00 avg60=0.00 avg300=0.00 total={}\n'


class WaitingTest(trees.TreeCase):
    def wait(self, directory: str, total_s: int) -> None:
        self.write(f'{directory}/cpu.pressure', LINE.format(total_s * 10**6))

    def pressure(self, parent: str, *waiting: str) -> float | None:
        """Let these groups wait for half of the time."""
        conf = options.new()
        self.assertEqual('', options.parse(conf, []))
        conf.set_override('parent', parent, 'slice')
        conf.set_override('cgroup_root', str(self.root), 'sensing')
        clock = itertools.count(0, 10)
        found = sources.construct(
            conf,
            cgroup.find(self.root, parent),
            trees.NAME,
            lambda: float(next(clock)),
        )
        found.load.sample()
        for directory in waiting:
            self.wait(directory, 5)
        found.load.sample()
        share = found.load.facts(0.0).cpu_pressure
        for directory in waiting:
            self.wait(directory, 0)
        return share

    def check(self, parent: str, directory: str) -> None:
        for group in (*OTHERS, trees.NAME, own_group.NAME, '.'):
            self.wait(f'{directory}/{group}', 0)
        nobody = (f'{directory}/{trees.NAME}', directory)
        agent = f'{directory}/{own_group.NAME}'
        self.assertEqual(0.0, self.pressure(parent, agent, *nobody))
        for group in OTHERS:
            self.assertEqual(
                0.5, self.pressure(parent, f'{directory}/{group}')
            )

    def test_version_1_has_it_in_the_unified_hierarchy(self) -> None:
        self.v1('cpu', 'unified')
        self.v1_group()
        self.check('', 'unified')

    def test_a_host_within_a_group_looks_there(self) -> None:
        self.v1('cpu', 'unified')
        for name in ('cpu', 'cpuset', 'unified'):
            (self.root / name / 'host').mkdir(exist_ok=True)
        self.check('host', 'unified/host')

    def test_version_2(self) -> None:
        self.v2_group()
        self.check('', '.')

    def test_version_1_alone_has_none(self) -> None:
        self.v1('cpu')
        self.v1_group()
        self.assertIsNone(self.pressure(''))
