# SPDX-License-Identifier: Apache-2.0
"""Live migration between workstations and a stock host, on real QEMU."""

from typing import Any

from sandbox import cloud, hosts, observe
from tests.sandbox import base

STOCK = 'dc1'
# The last one in which an operator may pass the scheduler by.
FORCED = '2.67'


class DirectionsTest(base.SandboxTest):
    """Workstation to workstation, out to a stock host, and not back in."""

    def move(self, target: str) -> Any:
        """Have Nova move the guest, whatever the scheduler would say."""
        url = f'/servers/{self.server.id}/action'
        body = {
            'os-migrateLive': {
                'host': target,
                'block_migration': 'auto',
                'force': True,
            }
        }
        answer = cloud.connect().compute.post(
            url, json=body, microversion=FORCED
        )
        self.assertEqual(202, answer.status_code, answer.text)
        return base.wait_until(self.newest_ended, f'the migration to {target}')

    def newest_ended(self) -> Any:
        """Give the newest migration once it has ended."""
        url = f'/os-migrations?instance_uuid={self.server.id}'
        answer = cloud.connect().compute.get(url, microversion='2.80').json()
        newest = max(answer['migrations'], key=lambda each: each['id'])
        ended = newest['status'] in ('completed', 'error', 'failed')
        known = newest['id'] in self.known
        if not ended or known:
            return None
        self.known.add(newest['id'])
        return newest

    def check_on(self, name: str, inside: bool) -> None:
        """Check where the guest runs, and that it works on."""
        server = self.wait_status(self.server.id, 'ACTIVE')
        self.assertEqual(name, server.compute_host)
        ours = hosts.processes([name], observe.PARTITION)
        self.assertEqual(inside, bool(ours))
        before = self.console.work_done(name) or 0
        base.wait_until(
            lambda: (self.console.work_done(name) or 0) > before,
            f'the guest going on with its work on {name}',
        )

    def test_each_direction(self) -> None:
        self.known: set[int] = set()
        here = self.server.compute_host
        other = {'ws1': 'ws2', 'ws2': 'ws1'}[here]
        self.check_on(here, inside=True)
        self.assertEqual('completed', self.move(other)['status'])
        self.check_on(other, inside=True)
        self.assertEqual('completed', self.move(STOCK)['status'])
        self.check_on(STOCK, inside=False)
        self.assertNotEqual('completed', self.move(here)['status'])
        self.check_on(STOCK, inside=False)
        self.assertEqual(set(), hosts.processes([here], observe.PARTITION))
