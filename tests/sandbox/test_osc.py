# SPDX-License-Identifier: Apache-2.0
"""The ``openstack desktop`` commands on the running cloud."""

import json
import os
import subprocess
from typing import Any

from sandbox import cloud, layout, supervise
from tests.sandbox import base

PUBLIC = {
    'the owner is away',
    'the owner has been here lately',
    'the owner needs the workstation',
    'the owner lends less of the workstation now',
    'it cannot be told whether the owner is here',
    "the workstation's agent is silent",
}


def run(*words: str, user: str = 'admin') -> tuple[int, str, str]:
    """Run ``openstack desktop`` as a user."""
    done = subprocess.run(
        [layout.BIN / 'openstack', 'desktop', *words, '-f', 'json'],
        env={**os.environ, 'PYTHONPATH': '', **cloud.environment(user)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


class OscTest(base.SandboxTest):
    """A guest on a workstation, seen by the operator."""

    def openstack(self, *words: str) -> Any:
        """Give what ``openstack desktop`` tells the operator."""
        code, printed, errors = run(*words)
        self.assertEqual(0, code, errors)
        return json.loads(printed)

    def shown(self) -> Any:
        """Give what is told of the guest's host."""
        return self.openstack('host', 'show', self.host.name)

    def wait_shown(self, **wanted: Any) -> Any:
        """Wait until the host is shown so."""

        def so() -> Any:
            shown = self.shown()
            same = all(shown[key] == value for key, value in wanted.items())
            return shown if same else None

        return base.wait_until(so, f'{self.host.name} shown as {wanted}')


class HostTest(OscTest):
    """What is told of workstations, by Nova, Placement and themselves."""

    def test_list(self) -> None:
        """Workstations are listed, with the guest that one has."""
        rows = self.openstack('host', 'list', '--long')
        self.assertEqual(
            sorted(host.name for host in layout.WORKSTATIONS),
            [row['Host'] for row in rows],
        )
        for row in rows:
            self.assertEqual(('up', True), (row['State'], row['Admits']))
            self.assertGreater(row['Memory Lent MiB'], 0)
        # The guest of the test before may still be on its way out.
        base.wait_until(
            lambda: self.used() == (1, 1, 128), 'one guest counted', 90
        )

    def used(self) -> tuple[int, int, int]:
        """Give what is listed as used of the guest's host."""
        for row in self.openstack('host', 'list'):
            if row['Host'] == self.host.name:
                return (
                    row['Instances'],
                    row['vCPUs Used'],
                    row['Memory Used MiB'],
                )
        raise AssertionError(f'{self.host.name} is not listed')

    def test_show_and_history(self) -> None:
        """A host says at once that its owner is back, and no more."""
        shown = self.wait_shown(presence='away')
        self.assertEqual('ok', shown['answer'])
        self.assertTrue(shown['admits'] and shown['cap_admits'])
        self.owner_returns()
        self.wait_shown(presence='active', cap_admits=False, admits=False)
        told = self.openstack('host', 'history', self.host.name)
        self.assertIn(
            (False, 'active', 'the owner needs the workstation'),
            [(t['Admits'], t['Presence'], t['Reason']) for t in told],
        )
        self.assertEqual(set(), {each['Reason'] for each in told} - PUBLIC)
        times = [each['Time'] for each in told]
        self.assertEqual(sorted(times, reverse=True), times)

    def test_silent_host(self) -> None:
        """Without nova-compute the rest is shown all the same."""
        program = f'{self.host.name}-compute'
        supervise.stop(program)
        self.addCleanup(self.wait_compute_fresh)
        self.addCleanup(supervise.start, program)
        shown = self.shown()
        self.assertIn('did not answer within 5 s', shown['answer'])
        self.assertIsNone(shown['presence'])
        self.assertGreaterEqual(shown['memory_mib_used'], 128)

    def test_not_for_tenants(self) -> None:
        """A tenant is told so, and sees no other project's server."""
        name = self.host.name
        for words in (
            ('host', 'list'),
            ('host', 'show', name),
            ('host', 'history', name),
            ('server', 'explain', self.server.id),
        ):
            code, printed, errors = run(*words, user=cloud.TENANT)
            self.assertEqual((1, ''), (code, printed.strip()), words)
            self.assertNotIn('Traceback', errors)
            self.assertTrue(errors.strip())


class ServerTest(OscTest):
    """Why a server is where it is."""

    FLAVOR = 'desk.small'

    def test_explain(self) -> None:
        """It was placed; then its owner came back and it was moved."""
        words = ('server', 'explain', self.server.id)
        shown = self.openstack(*words)
        self.assertIn('tolerates being evicted', shown['why'])
        self.assertEqual(6, shown['tolerates']['notice_s'])
        self.owner_returns()
        shown = base.wait_until(
            lambda: self.left(self.openstack(*words)),
            'the guest moved, and that explained',
            180,
        )
        self.assertRegex(
            shown['why'],
            'The desktop service (moved|shelved) it .*: the owner needs the '
            'workstation',
        )
        done = [each['what'] for each in shown['events']]
        for what in ('chosen', 'noticed', 'tries'):
            self.assertIn(what, done)

    def left(self, shown: Any) -> Any:
        """Give what is shown once the guest has left."""
        done = [each['what'] for each in shown['events']]
        return shown if 'left' in done else None
