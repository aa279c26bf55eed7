# SPDX-License-Identifier: Apache-2.0
"""Nothing is left behind of an agent that is taken away."""

import pathlib
import signal
import subprocess

from tests.functional.agent import host, test_agent

NAMES = ('novadesktop.partition', 'nova-desktop-agent')


class RemovalTest(test_agent.AgentCase):
    def left(self) -> list[pathlib.Path]:
        """Give every group that the agent has made."""
        tops = host.CGROUPS.iterdir()
        own = [top / self.host.cgroups.parent for top in tops]
        return [
            top / name
            for top in own
            for name in NAMES
            if (top / name).exists()
        ]

    def hold(self) -> None:
        """Have the agent hold guests, and die of it."""
        self.host.serve()
        self.host.touch()
        self.host.quota_is(test_agent.ACTIVE_US)
        self.host.end(signal.SIGKILL)

    def test_groups_and_limits_are_gone(self) -> None:
        self.hold()
        self.assertGreater(len(self.left()), 5)
        done = self.host.run('--remove')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual([], self.left())
        # Once more there is nothing to do.
        self.assertEqual(0, self.host.run('--remove').returncode)
        self.assertEqual([], self.left())

    def test_refuses_while_guests_run(self) -> None:
        self.hold()
        guest = self.host.cgroups.guests / 'guest'
        guest.mkdir()
        with subprocess.Popen(['sleep', 'infinity']) as sleeper:
            self.addCleanup(sleeper.wait)
            self.addCleanup(sleeper.kill)
            (guest / 'cgroup.procs').write_text(str(sleeper.pid))
            done = self.host.run('--remove')
            self.assertEqual(1, done.returncode)
            self.assertIn('guests run in', done.stderr)
            self.assertEqual(test_agent.ACTIVE_US, self.host.cgroups.quota())
            sleeper.kill()
