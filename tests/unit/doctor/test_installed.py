# SPDX-License-Identifier: Apache-2.0
"""Checks of what is installed."""

import importlib.metadata
import pathlib
import tempfile
import types
import unittest
from unittest import mock

from nova_desktop.doctor import installed
from nova_desktop.doctor.result import Result, State

NOVA = types.SimpleNamespace(__file__='/site/nova/__init__.py')


class VersionTest(unittest.TestCase):
    def test_series(self) -> None:
        for version, state in (
            ('34.0.0', State.OK),
            ('34.1.0.dev12', State.OK),
            ('33.2.1', State.PROBLEM),
            ('340.0', State.PROBLEM),
        ):
            result = installed.nova_version(
                lambda name, v=version: v, lambda name: NOVA
            )
            self.assertEqual(state, result.state, version)
            self.assertIn(version, result.found)

    def test_broken(self) -> None:
        def load(name: str) -> None:
            raise ImportError('no oslo')

        result = installed.nova_version(lambda name: '34.0.0', load)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('no oslo', result.found)

    def test_hidden_by_a_directory_without_init(self) -> None:
        hidden = types.SimpleNamespace(__file__=None, __path__=['/site/nova'])
        result = installed.nova_version(
            lambda name: '34.0.0', lambda name: hidden
        )
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('/site/nova', result.found)

    def test_absent(self) -> None:
        def version(name: str) -> str:
            raise importlib.metadata.PackageNotFoundError(name)

        result = installed.nova_version(version)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('34', result.remedy)


class DriverImportableTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.virt = pathlib.Path(directory.name)

    def test_missing_names_the_link_to_make(self) -> None:
        result = installed.driver_importable(self.virt)
        self.assertEqual(State.PROBLEM, result.state)
        command, option, source, target = result.remedy.split()
        self.assertEqual(['ln', '-s'], [command, option])
        self.assertTrue(pathlib.Path(source).is_file(), source)
        self.assertEqual(str(self.virt / 'desktop.py'), target)

    def test_without_nova_there_is_nothing_to_look_into(self) -> None:
        hidden = types.SimpleNamespace(__file__=None, __path__=['/x/virt'])
        with mock.patch.dict(
            'sys.modules', {'nova': hidden, 'nova.virt': hidden}
        ):
            result = installed.driver_importable()
        self.assertEqual(State.SKIPPED, result.state)
        self.assertIn('/x/virt', result.found)

    def test_there_and_imported(self) -> None:
        (self.virt / 'desktop.py').touch()
        seen: list[str] = []
        result = installed.driver_importable(self.virt, seen.append)
        self.assertEqual(State.OK, result.state)
        self.assertEqual(['nova.virt.desktop'], seen)

    def test_there_and_broken(self) -> None:
        def load(name: str) -> None:
            raise ImportError('no libvirt')

        (self.virt / 'desktop.py').touch()
        result = installed.driver_importable(self.virt, load)
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('no libvirt', result.found)


class ValidatorTest(unittest.TestCase):
    def check(self, *values: str) -> Result:
        def entry_points(group: str, name: str) -> list[object]:
            self.assertEqual('nova.api.extra_spec_validators', group)
            return [
                importlib.metadata.EntryPoint(name, value, group)
                for value in values
            ]

        return installed.validator_visible(entry_points)

    def test_visible(self) -> None:
        self.assertEqual(State.OK, self.check('json').state)

    def test_not_registered(self) -> None:
        self.assertEqual(State.PROBLEM, self.check().state)

    def test_broken(self) -> None:
        result = self.check('nonexistent_module')
        self.assertEqual(State.PROBLEM, result.state)
        self.assertIn('nonexistent_module', result.found)
