# SPDX-License-Identifier: Apache-2.0
"""Bad input gets a message that names it and says what is allowed."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from sandbox import desk, hosts, layout, observe, stage, supervise
from tests.sandbox import base

HOST = layout.host('ws1')


def doctor(*files: Path) -> tuple[int, str]:
    """Run nova-desktop doctor inside a workstation."""
    options = [part for file in files for part in ('--config-file', file)]
    done = subprocess.run(
        hosts.in_host(HOST, layout.BIN / 'nova-desktop', 'doctor', *options),
        env={**os.environ, 'PYTHONPATH': ''},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


class FlavorTest(base.SandboxCase):
    """Extra specs are checked by the stock nova-api."""

    def refused(self, key: str, value: str) -> str:
        """Set a property on a flavor; give what nova-api says against it."""
        flavor = self.compute.find_flavor('desk.small')
        answer = self.compute.post(
            f'/flavors/{flavor.id}/os-extra_specs',
            json={'extra_specs': {key: value}},
            microversion='2.86',
        )
        self.assertEqual(400, answer.status_code)
        return str(answer.json()['badRequest']['message'])

    def test_bad_value(self) -> None:
        """A bad value is named with what is allowed."""
        said = self.refused('desktop:notice', 'soon')
        self.assertIn('desktop:notice', said)
        self.assertIn('soon', said)
        self.assertIn('3600', said)

    def test_bad_action(self) -> None:
        """A bad action is answered with the list of actions."""
        said = self.refused('desktop:on_reclaim', 'live-migrate,explode')
        self.assertIn('live-migrate', said)
        self.assertIn('shelve', said)

    def test_unknown_key(self) -> None:
        """An unknown key in our namespace is refused."""
        self.assertIn('desktop:colour', self.refused('desktop:colour', 'red'))


class DoctorTest(unittest.TestCase):
    """The doctor names what is wrong on a real workstation."""

    def setUp(self) -> None:
        """Know the workstation's configuration files."""
        nova = layout.ETC / 'nova'
        ours = layout.ETC / 'nova_desktop'
        self.compute = nova / f'compute-{HOST.name}.conf'
        self.agent = ours / f'agent-{HOST.name}.conf'

    def test_healthy(self) -> None:
        """A healthy workstation has no problem."""
        code, said = doctor(self.compute, self.agent)
        self.assertEqual(0, code, said)

    def test_misspelt_driver(self) -> None:
        """A misspelt compute_driver is named, with the right one."""
        text = self.compute.read_text()
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as wrong:
            wrong.write(text.replace('DesktopDriver', 'DesktopDrivr'))
            wrong.flush()
            code, said = doctor(Path(wrong.name), self.agent)
        self.assertEqual(1, code)
        self.assertIn('desktop.DesktopDrivr', said)
        self.assertIn('desktop.DesktopDriver', said)

    def test_nova_compute_names_a_misspelt_driver(self) -> None:
        """The stock nova-compute itself says that it cannot be loaded."""
        text = self.compute.read_text()
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as wrong:
            text = text.replace('DesktopDriver', 'DesktopDrivr')
            log = f'log_file = {layout.LOG}/{HOST.name}-compute.log'
            wrong.write(text.replace(log, ''))
            wrong.flush()
            done = subprocess.run(
                hosts.in_host(
                    HOST,
                    layout.BIN / 'nova-compute',
                    '--config-file',
                    layout.ETC / 'nova' / 'nova-common.conf',
                    '--config-file',
                    wrong.name,
                ),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        self.assertNotEqual(0, done.returncode)
        self.assertIn('DesktopDrivr', done.stdout + done.stderr)

    def test_no_libvirt(self) -> None:
        """A stopped libvirtd is named, with what to do."""
        supervise.stop(f'{HOST.name}-libvirtd')
        self.addCleanup(supervise.start, f'{HOST.name}-libvirtd')
        code, said = doctor(self.compute, self.agent)
        self.assertEqual(1, code)
        self.assertIn('libvirt', said)


class NoBusTest(base.SandboxTest):
    """Without D-Bus nothing is lent, and the owner is protected."""

    def test_no_bus(self) -> None:
        """The agent says so, holds the guests, and comes back by itself."""
        bus = f'{self.host.name}-dbus'
        log = layout.LOG / f'{self.host.name}-agent.out'
        begin = log.stat().st_size
        supervise.stop(bus)
        self.addCleanup(supervise.start, bus, f'{self.host.name}-logind')
        self.wait_offered(self.host.name, False)
        base.wait_until(
            lambda: self.guests.quota_cpus() is not None, 'guests held', 30
        )
        said = log.read_bytes()[begin:].decode()
        self.assertIn('bus', said)
        supervise.start(bus)
        supervise.restart(f'{self.host.name}-logind')
        base.wait_until(self.owner_can_leave, 'logind on the new bus')
        self.wait_offered(self.host.name, True)
        base.wait_until(
            lambda: self.guests.quota_cpus() in (None, observe.CPUS),
            'guests let go',
        )
        self.owner_leaves()

    def owner_can_leave(self) -> bool:
        """Have the owner lock the screen, if logind is there by now."""
        path = self.host.dir / 'desk.sock'
        return bool(desk.send(path, 'away')['ok'])


class TenantTest(base.SandboxCase):
    """A tenant meets nothing but the cloud's usual words."""

    def test_flavor_that_says_nothing_stays_in_the_data_centre(self) -> None:
        """A plain flavor never lands on a workstation."""
        stage.tenant(
            *('server', 'create', '--flavor', 'dc.small', '--image', 'tiny'),
            *('--nic', 'none', 'plain'),
        )
        found = list(self.compute.servers(name='^plain$', all_projects=True))
        self.addCleanup(self.compute.delete_server, found[0].id)
        server = self.wait_status(found[0].id, 'ACTIVE')
        self.assertEqual('dc1', server.compute_host)
