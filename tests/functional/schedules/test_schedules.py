# SPDX-License-Identifier: Apache-2.0
"""Random schedules with Nova's real API, services and Placement.

``NOVA_DESKTOP_SEED`` (a number) chooses other schedules than the usual ones.
"""

import os

import fixtures
import hypothesis
from hypothesis import stateful
from nova.tests.functional.api import client

from nova_desktop.reclaim import grace
from tests.functional.schedules import base
from tests.unit.reclaim import schedules, test_schedules

SEED = int(os.environ.get('NOVA_DESKTOP_SEED', '1'))
# Nova's fixtures get slower with all that they remember: each part has new
# ones.
PARTS = 10
SCHEDULES = 20

_ACTIONS = {'stop': 'os-stop', 'start': 'os-start', 'lock': 'lock'}


class World:
    """A cloud that lasts for all schedules; each has servers of its own."""

    hosts = base.HOSTS
    asking = base.HOSTS[:2]

    def __init__(self, test) -> None:
        self._test = test
        self.clock, self.cloud = test.nova_clock, test.cloud
        self.clock.plans.clear()
        self.service = test.worker
        self.servers: list[str] = []
        self._lent: set[str] = set()
        test.held.takes_s = 2.0

    def work(self) -> None:
        self._test.held.release()

    def boot(self, actions, notice_s, preemptible) -> str:
        server_id = self._test.boot(
            actions, notice=notice_s, preemptible=preemptible
        )
        self.servers.append(server_id)
        return server_id

    def lend(self, host, memory_mib) -> None:
        self._lent.add(host)
        self._test.lend(host, memory_mib)

    def tenant(self, server_id, what) -> None:
        server = self.cloud.server(server_id)
        if server is None:
            return
        try:
            self._tenant(server, what)
        except client.OpenStackApiException as error:
            # Nova refuses what the server's state does not allow.
            if error.response.status_code not in (404, 409):
                raise

    def _tenant(self, server, what) -> None:
        api = self._test.admin_api
        if what == 'delete':
            api.delete_server(server.id)
        elif what in _ACTIONS:
            api.post_server_action(server.id, {_ACTIONS[what]: None})
        elif what == 'ack':
            self._put(server, grace.ACK_KEY, 'yes')
        elif what == 'forge':
            forged = test_schedules.forged(server, self.clock)
            self._put(server, grace.KEY, forged)
        elif what == 'wipe':
            for key in server.metadata:
                api.api_delete(f'/servers/{server.id}/metadata/{key}')

    def _put(self, server, key, value) -> None:
        body = {'metadata': {key: value}}
        self._test.admin_api.post_server_metadata(server.id, body['metadata'])

    def fail_a_migration(self) -> None:
        self._test.failing = True

    def mend(self) -> None:
        self._test.failing = False

    def check_clean(self) -> None:
        self._test.held.release(everything=True)
        self._test.assert_allocations_clean()

    def end(self) -> None:
        self._test.held.release(everything=True)
        for server_id in self.servers:
            if self.cloud.server(server_id) is not None:
                self._test.admin_api.delete_server(server_id)
        self._test.held.release(everything=True)
        for host in self._lent:
            self._test.lend(host, 8192)


class ScheduleTest(base.ScheduleTest):
    def setUp(self) -> None:
        super().setUp()
        self.failing = False
        stock = 'nova.virt.fake.FakeDriver.live_migration'
        self.useFixture(fixtures.MonkeyPatch(stock, self._migration()))

    def _migration(self):
        test = self

        def live_migration(
            driver,
            context,
            instance,
            dest,
            post_method,
            recover_method,
            block_migration=False,
            migrate_data=None,
        ):
            if test.failing:
                test.failing = False
                recover_method(context, instance, dest, migrate_data)
                return
            post_method(context, instance, dest, block_migration, migrate_data)

        return live_migration

    def play(self, seed) -> None:
        class Machine(schedules.Machine):
            make_world = staticmethod(lambda: World(self))

        stateful.run_state_machine_as_test(
            hypothesis.seed(seed)(Machine),
            settings=hypothesis.settings(
                max_examples=SCHEDULES,
                stateful_step_count=15,
                database=None,
                deadline=None,
                # Looking for a smaller one would take an hour.
                phases=[hypothesis.Phase.generate],
                suppress_health_check=list(hypothesis.HealthCheck),
            ),
        )


def _make(part):
    def test(self):
        """Nobody is lost, evicted twice or without notice."""
        self.play(SEED * PARTS + part)

    return test


for _part in range(PARTS):
    setattr(ScheduleTest, f'test_part_{_part}', _make(_part))
