# SPDX-License-Identifier: Apache-2.0
"""The operator's command against the whole cloud, keystone included."""

import json
import os
import subprocess
from typing import Any

from sandbox import cloud, layout
from tests.sandbox import base

ETC = layout.ETC / 'nova'


def run(*words: str) -> tuple[int, Any]:
    """Run the command; give its exit code and what it tells."""
    done = subprocess.run(
        [layout.BIN / 'nova-desktop-manage', *words, '--json'],
        env={**os.environ, **cloud.environment(), 'PYTHONPATH': ''},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return done.returncode, json.loads(done.stdout)


class ManageTest(base.SandboxCase):
    """What is missing is made, what is there is kept."""

    def manage(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Run the command; give its exit code and each object's state."""
        code, found = run(*words)
        return code, {each['what']: each['state'] for each in found}

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


class DrainTest(base.SandboxTest):
    """A workstation is taken out of the cloud, and given back."""

    FLAVOR = 'desk.small'

    def test_drained_and_given_back(self) -> None:
        """The guest runs on elsewhere, and nothing new comes here."""
        source = self.host.name
        self.addCleanup(run, 'undrain', source)
        code, found = run('drain', source, '--wait', '--timeout', '300')
        self.assertEqual(0, code, found)
        server = self.wait_status(self.server.id, 'ACTIVE')
        self.assertNotEqual(source, server.compute_host)
        self.assertNotIn(source, self.placement.allocated_on(server.id))
        code, status = run('reclaim-status')
        self.assertEqual(
            [(source, [])],
            [(each['host'], each['leaving']) for each in status['drained']],
        )
        other = self.boot(self.FLAVOR)
        self.addCleanup(self.remove, other.id)
        self.assertNotEqual(source, other.compute_host)
        code, found = run('undrain', source)
        self.assertEqual((0, 'updated'), (code, found[0]['state']))
        self.assertEqual([], run('reclaim-status')[1]['drained'])

    def test_given_back_in_the_grace(self) -> None:
        """A guest with a long notice is told, and then that it may stay."""
        cloud.make_flavor(
            self.compute, base.PATIENT_FLAVOR, cloud.desk_specs(notice='600')
        )
        patient = self.boot(base.PATIENT_FLAVOR)
        self.addCleanup(self.remove, patient.id)
        host = patient.compute_host
        self.addCleanup(run, 'undrain', host)
        self.assertEqual(0, run('drain', host)[0])
        base.wait_until(lambda: self.told(patient.id), 'the notice', 120)
        self.assertEqual(0, run('undrain', host)[0])
        base.wait_until(
            lambda: not self.told(patient.id), 'the notice taken back', 120
        )
        now = self.compute.get_server(patient.id)
        self.assertEqual((host, 'ACTIVE'), (now.compute_host, now.status))

    def told(self, server_id: str) -> bool:
        """Say whether a server's metadata tell that it has to go."""
        return 'desktop_notice' in self.compute.get_server(server_id).metadata
