# SPDX-License-Identifier: Apache-2.0
import pathlib
import re
import string
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

import nova.conf
from oslo_config import cfg

from nova_desktop import exception
from nova_desktop.doctor.result import Result, State, exit_code
from nova_desktop.manage import settings

ROOT = pathlib.Path(__file__).parents[3]

COMPLETE = """\
[scheduler]
max_attempts = 10
enable_isolated_aggregate_filtering = true
discover_hosts_in_cells_interval = 60
[filter_scheduler]
available_filters = nova.scheduler.filters.all_filters
available_filters = nova_desktop.filters.desktop.DesktopFilter
enabled_filters = ComputeFilter,DesktopFilter
weight_classes = nova.scheduler.weights.all_weighers,nova_desktop.weighers.all_weighers
[api]
vendordata_providers = StaticJSON,DynamicJSON
vendordata_dynamic_targets = desktop@http://127.0.0.1:9890/
"""  # noqa: E501


class SettingsTest(unittest.TestCase):
    def check(self, *texts: str, workstations=None) -> dict[str, Result]:
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, text in enumerate(texts):
                path = pathlib.Path(folder, f'{number}.conf')
                path.write_text(text)
                files.append(str(path))
            found = list(settings.check(files, workstations))
        return {each.what: each for each in found}

    def state(self, group: str, option: str, value: str, **more) -> State:
        found = self.check(f'[{group}]\n{option} = {value}\n', **more)
        return found[f'[{group}] {option}'].state

    def test_complete(self) -> None:
        found = self.check(COMPLETE, workstations=1000)
        self.assertEqual({State.OK}, {each.state for each in found.values()})
        self.assertEqual(0, exit_code(found.values()))

    def test_nothing_set(self) -> None:
        found = self.check('')
        self.assertEqual(1, exit_code(found.values()))
        states = {what: each.state for what, each in found.items()}
        isolation = '[scheduler] enable_isolated_aggregate_filtering'
        self.assertEqual(State.PROBLEM, states[isolation])
        for name in ('available_filters', 'enabled_filters', 'weight_classes'):
            what = f'[filter_scheduler] {name}'
            self.assertEqual(State.PROBLEM, states[what], name)

    def test_each_tells_value_wish_and_reason(self) -> None:
        found = self.check('[scheduler]\nmax_attempts = 4\n')
        attempts = found['[scheduler] max_attempts']
        self.assertEqual('4', attempts.found)
        self.assertIn('wanted is 10 or more', attempts.remedy)
        self.assertIn('costs one', attempts.remedy)
        for each in found.values():
            self.assertTrue(each.found and each.remedy, each.what)

    def test_boundaries(self) -> None:
        ok, advice, problem = State.OK, State.ADVICE, State.PROBLEM
        for group, option, value, state in (
            ('scheduler', 'max_attempts', '1', problem),
            ('scheduler', 'max_attempts', '2', advice),
            ('scheduler', 'max_attempts', '9', advice),
            ('scheduler', 'max_attempts', '10', ok),
            ('scheduler', 'discover_hosts_in_cells_interval', '-1', advice),
            ('scheduler', 'discover_hosts_in_cells_interval', '0', ok),
            ('DEFAULT', 'shelved_offload_time', '0', ok),
            ('DEFAULT', 'shelved_offload_time', '-1', advice),
            ('DEFAULT', 'shelved_offload_time', '60', advice),
            ('DEFAULT', 'reclaim_instance_interval', '-1', ok),
            ('DEFAULT', 'reclaim_instance_interval', '60', advice),
            ('api', 'vendordata_providers', 'StaticJSON', advice),
            ('api', 'vendordata_dynamic_targets', 'desktop@', advice),
            ('api', 'vendordata_dynamic_targets', 'x@http://y', advice),
            ('api', 'vendordata_dynamic_targets', 'desktop@https://y', ok),
        ):
            with self.subTest(option=option, value=value):
                self.assertEqual(state, self.state(group, option, value))

    def test_results_against_the_number_of_workstations(self) -> None:
        option = ('scheduler', 'max_placement_results', '50')
        for count, state in (
            (None, State.SKIPPED),
            (50, State.OK),
            (51, State.PROBLEM),
        ):
            self.assertEqual(state, self.state(*option, workstations=count))

    def test_later_file_wins(self) -> None:
        found = self.check(
            '[scheduler]\nmax_attempts = 1\n', '[scheduler]\nmax_attempts = 20'
        )
        self.assertEqual('20', found['[scheduler] max_attempts'].found)

    def test_value_that_nova_would_refuse(self) -> None:
        found = self.check('[scheduler]\nmax_attempts = many\n')
        attempts = found['[scheduler] max_attempts']
        self.assertEqual(State.PROBLEM, attempts.state)
        self.assertIn('many', attempts.found)

    def test_files_that_cannot_be_read(self) -> None:
        with self.assertRaisesRegex(exception.BadValue, '/nonexistent'):
            list(settings.check(['/nonexistent']))
        with self.assertRaisesRegex(exception.BadValue, 'directory'):
            list(settings.check([str(ROOT)]))
        with self.assertRaisesRegex(exception.BadValue, 'decode'):
            list(settings.check([sys.executable]))
        with self.assertRaisesRegex(exception.BadValue, 'parse'):
            self.check('no option\n')

    def test_where_nova_looks(self) -> None:
        with (
            mock.patch.object(cfg, 'find_config_files', return_value=[]),
            self.assertRaisesRegex(exception.BadValue, '--config-file'),
        ):
            list(settings.check([]))

    def test_novas_own_options_stay_as_they_are(self) -> None:
        before = nova.conf.CONF.scheduler.max_attempts
        self.check(COMPLETE)
        self.assertEqual(before, nova.conf.CONF.scheduler.max_attempts)

    def test_the_sandbox_has_no_problem(self) -> None:
        folder = ROOT / 'sandbox/templates'
        texts = [
            string.Template((folder / name).read_text()).safe_substitute(
                credentials='', vendordata='http://127.0.0.1:9890'
            )
            for name in ('nova-common.conf', 'nova.conf')
        ]
        self.assertEqual(0, exit_code(self.check(*texts).values()))

    def test_what_the_pages_say_to_set_is_all_in_order(self) -> None:
        page = (ROOT / 'doc/source/install.rst').read_text()
        blocks = re.findall(r':: ini\n\n((?:   .*\n|\n)+)', page)
        found = self.check(*map(textwrap.dedent, blocks))
        self.assertEqual(
            {State.OK, State.SKIPPED}, {each.state for each in found.values()}
        )
