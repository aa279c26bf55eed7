# SPDX-License-Identifier: Apache-2.0
import datetime
from unittest import mock

from nova import context
from nova.db.main import api as db
from nova.virt.libvirt import guest as libvirt_guest
from oslo_utils import timeutils

from nova_desktop import model
from tests.functional.nova import base, fake_agent

AWAY_LONG = {5: 0.99, 15: 0.95, 60: 0.9, 240: 0.8}
AWAY_SHORT = {5: 0.9, 15: 0.5, 60: 0.1, 240: 0.0}


class SchedulingTest(base.DesktopTestBase):
    def tell(self, host: str, said: model.Status | None) -> None:
        """Have an agent speak and the scheduler hear of it."""
        self.watcher(host).say(said)
        self.update(host)

    def test_guest_runs_in_the_partition(self) -> None:
        self.start_workstation('desk1')
        create = libvirt_guest.Guest.create
        with mock.patch.object(
            libvirt_guest.Guest, 'create', side_effect=create
        ) as created:
            self.boot()
        xml = created.call_args.args[0]
        self.assertIn('<partition>/novadesktop</partition>', xml)

    def test_other_flavors_stay_off_workstations(self) -> None:
        self.start_workstation('desk1')
        plain = self._create_flavor(memory_mb=1024, vcpu=1, disk=1)
        self.boot(flavor_id=plain, expected_state='ERROR')

    def test_other_flavors_run_in_the_data_centre(self) -> None:
        self.start_workstation('desk1')
        self.start_stock('rack1')
        plain = self._create_flavor(memory_mb=1024, vcpu=1, disk=1)
        self.assertEqual('rack1', self.host_of(self.boot(flavor_id=plain)))

    def test_preemptible_flavor_stays_off_the_data_centre(self) -> None:
        self.start_stock('rack1')
        self.boot(expected_state='ERROR')

    def test_preemptible_flavor_may_run_in_the_data_centre(self) -> None:
        self.flags(allow_in_data_centre=True, group='desktop')
        self.start_stock('rack1')
        self.assertEqual('rack1', self.host_of(self.boot()))

    def test_guest_larger_than_the_cap_is_refused(self) -> None:
        self.start_workstation('desk1')
        self.tell(
            'desk1',
            fake_agent.status(model.Cap(cpus=2.0, memory_mib=8192, admit=1)),
        )
        # Placement has 2 CPUs times an allocation ratio of 4.
        large = self._create_flavor(
            memory_mb=1024, vcpu=3, disk=1, extra_spec=base.PREEMPTIBLE
        )
        self.boot(flavor_id=large, expected_state='ERROR')

    def test_host_that_has_had_no_news_for_days_is_taken(self) -> None:
        self.start_workstation('desk1')
        node = self.node('desk1')
        before = timeutils.utcnow() - datetime.timedelta(days=3)
        with mock.patch.object(timeutils, 'utcnow', return_value=before):
            db.compute_node_update(context.get_admin_context(), node.id, {})
        # Nova writes the record only when something in it has changed.
        self.update('desk1')
        self.assertEqual(before.day, self.node('desk1').updated_at.day)
        self.boot()

    def test_longest_free_host_wins(self) -> None:
        for name in ('desk1', 'desk2', 'desk3'):
            self.start_workstation(name)
        self.tell('desk1', fake_agent.status(forecast=AWAY_SHORT))
        self.tell('desk2', fake_agent.status(forecast=AWAY_LONG))
        self.tell('desk3', fake_agent.status(forecast=AWAY_SHORT))
        self.assertEqual('desk2', self.host_of(self.boot()))

    def test_multiplier_turns_it_round(self) -> None:
        self.flags(free_time_weight_multiplier=-1.0, group='desktop')
        self.start_workstation('desk1')
        self.start_workstation('desk2')
        self.tell('desk1', fake_agent.status(forecast=AWAY_SHORT))
        self.tell('desk2', fake_agent.status(forecast=AWAY_LONG))
        self.assertEqual('desk1', self.host_of(self.boot()))

    def test_forecast_too_short_for_the_runtime(self) -> None:
        self.start_workstation('desk1')
        self.tell('desk1', fake_agent.status(forecast=AWAY_SHORT))
        long = self._create_flavor(
            memory_mb=1024,
            vcpu=1,
            disk=1,
            extra_spec={**base.PREEMPTIBLE, 'desktop:runtime': '60'},
        )
        self.boot(flavor_id=long, expected_state='ERROR')
