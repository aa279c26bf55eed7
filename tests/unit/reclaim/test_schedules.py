# SPDX-License-Identifier: Apache-2.0

import json
import unittest

import hypothesis
from hypothesis import stateful

from nova_desktop import model
from nova_desktop.reclaim import grace
from tests.unit.reclaim import fakes, faults, schedules

SCHEDULES = 150


class World:
    """A cloud in memory, in which desk1 asks and desk2 takes what leaves."""

    hosts = ('desk1', 'desk2')
    asking = ('desk1',)

    def __init__(self):
        self.clock = schedules.Clock()
        self.cloud = fakes.Cloud(self.clock)
        self.cloud.unshelved_to = 'desk2'

    def work(self):
        """What was begun ends by itself as time passes."""

    def service(self, **changes):
        return fakes.Service(faults.Cloud(self.cloud, self.clock), **changes)

    def boot(self, actions, notice_s, preemptible):
        specs = fakes.specs(actions, notice_s) if preemptible else {}
        number = len(self.cloud.servers)
        server = fakes.server(f's{number}', extra_specs=specs)
        self.cloud.servers[server.id] = server
        return server.id

    def lend(self, host, memory_mib):
        self.cloud.reserved_mib = self.cloud.total_mib - memory_mib

    def tenant(self, server_id, what):
        server = self.cloud.servers.get(server_id)
        if server is None:
            return
        states = {
            'stop': ('active', 'stopped'),
            'start': ('stopped', 'active'),
        }
        if what == 'delete':
            del self.cloud.servers[server_id]
        elif what in states and not server.task_state:
            before, after = states[what]
            if server.vm_state == before:
                self.cloud.change(server_id, vm_state=after)
        elif what == 'ack':
            self.put(server, grace.ACK_KEY, 'yes')
        elif what == 'forge':
            self.put(server, grace.KEY, forged(server, self.clock))
        elif what == 'wipe':
            self.cloud.change(server_id, metadata={})

    def put(self, server, key, value):
        metadata = {**server.metadata, key: value}
        self.cloud.change(server.id, metadata=metadata)

    def fail_a_migration(self):
        self.cloud.outcomes[model.ReclaimAction.LIVE_MIGRATE] = 'fails'

    def mend(self):
        self.cloud.outcomes.clear()

    def check_clean(self):
        """Nothing is counted here."""

    def end(self):
        """Nothing outlives a schedule here."""


def forged(server, clock):
    """Give a server's notice with a deadline that is over."""
    fields = grace.parse(server.metadata.get(grace.KEY))
    return json.dumps({**fields, 'deadline': clock.unix() - 1})


class Machine(schedules.Machine):
    make_world = World


class ScheduleTest(unittest.TestCase):
    def test_any_schedule(self):
        stateful.run_state_machine_as_test(
            Machine,
            settings=hypothesis.settings(
                max_examples=SCHEDULES, stateful_step_count=15
            ),
        )
