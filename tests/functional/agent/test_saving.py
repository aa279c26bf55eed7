# SPDX-License-Identifier: Apache-2.0
"""A shutdown waits for guests: a real bus, real guests, the unit's command."""

import subprocess
import time
from typing import Any

from tests.functional.agent import test_departing


class SavingTest(test_departing.DepartingCase):
    def setUp(self) -> None:
        super().setUp()
        self.serve()

    def shut_down(self) -> None:
        self.logind.announce('PrepareForShutdown', True)
        self.logind.wait(held=False)
        self.logind.system_state = 'stopping'

    def wait_saved(self) -> subprocess.Popen[Any]:
        waiting = self.command(
            '--wait-saved',
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(waiting.wait)
        self.addCleanup(waiting.kill)
        return waiting

    def said(self, waiting: subprocess.Popen[Any]) -> str:
        text, _ = waiting.communicate(timeout=30)
        self.assertEqual(0, waiting.returncode, text)
        return str(text)

    def test_until_the_last_one_has_left(self) -> None:
        first, last = self.boot(*'ab')
        self.shut_down()
        waiting = self.wait_saved()
        assert waiting.stdout is not None
        said = (line for line in waiting.stdout if 'still run' in line)
        self.assertIn(first.UUIDString(), next(said))
        first.destroy()
        self.assertNotIn(first.UUIDString(), next(said))
        began_s = time.monotonic()
        last.destroy()
        self.assertIn('no guest', self.said(waiting))
        # By the event, not by the next look.
        self.assertLess(time.monotonic() - began_s, 4)

    def test_no_longer_than_its_time(self) -> None:
        self.boot('a')
        with self.config.open('a') as file:
            file.write('save_s = 3\n')
        self.shut_down()
        began_s = time.monotonic()
        self.assertIn('no more time', self.said(self.wait_saved()))
        self.assertGreater(time.monotonic() - began_s, 3)

    def test_mere_stop_of_the_unit(self) -> None:
        self.boot('a')
        text = self.said(self.wait_saved())
        self.assertIn('not being shut down', text)

    def test_shutdown_of_which_nobody_was_told(self) -> None:
        self.boot('a')
        self.logind.system_state = 'stopping'
        self.assertIn('announced no shutdown', self.said(self.wait_saved()))
        self.kill()
        self.assertIn('nobody was told', self.said(self.wait_saved()))

    def test_nobody_saves_who_is_fenced(self) -> None:
        self.boot('a')
        self.ask('Fence', 'the control plane is not seen')
        self.shut_down()
        self.assertIn('no guest', self.said(self.wait_saved()))
