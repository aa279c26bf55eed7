# SPDX-License-Identifier: Apache-2.0
"""Whatever Nova does to a guest, it runs in the guests' slice."""

from collections.abc import Callable
from pathlib import Path

from sandbox import observe
from tests.sandbox import base


class SliceTest(base.SandboxTest):
    """Each way in which Nova starts a guest again, on real QEMU."""

    def groups(self) -> set[str]:
        """Give the CPU groups of the guest's QEMU, without its threads'."""
        found = set()
        for path in Path('/proc').glob('[0-9]*'):
            try:
                command = (path / 'cmdline').read_bytes()
                groups = (path / 'cgroup').read_text().splitlines()
            except OSError:
                continue  # it has ended
            if b'qemu' in command and self.server.id.encode() in command:
                found |= {
                    group.rpartition(':')[2]
                    for group in groups
                    if 'cpu' in group.split(':')[1].split(',')
                }
        return found

    def check(self, what: str) -> None:
        """Check where the guest runs, and that it does."""
        self.check_group(what)
        # A guest that was started anew counts from zero.
        before = self.console.work_done(self.host.name)
        base.wait_until(
            lambda: (
                self.console.work_done(self.host.name) not in (before, None)
            ),
            f'the guest working after {what}',
        )

    def check_group(self, what: str) -> None:
        """Check where the guest runs."""
        found = base.wait_until(self.groups, f'a QEMU after {what}')
        for group in found:
            self.assertIn(f'/{observe.PARTITION}/', f'{group}/', what)

    def act(
        self, what: str, call: Callable[[str], object], status: str
    ) -> None:
        """Have Nova do something and wait for what comes of it."""
        call(self.server.id)
        self.wait_status(self.server.id, status)

    def test_each_start_is_in_the_slice(self) -> None:
        compute = self.compute
        self.check('boot')
        for what, calls in (
            (
                'hard reboot',
                [(lambda it: compute.reboot_server(it, 'HARD'), 'ACTIVE')],
            ),
            (
                'suspend and resume',
                [
                    (compute.suspend_server, 'SUSPENDED'),
                    (compute.resume_server, 'ACTIVE'),
                ],
            ),
            (
                'stop and start',
                [
                    (compute.stop_server, 'SHUTOFF'),
                    (compute.start_server, 'ACTIVE'),
                ],
            ),
            ('rescue', [(compute.rescue_server, 'RESCUE')]),
            ('unrescue', [(compute.unrescue_server, 'ACTIVE')]),
        ):
            for call, status in calls:
                self.act(what, call, status)
            self.check_group(what)
            if what != 'rescue':  # that system has no work to do
                self.check(what)

    def test_paused_by_its_tenant_stays_paused(self) -> None:
        """The owner comes and goes meanwhile, and takes everything once."""
        self.act('pause', self.compute.pause_server, 'PAUSED')
        before = self.console.work_done(self.host.name)
        self.owner(self.host.name, 'back')
        self.wait_offered(self.host.name, False)
        self.owner(self.host.name, 'away')
        self.wait_offered(self.host.name, True)
        self.assertEqual(before, self.console.work_done(self.host.name))
        self.act('unpause', self.compute.unpause_server, 'ACTIVE')
        self.wait_for_work()
