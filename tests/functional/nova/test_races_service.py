# SPDX-License-Identifier: Apache-2.0
"""An agent that is silent or late, and a nova-compute that starts again."""

import threading
from unittest import mock

from nova.scheduler.client import report

from nova_desktop import model
from tests.functional.nova import base, fake_agent


class SilentAgentTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(agent_first_answer_s=0.0, group='desktop')
        self.start_workstation('desk1', first=None)

    def test_silent_from_the_start_takes_nothing(self) -> None:
        self.boot(expected_state='ERROR')
        self.start_workstation('desk2')
        self.assertEqual('desk2', self.host_of(self.boot()))

    def test_late_agent_opens_the_host(self) -> None:
        self.boot(expected_state='ERROR')
        # Placement knows at once, without a periodic update.
        self.say('desk1', fake_agent.AWAY)
        self.wait_pushed('desk1')
        self.assertEqual('desk1', self.host_of(self.boot()))


class RestartTest(base.DesktopTestBase):
    def restart(self, name: str, first: model.Status | None) -> list[dict]:
        """Start nova-compute again; give the inventories that it writes."""
        written: list[dict] = []
        stock = report.SchedulerReportClient.put

        def put(client, url, data, *args, **kwargs):
            if url.endswith('/inventories'):
                written.append(data['inventories'])
            return stock(client, url, data, *args, **kwargs)

        fake_agent.FakeWatcher.first = first
        with mock.patch.object(report.SchedulerReportClient, 'put', put):
            self.restart_compute_service(name)
        return written

    def test_restart_while_the_owner_is_back(self) -> None:
        self.start_workstation('desk1', 'desk2')
        server = self.boot(host='desk1')
        old = self.watcher('desk1')
        self.close('desk1')
        written = self.restart('desk1', fake_agent.AT_WORK)
        # Not for a moment does Placement offer the host.
        for inventory in written:
            for each in inventory.values():
                self.assertEqual(each['total'], each['reserved'])
        self.assertTrue(old.stopped)
        self.assertEqual('desk2', self.host_of(self.boot()))
        self.assertEqual('desk1', self.host_of(server))
        self.assert_used('desk1', 1024)

    def test_owner_comes_back_while_nova_compute_is_away(self) -> None:
        self.start_workstation('desk1', 'desk2')
        total = self.inventory('desk1')['VCPU']['total']
        self.assertEqual(total - 6, self.reserved('desk1')['VCPU'])
        written = self.restart('desk1', fake_agent.AT_WORK)
        self.assertEqual(
            [total], [each['VCPU']['reserved'] for each in written]
        )
        self.assertEqual('desk2', self.host_of(self.boot()))

    def test_what_the_scheduler_reads_is_there_again(self) -> None:
        said = fake_agent.status(forecast={5: 0.75, 60: 0.5})
        self.start_workstation('desk1', first=said)
        before = self.node('desk1').stats
        self.assertEqual('0.75', before['desktop_forecast_5'])
        self.restart('desk1', said)
        self.assertEqual(before, self.node('desk1').stats)

    def test_restart_in_the_middle_of_a_build(self) -> None:
        self.start_workstation('desk1')
        building, killed = threading.Event(), threading.Event()
        self.addCleanup(killed.set)

        def stand_still(name: str) -> None:
            building.set()
            killed.wait()
            raise SystemExit

        self.before('prepare_for_spawn', stand_still)
        body = self._build_server(flavor_id=self.flavor_id, networks='none')
        server = self.api.post_server({'server': body})
        self.assertTrue(building.wait(30.0))
        self.restart('desk1', fake_agent.AWAY)
        # Nova gives up what nobody builds any more; what the server holds
        # is released with it.
        self._wait_for_state_change(server, 'ERROR', wait_for_fault_key=False)
        self.assert_used('desk1', 1024)
        killed.set()
        self._delete_server(server)
        self.assert_used('desk1', 0)
        self.boot()
