# SPDX-License-Identifier: Apache-2.0
"""What is constructed, and what is not."""

import asyncio
from unittest import mock

from nova_desktop.agent import build
from nova_desktop.conf import agent as options
from tests.unit.mechanism import trees

QUOTA = f'cpu/{trees.NAME}/cpu.cfs_quota_us'


class BuildTest(trees.TreeCase):
    def setUp(self) -> None:
        super().setUp()
        self.v1('cpu')
        self.v1_group()
        nowhere = self.root / 'nowhere'
        patch = mock.patch.object(build, 'SYSTEMD_RUN', nowhere)
        patch.start()
        self.addCleanup(patch.stop)

    def conf(self, **sections: str) -> options.Conf:
        text = ''.join(f'[{name}]\n{sections[name]}\n' for name in sections)
        text += f'[sensing]\ncgroup_root = {self.root}\n'
        conf = options.new()
        file = self.write('agent.conf', text)
        self.assertEqual('', options.parse(conf, [f'--config-file={file}']))
        return conf

    def sources(self, conf: options.Conf) -> set[str]:
        async def build_it() -> set[str]:
            return set(build.agent(conf).senses.read().health)

        return asyncio.run(build_it())

    def test_what_is_not_required_is_not_watched(self) -> None:
        dry = 'dry_run = true'
        always = {'load', 'gpu', 'helpers', 'terminals', 'power', 'network'}
        self.assertEqual(
            {'input', 'sessions', *always}, self.sources(self.conf(agent=dry))
        )
        for wanted in ('input', 'sessions'):
            conf = self.conf(agent=dry, sensing=f'required = {wanted}')
            self.assertEqual({wanted, *always}, self.sources(conf))

    def test_what_is_asked_for_is_watched(self) -> None:
        found = self.sources(
            self.conf(
                agent='dry_run = true',
                sensing='terminals = false\ngpu = false',
                apps='exclusive = blender',
            )
        )
        self.assertIn('apps', found)
        self.assertNotIn('terminals', found)
        self.assertNotIn('gpu', found)

    def test_hold(self) -> None:
        build.hold(self.conf(cap='unknown_cpu = 0.0'))
        self.assertEqual('1000', self.read(QUOTA))
        # Perhaps that was for an owner who is here.
        build.hold(self.conf())
        self.assertEqual('1000', self.read(QUOTA))

    def test_dry_run_holds_nothing(self) -> None:
        build.hold(self.conf(agent='dry_run = true'))
        self.assertEqual('-1', self.read(QUOTA))
