# SPDX-License-Identifier: Apache-2.0
"""The rooms of the package, and what each of them may import."""

import ast
import graphlib
import pathlib
import sys
import unittest
from collections.abc import Iterator

from tests.unit import source_trees

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = 'nova_desktop'
SHIM = 'nova.virt.desktop'

TABLE = {
    'model': '',
    'exception': '',
    'keys': 'exception',
    'conf': 'oslo_config keystoneauth1',
    'sensing': 'model exception libvirt psutil dbus_fast inotify_simple'
    ' pyudev pynvml',
    'forecasting': 'model numpy',
    'policy': 'model',
    'mechanism': 'model exception libvirt dbus_fast',
    'agent': 'model exception conf sensing forecasting policy mechanism',
    'client': 'model exception dbus_fast',
    'session': 'model exception client dbus_fast xcffib pywayland',
    'messages': 'model exception oslo_messaging',
    'reclaim': 'model exception keys conf policy messages openstack'
    ' keystoneauth1 keystonemiddleware webob oslo_policy oslo_context',
    'osc': 'model policy osc_lib keystoneauth1',
    'filters': 'model conf policy nova',
    'weighers': 'model conf policy nova',
    'virt': 'model exception keys conf client messages nova',
    'doctor': 'model exception keys conf client sensing mechanism libvirt'
    ' nova',
    'manage': 'exception policy doctor openstack keystoneauth1 nova'
    ' oslo_config',
    'cmd': 'model exception keys conf sensing forecasting policy mechanism'
    ' agent client session messages reclaim filters weighers virt doctor'
    ' manage shtab',
    SHIM: 'virt',
}
"""What each room may import besides itself and the standard library."""

SERVERS = {'agent': 'dbus_fast', 'reclaim': 'oslo_messaging'}
"""The library by which a room is reached from outside, as a server."""

WITHOUT_LOG = {
    'model',
    'exception',
    'keys',
    'forecasting',
    'policy',
    'osc',
}


def sources() -> dict[str, str]:
    """Give the text of every module of the project by its dotted name."""
    found = {SHIM: (ROOT / 'nova/virt/desktop.py').read_text()}
    for path in sorted((ROOT / PACKAGE).rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        found['.'.join(parts).removesuffix('.__init__')] = path.read_text()
    return found


def room_of(name: str) -> str:
    """Give the room of a module of ours, or the library a name is from."""
    if name == SHIM:
        return SHIM
    parts = name.split('.')
    if parts[0] == PACKAGE:
        return parts[1] if len(parts) > 1 else PACKAGE
    return parts[0]


def _base(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """Resolve what follows ``from``, relative imports too."""
    if not node.level:
        return node.module or ''
    drop = node.level - 1 if is_package else node.level
    parts = module.split('.')
    parts = parts[: len(parts) - drop]
    return '.'.join(parts + ([node.module] if node.module else []))


def _dynamic(node: ast.Call) -> Iterator[str]:
    """Give what ``importlib.import_module`` and ``__import__`` load."""
    name = ast.unparse(node.func).rpartition('.')[2]
    if name not in ('import_module', '__import__'):
        return
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant):
        yield str(first.value)
    else:
        yield '<a name known only at run time>'


def imports(module: str, text: str, modules: set[str]) -> Iterator[str]:
    """Give every name that a module imports, wherever in it."""
    is_package = any(name.startswith(module + '.') for name in modules)
    for node in ast.walk(source_trees.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package)
            for alias in node.names:
                full = f'{base}.{alias.name}'
                yield full if full in modules or base == PACKAGE else base
        elif isinstance(node, ast.Call):
            yield from _dynamic(node)


def allowed(room: str) -> set[str]:
    """Give the rooms and libraries that a room may import."""
    extra = set() if room in WITHOUT_LOG else {'oslo_log'}
    names = f'{TABLE.get(room, "")} {SERVERS.get(room, "")}'
    return {room, *names.split()} | extra


def wrong_arrows(texts: dict[str, str]) -> list[str]:
    """Name each import that the table does not allow."""
    wrong = []
    for module, text in texts.items():
        room = room_of(module)
        for name in imports(module, text, set(texts)):
            target = room_of(name)
            if target in sys.stdlib_module_names or target in allowed(room):
                continue
            wrong.append(f'{module} imports {name}')
    return wrong


def cycle(texts: dict[str, str]) -> list[str]:
    """Give one circle of imports, or nothing."""
    graph = {
        module: {
            name
            for name in imports(module, text, set(texts))
            if name in texts and name != module
        }
        for module, text in texts.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


class RoomsTest(unittest.TestCase):
    def test_every_room_is_in_the_table(self) -> None:
        rooms = {room_of(module) for module in sources()} - {PACKAGE}
        self.assertEqual(set(), rooms - set(TABLE))

    def test_only_the_arrows_of_the_table(self) -> None:
        self.assertEqual([], wrong_arrows(sources()))

    def test_no_circle(self) -> None:
        self.assertEqual([], cycle(sources()))

    def test_table_itself_has_no_circle(self) -> None:
        graph = {room: set(line.split()) for room, line in TABLE.items()}
        graphlib.TopologicalSorter(graph).prepare()


class CheckerTest(unittest.TestCase):
    """The checker sees what it is there to see."""

    def assert_caught(self, module: str, text: str, name: str) -> None:
        texts = {**sources(), module: text}
        self.assertIn(f'{module} imports {name}', wrong_arrows(texts))

    def test_plain_import(self) -> None:
        self.assert_caught(
            'nova_desktop.sensing.bad', 'import nova.conf', 'nova.conf'
        )

    def test_room_from_package(self) -> None:
        self.assert_caught(
            'nova_desktop.policy.bad',
            'from nova_desktop import exception',
            'nova_desktop.exception',
        )

    def test_inside_function(self) -> None:
        self.assert_caught(
            'nova_desktop.mechanism.bad',
            'def f():\n    from nova_desktop.conf import agent\n',
            'nova_desktop.conf.agent',
        )

    def test_for_types_only(self) -> None:
        self.assert_caught(
            'nova_desktop.forecasting.bad',
            'from typing import TYPE_CHECKING\n'
            'if TYPE_CHECKING:\n    import libvirt\n',
            'libvirt',
        )

    def test_relative(self) -> None:
        self.assert_caught(
            'nova_desktop.filters.bad',
            'from ..messages import Notice',
            'nova_desktop.messages',
        )

    def test_by_name(self) -> None:
        self.assert_caught(
            'nova_desktop.agent.bad',
            'import importlib\nimportlib.import_module("openstack")',
            'openstack',
        )

    def test_by_unknown_name(self) -> None:
        self.assert_caught(
            'nova_desktop.agent.bad',
            '__import__(name)',
            '<a name known only at run time>',
        )

    def test_log_in_pure_room(self) -> None:
        self.assert_caught(
            'nova_desktop.policy.bad', 'import oslo_log', 'oslo_log'
        )

    def test_unknown_room(self) -> None:
        self.assert_caught(
            'nova_desktop.utils',
            'from nova_desktop import model',
            'nova_desktop.model',
        )

    def test_circle(self) -> None:
        texts = {
            'nova_desktop.agent.a': 'def f():\n    from . import b',
            'nova_desktop.agent.b': 'from nova_desktop.agent.a import f',
            'nova_desktop.agent': '',
        }
        self.assertIn('nova_desktop.agent.a', cycle(texts))
