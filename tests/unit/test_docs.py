# SPDX-License-Identifier: Apache-2.0
"""What the pages say is what the code does."""

import ast
import configparser
import dataclasses
import pathlib
import re
import unittest

from nova_desktop import model
from nova_desktop.conf import agent
from nova_desktop.conf.reclaim import cost, mail, webhook
from nova_desktop.conf.reclaim import lease as lease_options
from nova_desktop.doctor import options
from nova_desktop.manage import ready_set, wants
from nova_desktop.osc import hosts
from nova_desktop.policy import lease, tolerance
from nova_desktop.reclaim import api_policy, checkpoint
from tests.unit import source_trees

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ROOT / 'doc/source'


def page(name: str) -> str:
    """Give the text of a page, with every run of blanks as one."""
    return re.sub(r'\s+', ' ', (PAGES / f'{name}.rst').read_text())


def plain(name: str) -> str:
    """Give the text of a page without its quotes."""
    return page(name).replace('``', '')


def strings(path: str) -> set[str]:
    """Give every literal text in a module."""
    tree = source_trees.parse((ROOT / path).read_text())
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def allowed(key: tolerance.Key) -> str:
    """Give what a key says of its values when it refuses one."""
    try:
        key.parse('?')
    except ValueError as error:
        return str(error)
    raise AssertionError(f'{key} takes anything')


def default(key: tolerance.Key) -> str:
    """Give a key's default as an extra spec is written."""
    [field] = [
        each
        for each in dataclasses.fields(model.Tolerance)
        if each.name == key.field
    ]
    if field.default is None:
        return 'none'
    if isinstance(field.default, tuple):
        return f'``{",".join(field.default)}``'
    return f'``{str(field.default).lower()}``'


class FlavorsTest(unittest.TestCase):
    def test_every_key_has_its_row(self) -> None:
        text = page('flavors')
        for name, key in tolerance.KEYS.items():
            row = (
                f'* - ``desktop:{name}`` - {key.effect} '
                f'- {default(key)} - {allowed(key)}'
            )
            self.assertIn(row, text)

    def test_no_row_is_left_over(self) -> None:
        rows = re.findall(r'\* - ``desktop:(\w+)`` - ', page('flavors'))
        self.assertEqual(sorted(tolerance.KEYS), sorted(rows))

    def test_checkpoint(self) -> None:
        self.assertIn(f'``{checkpoint.KEY}``', page('flavors'))
        for opt in cost.OPTS:
            self.assertIn(f'``{opt.name}``', page('flavors'))

    def test_leases(self) -> None:
        text = page('leases')
        for opt in lease_options.OPTS:
            value = f'{opt.default:g}' if opt.default else 'false'
            self.assertIn(f'* - ``{opt.name}`` - {value} - ', text)
        words = [f'desktop:{name}' for name in tolerance.LEASE_KEYS]
        for word in (*words, lease.KEY, lease.THEN_KEY):
            self.assertIn(f'* - ``{word}`` - ', text)

    def test_keys_of_the_notice(self) -> None:
        known = strings('nova_desktop/reclaim/grace.py')
        for word in ('desktop_notice', 'desktop_ack'):
            self.assertIn(word, known)
            self.assertIn(f'``{word}``', page('flavors'))


class NoticesTest(unittest.TestCase):
    def test_what_hooks_find(self) -> None:
        script = (ROOT / 'guest/nova-desktop-notice').read_text()
        given = set(re.findall(r'NOTICE_[A-Z_]+', script))
        rows = re.findall(r'\* - ``(NOTICE_\w+)`` - ', page('notices'))
        self.assertEqual(given, set(rows))

    def test_options(self) -> None:
        for opt in (*webhook.OPTS, *mail.OPTS):
            if opt.name.startswith(('smtp_host', 'mail_to', 'webhook_s')):
                self.assertIn(opt.name, page('notices'))
        for name in ('desktop_webhook', 'desktop_ack', 'desktop.at_risk'):
            self.assertIn(name, page('notices'))
        header = 'X-Nova-Desktop-Signature'
        self.assertIn(header, strings('nova_desktop/reclaim/webhook.py'))
        self.assertIn(header, page('notices'))


class ManageTest(unittest.TestCase):
    def test_flavors_of_the_ready_set(self) -> None:
        rows = [
            f'* - ``{flavor.name}`` - {flavor.vcpus} - {flavor.ram_mib} '
            f'- {flavor.disk_gib} '
            f'- ``{flavor.extra_specs["desktop:on_reclaim"]}``'
            for flavor in ready_set.FLAVORS
        ]
        self.assertIn(' '.join(rows), page('manage'))
        self.assertEqual(
            len(rows), len(re.findall(r'\* - ``desktop\.', page('manage')))
        )

    def test_each_setting_has_its_row(self) -> None:
        for want in wants.all_of(None):
            self.assertIn(
                f'* - ``[{want.group}] {want.option}`` ', page('manage')
            )
            self.assertIn(f'- {want.why}', plain('manage'))

    def test_verbs_exist(self) -> None:
        known = strings('nova_desktop/cmd/manage_words.py') | strings(
            'nova_desktop/cmd/drain_words.py'
        )
        for path in PAGES.glob('*.rst'):
            text = re.sub(r'\s+', ' ', path.read_text())
            for name in re.findall(r'nova-desktop-manage ([a-z-]+)', text):
                self.assertIn(name, known, path.name)

    def test_image_properties_that_count(self) -> None:
        read = re.findall(
            r"(?:hardware|is_on)\('(\w+)'\)",
            ''.join(
                (ROOT / f'nova_desktop/policy/{name}.py').read_text()
                for name in ('asked', 'refused')
            ),
        )
        self.assertGreater(len(read), 3)
        for name in read:
            self.assertIn(f'``hw_{name}``', page('flavors'))


