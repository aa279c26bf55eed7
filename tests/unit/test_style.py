# SPDX-License-Identifier: Apache-2.0
"""The figures and habits that keep the tree easy to read."""

import ast
import pathlib
import statistics
import subprocess
import unittest
from collections.abc import Iterator

from tests.unit import source_trees

ROOT = pathlib.Path(__file__).parents[2]
SPDX = 'SPDX-License-Identifier: Apache-2.0'
SUFFIXES = ('.py', '.sh', '.cfg', '.toml')

FILE_MEDIAN_LINES = 100
FILE_P90_LINES = 250
FUNCTION_MAX_LINES = 50
NESTING_MAX = 3

BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def files() -> list[pathlib.Path]:
    """Give the files that git holds, or would take, in this tree."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '-co', '--exclude-standard'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.split('\0') if name]
    return [path for path in paths if path.is_file()]


def needs_spdx(path: pathlib.Path) -> bool:
    """Say whether a file is source: by its name, or by its first line."""
    if path.suffix in SUFFIXES:
        return True
    return path.read_bytes().startswith(b'#!')


def has_spdx(text: str) -> bool:
    """Say whether the licence is on top, after ``#!`` at most."""
    lines = text.splitlines()[:2]
    if lines and not lines[0].startswith('#!'):
        lines = lines[:1]
    return any(SPDX in line for line in lines)


def modules() -> Iterator[tuple[pathlib.Path, ast.Module]]:
    """Give the parsed modules of the package."""
    for path in sorted((ROOT / 'nova_desktop').rglob('*.py')):
        yield path, source_trees.parse(path.read_text())


def functions(tree: ast.Module) -> Iterator[ast.AST]:
    """Give the functions of a module, those within others too."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            yield node


def length(function: ast.AST) -> int:
    """Count a function's lines."""
    return function.end_lineno - function.lineno + 1


def _is_elif(parent: ast.AST, child: ast.AST) -> bool:
    return (
        isinstance(parent, ast.If)
        and isinstance(child, ast.If)
        and parent.orelse == [child]
    )


def nesting(node: ast.AST) -> int:
    """Count the deepest blocks within blocks; ``elif`` is no deeper."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            continue
        is_block = isinstance(child, BLOCKS) and not _is_elif(node, child)
        deepest = max(deepest, is_block + nesting(child))
    return deepest


def _catches_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    names = {
        ast.unparse(name)
        for name in ast.walk(handler.type)
        if isinstance(name, ast.Name)
    }
    return bool(names & {'Exception', 'BaseException'})


def _calls(node: ast.AST) -> set[str]:
    return {
        ast.unparse(child.func)
        for child in ast.walk(node)
        if isinstance(child, ast.Call)
    }


def _logs(node: ast.AST) -> bool:
    return any(name.startswith('LOG.') for name in _calls(node))


def _tells(handler: ast.ExceptHandler, reporters: set[str]) -> bool:
    raises = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    named = {name.rpartition('.')[2] for name in _calls(handler)}
    return raises or _logs(handler) or bool(named & reporters)


def silent_handlers(tree: ast.Module) -> list[int]:
    """Give the lines where everything is caught and nothing is told.

    A handler tells by raising, by logging, or by calling a function of its
    own module that logs.
    """
    reporters = {each.name for each in functions(tree) if _logs(each)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and _catches_all(node)
        and not _tells(node, reporters)
    ]


class LicenceTest(unittest.TestCase):
    def test_spdx_is_on_top(self) -> None:
        sources = [path for path in files() if needs_spdx(path)]
        self.assertGreater(len(sources), 10)
        bare = [
            str(path.relative_to(ROOT))
            for path in sources
            if not has_spdx(path.read_text())
        ]
        self.assertEqual([], bare)

    def test_is_seen_missing(self) -> None:
        self.assertFalse(has_spdx('import os\n'))
        self.assertFalse(has_spdx(f'import os\n# {SPDX}\n'))
        self.assertFalse(has_spdx(''))
        self.assertTrue(has_spdx(f'#!/bin/bash\n# {SPDX}\n'))


class FiguresTest(unittest.TestCase):
    def test_files(self) -> None:
        counts = [
            len(path.read_text().splitlines())
            for path, tree in modules()
            if tree.body[1:] or path.name != '__init__.py'
        ]
        self.assertLessEqual(statistics.median(counts), FILE_MEDIAN_LINES)
        p90 = statistics.quantiles(counts, n=10, method='inclusive')[-1]
        self.assertLessEqual(p90, FILE_P90_LINES, sorted(counts))

    def test_functions(self) -> None:
        long = [
            f'{path.relative_to(ROOT)}:{function.name} {length(function)}'
            for path, tree in modules()
            for function in functions(tree)
            if length(function) > FUNCTION_MAX_LINES
        ]
        self.assertEqual([], long)

    def test_nesting(self) -> None:
        deep = [
            f'{path.relative_to(ROOT)}:{function.name} {nesting(function)}'
            for path, tree in modules()
            for function in functions(tree)
            if nesting(function) > NESTING_MAX
        ]
        self.assertEqual([], deep)

    def test_nesting_is_counted(self) -> None:
        text = 'for a in b:\n with c:\n  if d:\n   pass\n  elif e:\n   pass\n'
        self.assertEqual(3, nesting(source_trees.parse(text)))
        self.assertEqual(
            4,
            nesting(source_trees.parse(text.replace('pass', 'while f: pass'))),
        )


class HandlersTest(unittest.TestCase):
    def test_none_is_silent(self) -> None:
        silent = [
            f'{path.relative_to(ROOT)}:{line}'
            for path, tree in modules()
            for line in silent_handlers(tree)
        ]
        self.assertEqual([], silent)

    def test_silence_is_seen(self) -> None:
        body = 'try:\n f()\nexcept {}:\n {}\n'
        reporter = 'def complain(self):\n LOG.warning("lost")\n'
        for caught in ('Exception', '(OSError, BaseException)', ''):
            tree = source_trees.parse(body.format(caught, 'pass'))
            self.assertEqual([3], silent_handlers(tree), caught)
        for told in ('LOG.exception("lost")', 'raise', 'self.complain()'):
            tree = source_trees.parse(
                body.format('Exception', told) + reporter
            )
            self.assertEqual([], silent_handlers(tree), told)
