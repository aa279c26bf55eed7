# SPDX-License-Identifier: Apache-2.0
from unittest import mock

from nova_desktop import model
from tests.functional.nova import base, fake_agent


class InventoryTest(base.DesktopTestBase):
    def setUp(self) -> None:
        super().setUp()
        self.start_workstation('desk1')
        self.total = {
            name: each['total']
            for name, each in self.inventory('desk1').items()
        }

    def wait_reserved(self, **wanted: int) -> None:
        def check() -> None:
            found = self.reserved('desk1')
            self.assertEqual(wanted, {name: found[name] for name in wanted})

        self._wait_for_assert(check, max_retries=50, sleep=0.1)

    def withheld(self, cpus: int, memory_mib: int) -> dict[str, int]:
        return {
            'VCPU': self.total['VCPU'] - cpus,
            'MEMORY_MB': self.total['MEMORY_MB'] - memory_mib,
        }

    def test_first_update_tells_the_cap(self) -> None:
        self.wait_reserved(**self.withheld(6, 8192))
        self.assertIn(
            'CUSTOM_DESKTOP',
            self._get_provider_traits(self.compute_rp_uuids['desk1']),
        )

    def test_cap_is_pushed_without_a_periodic_update(self) -> None:
        cap = model.Cap(cpus=2.5, memory_mib=1024, admit=True)
        self.watcher('desk1').say(fake_agent.status(cap))
        self.wait_reserved(**self.withheld(2, 1024))

    def test_only_reserved_moves(self) -> None:
        before = self.inventory('desk1')
        self.watcher('desk1').say(fake_agent.AT_WORK)
        self.wait_reserved(**self.total)
        after = self.inventory('desk1')
        for each in (*before.values(), *after.values()):
            each.pop('reserved')
        self.assertEqual(before, after)

    def test_silent_agent_reserves_all(self) -> None:
        self.watcher('desk1').say(None)
        self.wait_reserved(**self.total)

    def test_there_and_back_within_a_period(self) -> None:
        self.watcher('desk1').say(fake_agent.AT_WORK)
        self.wait_reserved(**self.total)
        self.watcher('desk1').say(fake_agent.status())
        self.wait_reserved(**self.withheld(6, 8192))
        self.update('desk1')
        self.wait_reserved(**self.withheld(6, 8192))

    def test_periodic_update_keeps_what_was_pushed(self) -> None:
        self.watcher('desk1').say(fake_agent.AT_WORK)
        self.wait_reserved(**self.total)
        self.update('desk1')
        self.wait_reserved(**self.total)

    def test_cap_moves_while_the_tracker_updates(self) -> None:
        driver = self.driver('desk1')
        stock = driver.update_provider_tree
        asked = []

        def slow(tree, node, allocations=None):
            asked.append(node)
            if len(asked) == 1:
                half = model.Cap(cpus=3.0, memory_mib=4096, admit=True)
                self.watcher('desk1').say(fake_agent.status(half))
            stock(tree, node, allocations)
            if len(asked) == 1:
                # The tracker holds a cap that it has not written yet.
                self.watcher('desk1').say(fake_agent.AT_WORK)
                self.wait_reserved(**self.total)

        with mock.patch.object(driver, 'update_provider_tree', slow):
            self.update('desk1')
        self.assertEqual(2, len(asked))
        self.wait_reserved(**self.total)

    def test_there_and_back_while_the_tracker_updates(self) -> None:
        driver = self.driver('desk1')
        stock = driver.update_provider_tree
        asked = []

        def slow(tree, node, allocations=None):
            asked.append(node)
            if len(asked) == 1:
                self.watcher('desk1').say(fake_agent.AT_WORK)
            stock(tree, node, allocations)
            if len(asked) == 1:
                self.watcher('desk1').say(fake_agent.status())
                self.wait_pushed()

        with mock.patch.object(driver, 'update_provider_tree', slow):
            self.update('desk1')
        self.wait_reserved(**self.withheld(6, 8192))

    def wait_pushed(self) -> None:
        pusher = self.driver('desk1').desktop._pusher

        def check() -> None:
            self.assertEqual(pusher._changes, pusher._pushed)

        self._wait_for_assert(check, max_retries=50, sleep=0.1)

    def test_placement_away_is_tried_until_it_is_back(self) -> None:
        report = self.driver('desk1').virtapi.reportclient
        with mock.patch.object(report, 'put', side_effect=OSError('away')):
            self.watcher('desk1').say(fake_agent.AT_WORK)
            self._wait_for_assert(
                lambda: self.assertGreater(report.put.call_count, 1),
                max_retries=50,
                sleep=0.1,
            )
        self.wait_reserved(**self.total)

    def test_stats_reach_the_compute_node(self) -> None:
        self.watcher('desk1').say(
            fake_agent.status(forecast={5: 0.987, 60: 0.5})
        )
        self.update('desk1')
        node = self.node('desk1')
        self.assertEqual('away', node.stats['desktop_presence'])
        self.assertEqual('True', node.stats['desktop_admit'])
        self.assertEqual('0.99', node.stats['desktop_forecast_5'])
