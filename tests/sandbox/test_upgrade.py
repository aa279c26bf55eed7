# SPDX-License-Identifier: Apache-2.0
"""From Nova's own libvirt driver to ours and back, with a running guest."""

import subprocess
from typing import Any

from nova_desktop import model
from sandbox import (
    cloud,
    config,
    hosts,
    layout,
    observe,
    supervise,
)
from tests.sandbox import base

HOST = layout.host('dc1')
STOCK = 'libvirt.LibvirtDriver'
OURS = 'desktop.DesktopDriver'


class UpgradeTest(base.SandboxCase):
    """The host of the data centre becomes a workstation for a while."""

    def setUp(self) -> None:
        """Boot a guest under the stock driver."""
        self.host = HOST
        self.addCleanup(self.run_with, STOCK)
        self.addCleanup(self.forget_trait)
        self.server = self.boot('dc.small')
        self.assertEqual(HOST.name, self.server.compute_host)
        self.console = observe.Console(self.server.id)
        self.addCleanup(self.remove, self.server.id)

    def run_with(self, driver: str) -> None:
        """Start the host's nova-compute with a driver."""
        values = config.shared_values() | config.host_values(HOST)
        path = layout.ETC / 'nova' / f'compute-{HOST.name}.conf'
        config.write('compute.conf', path, values | {'compute_driver': driver})
        supervise.restart(f'{HOST.name}-compute')
        self.wait_compute_fresh()

    def prepare(self) -> None:
        """Make the guests' slice, as a workstation's boot does."""
        done = subprocess.run(
            hosts.in_host(
                HOST, layout.BIN / 'nova-desktop-agent', '--prepare'
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)

    def provider(self) -> str:
        """Give the host's resource provider."""
        return {name: it for it, name in self.placement.names.items()}[
            HOST.name
        ]

    def rest(self, what: str) -> Any:
        """Read something of the host's provider."""
        url = f'/resource_providers/{self.provider()}/{what}'
        return cloud.connect().placement.get(url).json()

    def wait_reserved(self, everything: bool) -> None:
        """Wait until all of the host is reserved, or not."""

        def there() -> bool:
            vcpu = self.rest('inventories')['inventories']['VCPU']
            return (vcpu['reserved'] == vcpu['total']) == everything

        base.wait_until(there, f'reserved: {everything}', 90)

    def forget_trait(self) -> None:
        """Take the trait away, which the stock driver does not know of."""
        found = self.rest('traits')
        found['traits'] = [
            name for name in found['traits'] if 'DESKTOP' not in name
        ]
        url = f'/resource_providers/{self.provider()}/traits'
        answer = cloud.connect().placement.put(url, json=found)
        self.assertEqual(200, answer.status_code, answer.text)

    def check(self, where: str, does: Any = None) -> None:
        """Have something done; the guest must work on, in that group."""
        if does is not None:
            does(self.server.id)
        server = self.wait_status(self.server.id, 'ACTIVE')
        self.assertEqual(HOST.name, server.compute_host)
        before = self.console.work_done(HOST.name)
        base.wait_until(
            lambda: self.console.work_done(HOST.name) not in (before, None),
            'the guest going on with its work',
        )
        ours = hosts.processes([HOST.name], observe.PARTITION)
        self.assertEqual(where == 'inside', bool(ours), where)

    def hard_reboot(self, server_id: str) -> None:
        """Start the guest anew, and wait until Nova has begun to."""
        self.compute.reboot_server(server_id, 'HARD')
        base.wait_until(
            lambda: (
                self.compute.get_server(server_id).task_state is None
                and self.compute.get_server(server_id).status == 'ACTIVE'
            ),
            'the reboot',
        )

    def test_there_and_back_with_a_running_guest(self) -> None:
        self.check('outside')
        self.prepare()
        self.run_with(OURS)
        # No agent runs here, so that nothing is lent.
        self.wait_reserved(everything=True)
        self.assertIn(model.TRAIT, self.rest('traits')['traits'])
        log = (layout.LOG / f'{HOST.name}-compute.log').read_text()
        self.assertIn(f'Servers {self.server.id} were started by', log)
        self.check('outside')
        self.check('inside', self.hard_reboot)
        self.run_with(STOCK)
        self.wait_reserved(everything=False)
        self.check('inside')
        self.check('outside', self.hard_reboot)
