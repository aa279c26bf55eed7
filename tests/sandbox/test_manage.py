# SPDX-License-Identifier: Apache-2.0
"""The operator's command against the whole cloud, keystone included."""

import json
import os
import subprocess
from typing import Any

from sandbox import cloud, layout
from tests.sandbox import base

ETC = layout.ETC / 'nova'


class ManageTest(base.SandboxCase):
    """What is missing is made, what is there is kept."""

    def manage(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run the command; give its exit code and each object's state."""
        done = subprocess.run(
            [layout.BIN / 'nova-desktop-manage', *words, '--json'],
            env={**os.environ, **cloud.environment(), 'PYTHONPATH': ''},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertIn(done.returncode, (0, 1), done.stderr)
        found = json.loads(done.stdout)
        return done.returncode, {each['what']: each['state'] for each in found}

    def forget(self) -> None:
        """Delete the flavors that the command makes."""
        for flavor in list(self.compute.flavors()):
            if flavor.name.startswith('desktop.'):
                self.compute.delete_flavor(flavor)

    def test_bootstrap(self) -> None:
        self.forget()
        self.addCleanup(self.forget)
        before = {flavor.name for flavor in self.compute.flavors()}
        code, planned = self.manage('bootstrap', '--dry-run')
        self.assertEqual(0, code)
        self.assertEqual('created', planned['flavor desktop.small'])
        self.assertEqual(
            before, {flavor.name for flavor in self.compute.flavors()}
        )
        self.assertEqual((0, planned), self.manage('bootstrap'))
        code, again = self.manage('bootstrap')
        self.assertEqual((0, {'kept'}), (code, set(again.values())))
        for host in layout.WORKSTATIONS:
            self.assertEqual('kept', again[f'host {host.name}'])
        self.assertNotIn('host dc1', again)

    def test_flavors_of_the_sandbox_are_in_order(self) -> None:
        code, found = self.manage('check-flavors', '--images')
        self.assertEqual(0, code, found)
        self.assertEqual('ok', found['flavor desk.small'])

    def test_settings_of_the_sandbox_are_in_order(self) -> None:
        files = ('nova-common.conf', 'nova.conf')
        options = [
            word for file in files for word in ('--config-file', ETC / file)
        ]
        code, found = self.manage('check-settings', *map(str, options))
        self.assertEqual(0, code, found)
        self.assertNotIn('problem', found.values())