class BusTest(unittest.TestCase):
    def test_every_property_and_method(self) -> None:
        names = [
            decorator.args[-1].value
            for module in ('interface', 'owner_api', 'reports')
            for node in ast.walk(
                source_trees.parse(
                    (ROOT / f'nova_desktop/agent/{module}.py').read_text()
                )
            )
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for decorator in node.decorator_list
            if isinstance(decorator, ast.Call)
        ]
        self.assertGreater(len(names), 10)
        text = page('dbus')
        for name in names:
            self.assertRegex(text, rf'(``| ){name}[ (]')


class InstallTest(unittest.TestCase):
    def test_names_for_nova_conf(self) -> None:
        text = page('install')
        for line in (
            f'compute_driver = {options.DRIVER}',
            f'available_filters = {options.FILTER}',
            f'nova.scheduler.weights.all_weighers,{options.WEIGHER}',
            ',DesktopFilter ',
        ):
            self.assertIn(line, text)

    def test_files_are_there(self) -> None:
        names = re.findall(r'\$E/([\w./-]+\w)', page('install'))
        self.assertGreater(len(names), 3)
        for name in names:
            path = ROOT / 'etc/nova_desktop' / name
            self.assertTrue(path.exists(), name)

    def test_trait(self) -> None:
        known = strings('nova_desktop/model.py')
        self.assertIn('CUSTOM_DESKTOP', known)


class OwnerTest(unittest.TestCase):
    def test_table_is_of_the_defaults(self) -> None:
        shares = {
            opt.dest: opt.default
            for group, options in agent.list_opts()
            if group == 'cap'
            for opt in options
        }
        text = page('owner')
        for words, state, cpu, memory in (
            ('all CPUs, 90 % of the memory', 'away', 1.0, 0.9),
            ('half of the CPUs and of the memory', 'idle', 0.5, 0.5),
            ('1 % of the CPUs, a quarter', 'active', 0.01, 0.25),
            ('1 % of the CPUs, a quarter', 'unknown', 0.01, 0.25),
        ):
            self.assertIn(words, text)
            self.assertEqual(cpu, shares[f'{state}_cpu'])
            self.assertEqual(memory, shares[f'{state}_memory'])
        self.assertFalse(shares['idle_admit'])

    def test_horizons(self) -> None:
        *first, last = map(str, model.HORIZONS_MIN)
        self.assertIn(f'next {", ".join(first)} and {last}', page('owner'))


class ClientTest(unittest.TestCase):
    def test_every_policy_has_its_row(self) -> None:
        rules = api_policy.list_rules()
        for rule in rules:
            self.assertIn(
                f'* - ``{rule.name}`` - ``{rule.check_str}`` '
                f'- {rule.description}',
                page('client'),
            )
            path = rule.operations[0]['path']
            self.assertIn(f'``GET {path}', page('client'))
        rows = re.findall(r'\* - ``(desktop:[\w:]+)``', page('client'))
        self.assertEqual([rule.name for rule in rules], rows)

    def test_every_column_is_told(self) -> None:
        for name in hosts.LONG_COLUMNS:
            self.assertRegex(page('client'), rf'(``|\| ){name}(``| )')

    def test_every_command(self) -> None:
        setup = configparser.ConfigParser()
        setup.read(ROOT / 'setup.cfg')
        lines = setup['entry_points']['openstack.desktop.v1'].split('\n')
        names = [line.split(' = ')[0] for line in lines if line]
        self.assertEqual(4, len(names))
        for name in names:
            words = name.replace('_', ' ')
            self.assertIn(f'$ openstack {words}', page('client'))


class CommandsTest(unittest.TestCase):
    def test_subcommands_exist(self) -> None:
        known = strings('nova_desktop/cmd/owner.py')
        for path in PAGES.glob('*.rst'):
            text = path.read_text()
            for name in re.findall(r'[$#`] ?nova-desktop ([a-z]+)', text):
                self.assertIn(name, known, path.name)

    def test_modes_of_the_agent_exist(self) -> None:
        known = strings('nova_desktop/conf/agent.py')
        for path in PAGES.glob('*.rst'):
            text = path.read_text()
            for name in re.findall(r'nova-desktop-agent --([\w-]+)', text):
                if name != 'config-file':
                    self.assertIn(name, known, path.name)
