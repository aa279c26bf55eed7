# SPDX-License-Identifier: Apache-2.0
"""The agent's options: bad values, and what becomes of good ones."""

import pathlib
import tempfile
import unittest

from nova_desktop.agent import limits
from nova_desktop.conf import agent
from nova_desktop.policy import cap, ladder, presence


class OptionsTest(unittest.TestCase):
    def parse(self, text: str) -> tuple[agent.Conf, str]:
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write(text)
            file.flush()
            conf = agent.new()
            return conf, agent.parse(conf, ['--config-file', file.name])

    def test_bad_values_are_named(self) -> None:
        for text, name, allowed in (
            ('[agent]\ntick_s = 0', "[agent] tick_s = '0'", '0.05'),
            ('[agent]\nuse_own_group = x', '[agent] use_own_group', 'bool'),
            ('[sensing]\nrequired = nose', '[sensing] required', 'sessions'),
            ('[presence]\naway_after_s = ?', '[presence] away_after_s', '?'),
            ('[cap]\nactive_cpu = 1.1', '[cap] active_cpu', '1'),
            ('[cap]\naway_cpu = 0.4', '[cap] idle_cpu = 0.5', 'away_cpu'),
            (
                '[cap]\nunknown_memory=.6',
                '[cap] unknown_memory',
                'idle_memory',
            ),
            ('[slice]\nparent = ../up', '[slice] parent', 'regex'),
            ('[slice]\nname = a-b', '[slice] name', 'regex'),
        ):
            with self.subTest(text=text):
                _, problem = self.parse(text)
                self.assertIn(name, problem)
                self.assertIn('is not valid', problem)
                self.assertIn(allowed, problem)
                self.assertNotIn('\n', problem)

    def test_no_file(self) -> None:
        problem = agent.parse(agent.new(), ['--config-file', '/nowhere'])
        self.assertIn('/nowhere', problem)

    def test_defaults_are_those_of_the_policies(self) -> None:
        conf, problem = self.parse('')
        self.assertEqual('', problem)
        found = limits.read(conf)
        self.assertEqual(presence.PresenceLimits(), found.presence)
        self.assertEqual(cap.CapShares(), found.shares)
        self.assertEqual(cap.CapLimits(), found.cap)
        self.assertEqual(ladder.LadderLimits(), found.ladder)

    def test_every_number_reaches_its_threshold(self) -> None:
        conf, _ = self.parse('')
        for name in presence.PresenceLimits.__dataclass_fields__:
            group = 'sensing' if name == 'required' else 'presence'
            other = {
                'required': ['load'],
                'remote_counts': False,
                'pointer_windows_needed': 7,
                'demand_pressure': 0.7,
                'demand_io_pressure': 0.6,
                'demand_memory_pressure': 0.3,
                'demand_memory_available': 0.4,
                'demand_gpu': 0.2,
            }.get(name, 7.25)
            conf.set_override(name, other, group)
        found = limits.read(conf).presence
        self.assertEqual(('load',), found.required)
        self.assertFalse(found.remote_counts)
        self.assertEqual(7, found.pointer_windows_needed)
        self.assertEqual(0.7, found.demand_pressure)
        self.assertEqual(0.6, found.demand_io_pressure)
        self.assertEqual(0.3, found.demand_memory_pressure)
        self.assertEqual(0.4, found.demand_memory_available)
        self.assertEqual(0.2, found.demand_gpu)
        numbers = [
            getattr(found, name)
            for name in presence.PresenceLimits.__dataclass_fields__
        ]
        self.assertEqual(7, numbers.count(7.25))

    def test_help_is_there(self) -> None:
        for group, options in agent.list_opts():
            for option in options:
                self.assertGreater(len(option.help or ''), 40, option.name)
                self.assertEqual(option.name, option.dest, group)

    def test_capacity(self) -> None:
        capacity = limits.capacity()
        self.assertGreaterEqual(capacity.cpus, 1)
        text = pathlib.Path('/proc/meminfo').read_text()
        total_mib = int(text.split()[1]) // 1024
        self.assertAlmostEqual(total_mib, capacity.memory_mib, delta=1)
