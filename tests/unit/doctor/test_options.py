# SPDX-License-Identifier: Apache-2.0
"""Checks of nova.conf."""

import ast
import pathlib
import unittest

from nova_desktop.doctor import options, settings
from nova_desktop.doctor.result import Result, State
from tests.unit import source_trees

ROOT = pathlib.Path(__file__).parents[3]


def given(**values: str) -> settings.Settings:
    return settings.Settings(
        {('DEFAULT', name): [value] for name, value in values.items()}
    )


def scheduler(name: str, *values: str) -> Result:
    place = ('filter_scheduler', name)
    texts = {place: list(values)} if values else {}
    return options.scheduler_option(settings.Settings(texts), name)


class ComputeDriverTest(unittest.TestCase):
    def test_right(self) -> None:
        result = options.compute_driver(
            given(compute_driver='desktop.DesktopDriver')
        )
        self.assertEqual(State.OK, result.state)

    def test_wrong_names_value_allowed_and_guess(self) -> None:
        for value in (
            'nova_desktop.virt.driver.DesktopDriver',
            'desktop.Desktopdriver',
            'DesktopDriver',
        ):
            result = options.compute_driver(given(compute_driver=value))
            self.assertEqual(State.PROBLEM, result.state, value)
            self.assertIn(repr(value), result.found)
            self.assertIn('must be desktop.DesktopDriver', result.found)
            self.assertEqual(
                'did you mean desktop.DesktopDriver?', result.remedy
            )

    def test_stock_driver_is_told_apart(self) -> None:
        result = options.compute_driver(
            given(compute_driver='libvirt.LibvirtDriver')
        )
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('stock', result.remedy)

    def test_far_off_value_gets_no_guess(self) -> None:
        result = options.compute_driver(given(compute_driver='x'))
        self.assertEqual('use desktop.DesktopDriver', result.remedy)

    def test_misspelled_option(self) -> None:
        result = options.compute_driver(
            given(compute_drivers='desktop.DesktopDriver')
        )
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('compute_drivers', result.remedy)


class SchedulerTest(unittest.TestCase):
    def test_complete(self) -> None:
        for name, (stock, ours) in options.SCHEDULER.items():
            text = ','.join(filter(None, (stock, ours)))
            self.assertEqual(State.OK, scheduler(name, text).state, name)

    def test_unset_lacks_ours(self) -> None:
        for name, (_, ours) in options.SCHEDULER.items():
            result = scheduler(name)
            self.assertEqual(State.PROBLEM, result.state, name)
            self.assertEqual(f'lacks {ours}', result.found)

    def test_ours_alone_drops_novas_own(self) -> None:
        result = scheduler('weight_classes', options.WEIGHER)
        self.assertEqual(
            'lacks nova.scheduler.weights.all_weighers', result.found
        )

    def test_available_filters_grow_line_by_line(self) -> None:
        stock, ours = options.SCHEDULER['available_filters']
        result = scheduler('available_filters', stock, ours)
        self.assertEqual(State.OK, result.state)

    def test_a_later_list_replaces_the_earlier(self) -> None:
        result = scheduler('enabled_filters', 'DesktopFilter', 'Other')
        self.assertEqual(State.PROBLEM, result.state)

    def test_misspelling_is_shown(self) -> None:
        result = scheduler('enabled_filters', 'ComputeFilter, DesktopFiltre')
        self.assertIn('DesktopFiltre', result.remedy)

    def test_names_are_those_of_the_code(self) -> None:
        for dotted in (options.FILTER, options.WEIGHER):
            module, _, name = dotted.rpartition('.')
            path = ROOT / module.replace('.', '/')
            if path.is_dir():
                path /= '__init__'
            names = [
                node.name
                for node in source_trees.parse(
                    path.with_suffix('.py').read_text()
                ).body
                if isinstance(node, ast.ClassDef | ast.FunctionDef)
            ]
            self.assertIn(name, names)


class AwayTest(unittest.TestCase):
    def test_guests_at_the_start_of_the_host(self) -> None:
        name = 'resume_guests_state_on_host_boot'
        for value, state in (('False', State.OK), ('true', State.ADVICE)):
            result = options.resumes_at_boot(given(**{name: value}))
            self.assertEqual(state, result.state)
        self.assertEqual(State.OK, options.resumes_at_boot(given()).state)

    def test_fence(self) -> None:
        for value, state in (
            ('0', State.OK),
            ('29', State.ADVICE),
            ('30', State.OK),
            ('soon', State.PROBLEM),
        ):
            place = {('desktop', 'fence_after_s'): [value]}
            result = options.fence_after(settings.Settings(place))
            self.assertEqual(state, result.state, value)
        self.assertEqual(State.OK, options.fence_after(given()).state)
