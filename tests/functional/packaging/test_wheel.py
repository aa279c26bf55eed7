# SPDX-License-Identifier: Apache-2.0
"""The wheel: what is in it, where it lands, what it leaves behind."""

import configparser
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).parents[3]
SHIM = 'nova/virt/desktop.py'
NOVA = {
    'nova/__init__.py': '',
    'nova/virt/__init__.py': '',
    'nova/virt/driver.py': 'TEXT = "stock"\n',
}


def run(*command: str, cwd: pathlib.Path | None = None) -> str:
    """Run a command; give what it prints, raise with it if it fails."""
    environment = {**os.environ, 'PBR_VERSION': '1.0.0', 'PYTHONPATH': ''}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise AssertionError(f'{command}\n{done.stdout}{done.stderr}')
    return done.stdout


def pip(*arguments: str) -> str:
    """Run pip without a network."""
    return run(
        sys.executable,
        '-m',
        'pip',
        '--disable-pip-version-check',
        '--quiet',
        *arguments,
    )


def copy_sources(target: pathlib.Path) -> None:
    """Copy what git holds, or would take, and commit it there."""
    listed = run(
        *('git', 'ls-files', '-z', '-co', '--exclude-standard'), cwd=ROOT
    )
    for name in filter(None, listed.split('\0')):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    # pbr takes the list of data files from git.
    run('git', 'init', '--quiet', cwd=target)
    run('git', 'add', '--all', cwd=target)


def fake_nova(directory: pathlib.Path, version: str) -> pathlib.Path:
    """Make a wheel with Nova's name and as good as nothing in it."""
    info = f'nova-{version}.dist-info'
    files = {
        **NOVA,
        f'{info}/METADATA': f'Metadata-Version: 2.1\nName: nova\n'
        f'Version: {version}\n',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\nGenerator: test\n'
        'Root-Is-Purelib: true\nTag: py3-none-any\n',
    }
    record = ''.join(f'{name},,\n' for name in (*files, f'{info}/RECORD'))
    path = directory / f'nova-{version}-py3-none-any.whl'
    with zipfile.ZipFile(path, 'w') as wheel:
        for name, text in {**files, f'{info}/RECORD': record}.items():
            wheel.writestr(name, text)
    return path


class WheelTest(unittest.TestCase):
    directory: pathlib.Path
    wheel: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        missing = [
            name
            for name in ('pbr', 'pip', 'setuptools', 'wheel')
            if importlib.util.find_spec(name) is None
        ]
        if missing:
            raise unittest.SkipTest(f'not installed: {", ".join(missing)}')
        holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(holder.cleanup)
        cls.directory = pathlib.Path(holder.name)
        sources = cls.directory / 'sources'
        sources.mkdir()
        copy_sources(sources)
        pip(
            *('wheel', '--no-deps', '--no-build-isolation', '--no-index'),
            *('--wheel-dir', str(cls.directory), str(sources)),
        )
        [cls.wheel] = cls.directory.glob('nova_desktop-*.whl')

    def names(self) -> list[str]:
        with zipfile.ZipFile(self.wheel) as wheel:
            return wheel.namelist()

    def test_shim_is_all_that_goes_into_nova(self) -> None:
        inside = [name for name in self.names() if name.startswith('nova/')]
        self.assertEqual([SHIM], inside)

    def test_every_module_is_in(self) -> None:
        modules = {
            str(path.relative_to(ROOT))
            for path in (ROOT / 'nova_desktop').rglob('*.py')
        }
        self.assertGreater(len(modules), 10)
        self.assertEqual(set(), modules - set(self.names()))

    def test_no_stray_top_level(self) -> None:
        tops = {name.partition('/')[0] for name in self.names()}
        base = 'nova_desktop-1.0.0'
        self.assertEqual(
            {'nova', 'nova_desktop', f'{base}.dist-info', f'{base}.data'},
            tops,
        )

    def test_files_for_etc(self) -> None:
        prefix = 'nova_desktop-1.0.0.data/data/etc/nova_desktop/'
        etc = ROOT / 'etc/nova_desktop'
        wanted = {
            prefix + str(path.relative_to(etc))
            for path in etc.rglob('*')
            if path.is_file()
        }
        self.assertIn(prefix + 'agent.conf.sample', wanted)
        self.assertIn(prefix + 'systemd/novadesktop.slice', wanted)
        self.assertEqual(set(), wanted - set(self.names()))

    def test_files_for_guests(self) -> None:
        prefix = 'nova_desktop-1.0.0.data/data/share/nova_desktop/guest/'
        wanted = {prefix + path.name for path in (ROOT / 'guest').iterdir()}
        self.assertIn(prefix + 'nova-desktop-notice', wanted)
        self.assertEqual(set(), wanted - set(self.names()))

    def test_entry_points(self) -> None:
        with zipfile.ZipFile(self.wheel) as wheel:
            text = wheel.read(
                'nova_desktop-1.0.0.dist-info/entry_points.txt'
            ).decode()
        found = configparser.ConfigParser()
        found.read_string(text)
        self.assertEqual(
            {
                'nova-desktop',
                'nova-desktop-agent',
                'nova-desktop-manage',
                'nova-desktop-reclaim',
                'nova-desktop-session',
            },
            set(found['console_scripts']),
        )
        self.assertEqual(
            {'desktop': 'nova_desktop.filters.extra_specs'},
            dict(found['nova.api.extra_spec_validators']),
        )
        for group in found.sections():
            for value in found[group].values():
                module = value.partition(':')[0].replace('.', '/')
                self.assertTrue(
                    (ROOT / f'{module}.py').exists()
                    or (ROOT / module / '__init__.py').exists(),
                    f'{group}: {value}',
                )

    def test_installed_upgraded_and_removed_beside_nova(self) -> None:
        home = self.directory / 'venv'
        run(sys.executable, '-m', 'venv', '--without-pip', str(home))
        python = str(home / 'bin/python')
        [site] = home.glob('lib/python*/site-packages')
        install = ('--python', python, 'install', '--no-deps', '--no-index')
        pip(*install, str(fake_nova(self.directory, '34.0.0')))
        pip(*install, str(self.wheel))
        where = run(
            *(python, '-P', '-c'),
            'from importlib.util import find_spec;'
            'print(find_spec("nova.virt.desktop").origin)',
            cwd=self.directory,
        )
        self.assertEqual(str(site / SHIM), where.strip())
        self.assertTrue((home / 'bin/nova-desktop').exists())
        # A new Nova takes away what is its own, and no more.
        pip(*install, str(fake_nova(self.directory, '34.0.1')))
        self.assertTrue((site / SHIM).exists())
        pip('--python', python, 'uninstall', '--yes', 'nova-desktop')
        self.assertFalse((site / SHIM).exists())
        left = {
            str(path.relative_to(site)): path.read_text()
            for path in (site / 'nova').rglob('*.py')
        }
        self.assertEqual(NOVA, left)
        self.assertEqual([], list(site.glob('nova_desktop*')))
