# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from sandbox import layout, testing

EXAMPLE = """
import unittest
class Example(unittest.TestCase):
    def test_fails(self):
        self.assertEqual('the reason', '')
    def test_passes(self):
        pass
"""


class StestrTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        package = pathlib.Path(folder) / 'tests' / 'example'
        package.mkdir(parents=True)
        for path in (package.parent, package):
            (path / '__init__.py').touch()
        (package / 'test_it.py').write_text(EXAMPLE)
        self.enterContext(
            mock.patch.object(layout, 'SOURCE', pathlib.Path(folder))
        )
        self.enterContext(
            mock.patch.object(
                testing, 'BIN', pathlib.Path(sys.executable).parent
            )
        )
        self.enterContext(mock.patch('builtins.print'))

    def test_what_failed_is_kept_with_its_reason(self) -> None:
        count = testing.stestr('example')
        self.assertEqual(
            (1, 1, 0), (count.passed, count.failed, count.skipped)
        )
        (reason,) = count.reasons
        self.assertIn('Example.test_fails', reason)
        self.assertIn('the reason', reason)
        self.assertNotIn('test_passes', reason)
        folder, name, _ = reason.split('\n', 2)
        self.assertEqual('./tests/example', folder)
        self.assertTrue(name.endswith('Example.test_fails'), name)

    def test_a_folder_that_cannot_be_read_has_failed(self) -> None:
        count = testing.stestr('example_that_is_not')
        self.assertEqual((0, 1), (count.passed, count.failed))
        self.assertTrue(count.reasons)


class SingleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(mock.patch('builtins.print'))

    def test_output_of_what_failed_is_kept(self) -> None:
        count = testing.single('sh', '-c', 'echo the reason; exit 3')
        self.assertEqual((0, 1), (count.passed, count.failed))
        self.assertIn('\nthe reason\n', count.reasons[0])

    def test_what_passed_has_no_reason(self) -> None:
        self.assertEqual(testing.Count(passed=1), testing.single('true'))
