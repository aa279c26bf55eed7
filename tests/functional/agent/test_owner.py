# SPDX-License-Identifier: Apache-2.0
"""The owner's command against a real agent."""

import json
import os
import subprocess
import sys

from tests.functional.agent import host, test_agent


class OwnerTest(test_agent.AgentCase):
    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', 'nova_desktop.cmd.owner', *words],
            env=os.environ
            | self.host.bus.env
            | {'PYTHONPATH': str(host.ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
        )

    def test_verbs(self) -> None:
        self.host.serve()
        self.host.quota_is(-1)
        self.assertIn('You are away.', self.ask('status').stdout)
        status = json.loads(self.ask('status', '--json').stdout)
        self.assertEqual('away', status['presence'])
        self.assertIn('presence: idle -> away', self.ask('history').stdout)
        explained = self.ask('explain', '--count', '50').stdout
        self.assertIn('because no session, and no input', explained)
        explained = json.loads(self.ask('explain', '--json').stdout)
        self.assertEqual({'status', 'changes'}, set(explained))

    def test_no_bus_and_no_agent(self) -> None:
        done = self.ask('status')
        self.assertEqual(1, done.returncode)
        self.assertIn('systemctl status dbus', done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()))
        self.host.bus.start()
        done = self.ask('explain')
        self.assertEqual(1, done.returncode)
        self.assertIn('systemctl status nova-desktop-agent', done.stderr)

    def test_bad_count(self) -> None:
        done = self.ask('history', '--count', '0')
        self.assertEqual(2, done.returncode)
        self.assertIn("'0' is not 1 to 1000", done.stderr)
