# SPDX-License-Identifier: Apache-2.0
"""The owner of the workstation."""

import os
import time
from collections.abc import Mapping

from tests.chaos import actor

CPUS = os.cpu_count() or 1
ACTIVE_US = round(0.02 * CPUS * 100_000)
LEAVING_US = 50_000
_IN_FORCE_S = 2.0
# What was written by hand is found by the next look at the slice.
_MEDDLED_S = 0.5


class Owner(actor.Actor):
    """Comes and goes, and has a say."""

    name = 'owner'
    pause_s = (0.05, 0.8)

    def actions(self) -> Mapping[actor.Action, int]:
        """Give what can be done, and how often."""
        return {
            self.key: 8,
            self.mouse: 4,
            self.rest: 4,
            self.lock: 2,
            self.unlock: 2,
            self.log_out: 1,
            self.say_pause: 2,
            self.say_resume: 3,
            self.say_lend: 1,
        }

    def key(self) -> None:
        """Come back, and see how soon guests are held."""
        at = self.rig
        generation = at.generation
        looser = at.desk.quota() > max(ACTIVE_US, LEAVING_US)
        began_s = time.monotonic()
        at.desk.press()
        if not looser or at.lends is not False:
            return
        while at.desk.quota() > max(ACTIVE_US, LEAVING_US):
            apart = not at.ready.is_set() or generation != at.generation
            if apart or at.meddled_s > began_s - _MEDDLED_S:
                return
            if time.monotonic() > began_s + _IN_FORCE_S:
                return at.violate('a key, and guests are not held')
            time.sleep(0.0003)
        if at.ready.is_set() and generation == at.generation:
            at.took('key_to_limit', began_s)

    def mouse(self) -> None:
        """Move it."""
        self.rig.desk.press(self.rig.desk.mouse)

    def rest(self) -> None:
        """Do nothing for longer than it takes to count as away."""
        self.over.wait(1.0)

    def lock(self) -> None:
        """Lock the session."""
        self.rig.desk.lock(True)

    def unlock(self) -> None:
        """Unlock it."""
        self.rig.desk.lock(False)

    def log_out(self) -> None:
        """Log out, or in again."""
        if self.rig.desk.session:
            self.rig.desk.log_out()
        else:
            self.rig.desk.log_in()

    def say_pause(self) -> None:
        """Have nothing lent."""
        self.say('Pause', False, 't', 0)

    def say_resume(self) -> None:
        """End a pause or a lending."""
        self.say('Resume', False)

    def say_lend(self) -> None:
        """Lend in the middle of the work."""
        self.say('Lend', True, 't', 0)

    def say(
        self, member: str, lends: bool, signature: str = '', *body: int
    ) -> None:
        """Say it; without an answer nobody knows whether it was heard."""
        before, self.rig.lends = self.rig.lends, None
        if self.rig.desk.say(member, signature, *body):
            self.rig.lends = lends
        else:
            self.rig.note(f'owner {member} had no answer')
            self.rig.lends = before if before is lends else None
