# SPDX-License-Identifier: Apache-2.0
"""The DevStack plugin, with DevStack's functions replaced by recorders."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from nova_desktop.doctor import options

ROOT = pathlib.Path(__file__).parents[3]
PLUGIN = ROOT / 'devstack/plugin.sh'
SETTINGS = ROOT / 'devstack/settings'

STUBS = r"""
set -e
record() { printf '%s\n' "$*"; }
for name in iniset iniset_multiline setup_install run_process stop_process \
    pip_uninstall create_service_user configure_keystoneauth \
    iniset_rpc_backend define_plugin enable_service openstack systemctl; do
    eval "$name() { record $name \"\$@\"; }"
done
echo_summary() { :; }
iniget() { echo "$FILTERS"; }
sudo() { record sudo "$@"; if [[ $1 == rm ]]; then "$@"; fi; }
is_service_enabled() { [[ " $SERVICES " == *" $1 "* ]]; }
SYSTEMCTL='sudo systemctl'
"""


class PluginCase(unittest.TestCase):
    services = 'n-cpu n-sch n-api n-api-meta desktop-agent desktop-reclaim'

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.site = self.root / 'site-packages'
        self.checkout = self.root / 'nova'
        (self.checkout / 'nova/virt').mkdir(parents=True)
        python = self.root / 'bin/python3'
        python.parent.mkdir()
        python.write_text(f'#!/bin/sh\necho {self.site}\n')
        python.chmod(0o755)

    def run_plugin(self, *arguments: str, **variables: str) -> list[str]:
        environment = {
            'PATH': os.environ['PATH'],
            'DEST': str(self.root),
            'NOVA_DIR': str(self.checkout),
            'NOVA_BIN_DIR': str(self.root / 'bin'),
            'NOVA_CONF': '/etc/nova/nova.conf',
            'NOVA_FILTERS': 'ComputeFilter',
            'NOVA_DESKTOP_CONF_DIR': str(self.root / 'etc'),
            'NOVA_DESKTOP_UNIT_DIR': str(self.root / 'units'),
            'NOVA_DESKTOP_BUS_DIR': str(self.root / 'bus'),
            'NOVA_CPU_CELL': '1',
            'CELLSV2_SETUP': 'superconductor',
            'STACK_USER': 'stack',
            'REGION_NAME': 'RegionOne',
            'ENABLE_DEBUG_LOG_LEVEL': 'True',
            'FILTERS': 'ComputeFilter,SameHostFilter',
            'SERVICES': self.services,
            **variables,
        }
        script = f'{STUBS}\nsource {SETTINGS}\nsource {PLUGIN} "$@"\n'
        done = subprocess.run(
            ['bash', '-c', script, 'stack.sh', *arguments],
            env=environment,
            capture_output=True,
            text=True,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.splitlines()


class ScriptTest(PluginCase):
    def test_parses(self) -> None:
        for path in (PLUGIN, SETTINGS):
            subprocess.run(['bash', '-n', str(path)], check=True)

    def test_shellcheck(self) -> None:
        if shutil.which('shellcheck') is None:
            self.skipTest('shellcheck is not installed')
        subprocess.run(
            ['shellcheck', '--shell=bash', str(PLUGIN), str(SETTINGS)],
            check=True,
        )

    def test_names_are_those_of_the_code(self) -> None:
        text = PLUGIN.read_text()
        self.assertIn(f'NOVA_DESKTOP_FILTER={options.FILTER}\n', text)
        self.assertIn(f'NOVA_DESKTOP_WEIGHER={options.WEIGHER}\n', text)
        self.assertIn(f'compute_driver {options.DRIVER}\n', text)

    def test_settings_name_the_plugin(self) -> None:
        lines = self.run_plugin('stack', 'pre-install')
        self.assertEqual(
            [
                'define_plugin nova_desktop',
                'enable_service desktop-agent desktop-reclaim',
            ],
            lines,
        )

    def test_does_nothing_when_disabled(self) -> None:
        for phase in ('install', 'post-config', 'extra', 'test-config'):
            lines = self.run_plugin('stack', phase, SERVICES='n-cpu n-sch')
            self.assertEqual(2, len(lines), lines)


class InstallTest(PluginCase):
    def link(self) -> pathlib.Path:
        return self.checkout / 'nova/virt/desktop.py'

    def test_beside_a_checkout(self) -> None:
        (self.site / 'nova/virt').mkdir(parents=True)
        (self.site / 'nova/virt/desktop.py').touch()
        lines = self.run_plugin('stack', 'install')
        self.assertIn(f'setup_install {ROOT}', lines)
        self.assertEqual(
            ROOT / 'nova/virt/desktop.py', self.link().resolve(strict=True)
        )
        self.assertFalse((self.site / 'nova').exists())

    def test_twice(self) -> None:
        self.run_plugin('stack', 'install')
        self.run_plugin('stack', 'install')
        self.assertTrue(self.link().is_symlink())

    def test_beside_an_installed_nova(self) -> None:
        (self.site / 'nova/virt').mkdir(parents=True)
        (self.site / 'nova/__init__.py').touch()
        (self.site / 'nova/virt/desktop.py').touch()
        self.run_plugin('stack', 'install')
        self.assertTrue((self.site / 'nova/virt/desktop.py').exists())
        self.assertFalse(self.link().exists())


class ConfigureTest(PluginCase):
    def test_whole_node(self) -> None:
        lines = self.run_plugin('stack', 'post-config')
        conf = 'iniset /etc/nova/nova.conf'
        for line in (
            f'{conf} DEFAULT compute_driver desktop.DesktopDriver',
            f'{conf} filter_scheduler enabled_filters '
            'ComputeFilter,SameHostFilter,DesktopFilter',
            'iniset_multiline /etc/nova/nova.conf filter_scheduler '
            f'available_filters nova.scheduler.filters.all_filters '
            f'{options.FILTER}',
            f'{conf} filter_scheduler weight_classes '
            f'nova.scheduler.weights.all_weighers,{options.WEIGHER}',
            f'{conf} scheduler enable_isolated_aggregate_filtering True',
            f'{conf} api vendordata_providers StaticJSON,DynamicJSON',
            f'{conf} api vendordata_dynamic_targets '
            'desktop@http://127.0.0.1:9890/',
            'create_service_user nova-desktop admin',
            f'configure_keystoneauth {self.root}/etc/reclaim.conf '
            'nova-desktop service_auth',
            f'iniset_rpc_backend nova-desktop {self.root}/etc/reclaim.conf '
            'DEFAULT nova_cell1',
        ):
            self.assertIn(line, lines)

    def test_agent_is_started_with_its_unit_in_place(self) -> None:
        lines = self.run_plugin('stack', 'post-config')
        units = [
            number
            for number, line in enumerate(lines)
            if line.startswith('sudo install')
            and line.endswith(f'{self.root}/units/')
        ]
        start = lines.index(
            'sudo systemctl restart novadesktop.slice nova-desktop-agent'
        )
        self.assertEqual(1, len(units))
        self.assertLess(units[0], start)
        self.assertLess(lines.index('sudo systemctl reload dbus'), start)
        for word in lines[units[0]].split()[4:-1]:
            self.assertTrue(pathlib.Path(word).is_file(), word)

    def test_unit_gets_the_paths_of_this_node(self) -> None:
        sources = ROOT / 'etc/nova_desktop/systemd'
        units = self.root / 'units'
        units.mkdir()
        for source in sources.glob('*.service'):
            (units / source.name).write_text(source.read_text())
        lines = self.run_plugin('stack', 'post-config')
        [line] = [each for each in lines if each.startswith('sudo sed')]
        subprocess.run(line.split()[1:], check=True)
        for name, line in (
            ('agent', 'ExecStart={0}/bin/nova-desktop-agent '),
            ('save', 'ExecStop={0}/bin/nova-desktop-agent --wait-saved '),
        ):
            unit = (units / f'nova-desktop-{name}.service').read_text()
            self.assertIn(
                f'{line}--config-file {{0}}/etc/agent.conf\n'.format(
                    self.root
                ),
                unit,
            )
            self.assertNotIn('/usr/bin/nova-desktop', unit)

    def test_filter_is_not_doubled(self) -> None:
        lines = self.run_plugin(
            'stack', 'post-config', FILTERS='ComputeFilter,DesktopFilter'
        )
        self.assertEqual(
            [], [line for line in lines if 'enabled_filters' in line]
        )

    def test_workstation_alone(self) -> None:
        text = '\n'.join(
            self.run_plugin(
                'stack', 'post-config', SERVICES='n-cpu desktop-agent'
            )
        )
        self.assertIn('compute_driver', text)
        self.assertNotIn('filter_scheduler', text)
        self.assertNotIn('create_service_user', text)

    def test_control_plane_alone(self) -> None:
        text = '\n'.join(
            self.run_plugin(
                'stack',
                'post-config',
                SERVICES='n-sch n-api n-api-meta desktop-reclaim',
            )
        )
        self.assertIn('filter_scheduler', text)
        self.assertNotIn('compute_driver', text)
        self.assertNotIn('systemctl', text)


class RunTest(PluginCase):
    def test_extra(self) -> None:
        lines = self.run_plugin('stack', 'extra')
        self.assertIn(
            f'run_process desktop-reclaim {self.root}/bin/'
            'nova-desktop-reclaim --config-file '
            f'{self.root}/etc/reclaim.conf',
            lines,
        )
        [flavor] = [line for line in lines if 'flavor create' in line]
        self.assertIn('desktop:preemptible=true', flavor)
        self.assertIn('trait:CUSTOM_DESKTOP=required', flavor)
        [aggregate] = [line for line in lines if 'aggregate create' in line]
        self.assertIn('trait:CUSTOM_DESKTOP=required desktops', aggregate)

    def test_host_joins_the_aggregate_last(self) -> None:
        lines = self.run_plugin('stack', 'test-config')
        self.assertIn(' aggregate add host desktops ', lines[-1])

    def test_unstack(self) -> None:
        lines = self.run_plugin('unstack')
        self.assertIn('stop_process desktop-reclaim', lines)
        self.assertIn(
            'sudo systemctl disable --now nova-desktop-save '
            'nova-desktop-agent',
            lines,
        )

    def test_clean_takes_the_link_away(self) -> None:
        self.run_plugin('stack', 'install')
        lines = self.run_plugin('clean')
        self.assertFalse((self.checkout / 'nova/virt/desktop.py').is_symlink())
        self.assertIn('pip_uninstall nova-desktop', lines)
