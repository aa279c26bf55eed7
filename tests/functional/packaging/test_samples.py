# SPDX-License-Identifier: Apache-2.0
"""The sample configuration files are what the options say today."""

import configparser
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[3]
ETC = ROOT / 'etc/nova_desktop'
REMEDY = 'tox -e genconfig'


def entry_points() -> str:
    """Give setup.cfg's entry points as an installed package has them."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    groups = setup['entry_points'].items()
    return '\n'.join(f'[{group}]{lines}' for group, lines in groups)


class SamplesTest(unittest.TestCase):
    def setUp(self) -> None:
        if importlib.util.find_spec('oslo_config') is None:
            self.skipTest('oslo.config is not installed')
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        # So that an uninstalled checkout is found like an installed one.
        info = self.directory / 'nova_desktop-0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text('Name: nova-desktop\nVersion: 0\n')
        (info / 'entry_points.txt').write_text(entry_points())

    def generate(self, name: str) -> str:
        output = self.directory / f'{name}.conf'
        environment = {
            'PATH': os.environ['PATH'],
            'PYTHONPATH': f'{self.directory}:{ROOT}',
            'XDG_CACHE_HOME': str(self.directory),
        }
        subprocess.run(
            [
                sys.executable,
                '-c',
                'from oslo_config import generator; generator.main()',
                f'--config-file={ETC}/{name}-config-generator.conf',
                f'--output-file={output}',
            ],
            cwd=ROOT,
            env=environment,
            check=True,
        )
        return output.read_text()

    def test_samples_are_fresh(self) -> None:
        self.maxDiff = 2000
        for name in ('agent', 'nova', 'reclaim'):
            with self.subTest(name):
                sample = (ETC / f'{name}.conf.sample').read_text()
                self.assertEqual(sample, self.generate(name), REMEDY)
