# SPDX-License-Identifier: Apache-2.0
"""A worker is killed at each step of each action, and another one goes on."""

import threading

from nova_desktop import model
from nova_desktop.reclaim import grace, progress
from tests.functional.schedules import base
from tests.unit.reclaim import faults

NOTICE_S = 60
DOWN_S = 7

NAMES = {
    model.ReclaimAction.LIVE_MIGRATE: 'live-migration',
    model.ReclaimAction.COLD_MIGRATE: 'migrate',
    model.ReclaimAction.REBUILD: 'shelve',
}
"""What Nova calls an action where it is not our own word."""


def killed(method, after=False):
    return lambda cloud: faults.Plan('killed', method, after=after)


def killed_under_way(cloud):
    """Kill at the first look at what was asked for."""
    then = faults.Plan('killed', 'server')
    return faults.Plan(
        method='act', meanwhile=lambda: cloud.plans.append(then)
    )


STEPS = {
    'planning': killed('servers_of'),
    'planned': killed('servers_of', after=True),
    'giving notice': killed('set_metadata'),
    'notice given': killed('set_metadata', after=True),
    'in the grace': killed('server'),
    're-check': killed('provider'),
    'act': killed('act'),
    'act asked': killed('act', after=True),
    'act under way': killed_under_way,
    'nudge': killed('nudge'),
    'nudged': killed('nudge', after=True),
    'confirming': killed('held_on'),
    'ending the notice': killed('delete_metadata'),
    'notice ended': killed('delete_metadata', after=True),
}
"""At what step the first worker is killed."""

NOT_TAKEN = {
    model.ReclaimAction.LIVE_MIGRATE: {'nudge', 'nudged'},
    # Nova lets nobody change the metadata of what is shelved.
    model.ReclaimAction.SHELVE: {'nudge', 'nudged', 'notice ended'},
    model.ReclaimAction.REBUILD: {'notice ended'},
    model.ReclaimAction.STOP: {'nudge', 'nudged', 'confirming'},
    model.ReclaimAction.SUSPEND: {'nudge', 'nudged', 'confirming'},
    model.ReclaimAction.DELETE: {'nudge', 'nudged'},
}
"""Steps that an action does without."""


class MatrixTest(base.ScheduleTest):
    """One test for each action, over all steps."""

    def setUp(self) -> None:
        super().setUp()
        self.alive = None
        self.acts = []

    def start_worker(self):
        self.alive = self.worker()
        self.alive.cloud.heard = self.hear
        return self.alive

    def hear(self, name, args):
        self.calls.append((self.nova_clock.now, name))

    def play(self, action, plan):
        """Evict a server, with a worker killed meanwhile; say if it was."""
        self.calls = []
        self.lend('desk1', 8192)
        server_id = self.boot(action.value, notice=NOTICE_S)
        self.lend('desk1', 0)
        for turn in range(1, 30):
            self.nova_clock.at(10 * turn, self.ask_again)
        first = self.start_worker()
        first.cloud.plans.append(plan(first.cloud))
        was_killed = self.run_alive()
        if was_killed:
            self.alive = None
            self.nova_clock.wait(threading.Event(), DOWN_S)
            self.start_worker()
            self.assertFalse(self.run_alive())
        # A confirmation at the first look, the metadata at the second.
        for _ in range(2):
            self.alive.leftovers.look()
            self.held.release(everything=True)
        self.check(action, server_id)
        self.nova_clock.plans.clear()
        if self.cloud.server(server_id):
            self.admin_api.delete_server(server_id)
            self.held.release(everything=True)
        return was_killed

    def ask_again(self):
        if self.alive:
            self.alive.ask()

    def run_alive(self):
        try:
            self.alive.ask()
            self.alive.run()
        except faults.Killed:
            return True
        return False

    def times(self, name):
        return [when for when, each in self.calls if each == name]

    def check(self, action, server_id):
        now = self.cloud.server(server_id)
        self.assertTrue(progress.has_left(now, 'desk1'), 'forgotten')
        name = NAMES.get(action, action.value)
        done = [r.action for r in self.cloud.actions(server_id)]
        self.assertEqual(1, done.count(name), done)
        noticed, acted = self.times('set_metadata')[0], self.times('act')[-1]
        self.assertGreaterEqual(acted - noticed, NOTICE_S)
        self.assertLess(acted - noticed, NOTICE_S + DOWN_S + 5)
        self.assert_allocations_clean()
        self.assertEqual(0, self.alive.hosts.under_way())
        self.assertIsNone(self.alive.table.get(server_id))
        if now and now.host:
            self.assertNotIn(grace.KEY, now.metadata)


def _make(action):
    def test(self):
        not_taken = set()
        for name, plan in STEPS.items():
            with self.subTest(step=name):
                if not self.play(action, plan):
                    not_taken.add(name)
        self.assertEqual(NOT_TAKEN.get(action, set()), not_taken)

    return test


for _action in model.ReclaimAction:
    _name = _action.value.replace('-', '_')
    setattr(MatrixTest, f'test_{_name}', _make(_action))
