# SPDX-License-Identifier: Apache-2.0
"""Every situation that the documentation tells of names a test that exists."""

import ast
import pathlib
import re
import unittest

from tests.unit import source_trees

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / 'doc/source/situations.rst'
SITUATIONS_MIN = 20
COLUMNS = 5
_ID = re.compile(r'``(tests\.[\w.]+)``$')


def rows(text: str) -> list[list[str]]:
    """Give the cells of the first table, without its head."""
    table = text.partition('.. list-table::')[2].partition('\n\n\n')[0]
    body = table.partition('* - ')[2]
    body = re.split(r'\n\n(?=\S)', body)[0]
    return [
        [' '.join(cell.split()) for cell in row.split('\n     - ')]
        for row in body.split('\n   * - ')
    ][1:]


def has_test(name: str) -> bool:
    """Say whether a test of that id is written down."""
    module, test_class, method = name.rsplit('.', 2)
    path = ROOT / (module.replace('.', '/') + '.py')
    if not path.exists():
        return False
    return any(
        isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and each.name == method
        for node in source_trees.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == test_class
        for each in node.body
    )


class SituationsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.rows = rows(PAGE.read_text())

    def test_there_are_enough_and_each_row_is_whole(self) -> None:
        self.assertGreaterEqual(len(self.rows), SITUATIONS_MIN)
        for row in self.rows:
            self.assertEqual(COLUMNS, len(row), row)
            self.assertTrue(all(row), row)

    def test_each_names_a_test_that_exists(self) -> None:
        missing = []
        for row in self.rows:
            found = _ID.match(row[-1])
            if found is None or not has_test(found[1]):
                missing.append(row[-1])
        self.assertEqual([], missing)

    def test_no_situation_is_told_twice(self) -> None:
        names = [row[0] for row in self.rows]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_a_test_that_is_not_there_is_seen(self) -> None:
        here = 'tests.unit.test_situations_doc.SituationsTest.'
        self.assertTrue(
            has_test(here + 'test_a_test_that_is_not_there_is_seen')
        )
        self.assertFalse(has_test(here + 'test_nothing'))
        self.assertFalse(has_test('tests.unit.nothing.NoTest.test_a'))
