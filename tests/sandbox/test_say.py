# SPDX-License-Identifier: Apache-2.0
"""What the owner says, as the whole cloud hears it."""

import json
import subprocess
from typing import Any

from sandbox import hosts, layout
from tests.sandbox import base

LEAST_CPUS = 0.05


class SayTest(base.SandboxTest):
    """An owner who takes his workstation back though he is not there."""

    FLAVOR = 'desk.small'

    def say(self, *words: str) -> Any:
        """Run the owner's command on the workstation."""
        program = layout.BIN / 'nova-desktop'
        done = subprocess.run(
            hosts.in_host(self.host, program, *words, '--json'),
            capture_output=True,
            text=True,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def test_pause_moves_the_guest_and_resume_lends_again(self) -> None:
        """Guests are held at once, then moved alive; and back to normal."""
        source = self.host.name
        self.addCleanup(self.say, 'resume')
        self.say('pause', 'for', '2h')
        held = self.guests.wait_for_quota(
            lambda cpus: cpus is not None and cpus <= LEAST_CPUS, 2
        )
        self.assertIsNotNone(held, 'the guests are not held')
        self.wait_offered(source, False)
        server = base.wait_until(
            lambda: self.moved_from(source), f'the guest left {source}', 90
        )
        self.assertEqual(
            {server.compute_host}, self.placement.allocated_on(server.id)
        )
        self.assertEqual('away', self.say('status')['presence'])
        self.say('resume')
        self.wait_offered(source, True)
        self.assertIsNone(self.guests.quota_cpus())

    def test_lending_keeps_the_guest_beside_its_owner(self) -> None:
        """He sits at the keyboard, and lends it all the same."""
        self.addCleanup(self.say, 'resume')
        self.say('lend')
        self.owner(self.host.name, 'back')
        seen = base.wait_until(
            lambda: self.say('status')['presence'] == 'active', 'the owner'
        )
        self.assertTrue(seen)
        # Longer than it takes until guests of an owner at work must go.
        begin = self.console.work_done(self.host.name) or 0
        base.wait_until(
            lambda: (self.console.work_done(self.host.name) or 0) > begin + 5,
            'the guest going on at full speed',
        )
        self.assertGreater(self.guests.use_over(4.0), 0.8)
        self.assertIn(self.host.name, self.placement.offered())
        server = self.compute.get_server(self.server.id)
        self.assertEqual(self.host.name, server.compute_host)
