# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.virt import push
from tests.unit.virt import statuses

UUID = 'b38a3f43-4be2-4046-897f-b67c2f5e0147'
PROVIDER = push.Provider(UUID, {'VCPU': 0})
HALF = model.Cap(cpus=4.0, memory_mib=1, admit=True)


class FakePlacement:
    """Keep one provider's inventory as Placement does."""

    def __init__(self) -> None:
        self.generation = 1
        self.inventories = {'VCPU': {'total': 8, 'reserved': 0}}
        self.puts: list[int] = []
        self.others_write = 0
        self.statuses: list[int] = []
        self.invalidated: list[str] = []

    def get(self, url, version, global_request_id):
        assert UUID in url
        found = {
            'resource_provider_generation': self.generation,
            'inventories': self.inventories,
        }
        if self.others_write:
            self.others_write -= 1
            self.generation += 1
        return mock.Mock(status_code=200, json=lambda: dict(found))

    def put(self, url, payload, version, global_request_id):
        if self.statuses:
            return mock.Mock(status_code=self.statuses.pop(0), text='no')
        if payload['resource_provider_generation'] != self.generation:
            return mock.Mock(status_code=409)
        self.generation += 1
        self.inventories = payload['inventories']
        self.puts.append(self.inventories['VCPU']['reserved'])
        return mock.Mock(status_code=200)

    def invalidate_resource_provider(self, uuid, cacheonly) -> None:
        assert cacheonly
        self.invalidated.append(uuid)


class PusherTest(unittest.TestCase):
    def setUp(self) -> None:
        self.placement = FakePlacement()
        self.cap = model.NOTHING
        self.pusher = push.Pusher(
            lambda: self.placement, lambda: self.cap, 0.5, 2.0
        )

    def hear(self, cap: model.Cap) -> None:
        self.cap = cap
        self.pusher.cap_heard()

    def known(self) -> None:
        self.pusher.providers_known([PROVIDER], self.pusher.changes())

    def test_nothing_before_the_provider_is_known(self) -> None:
        self.hear(HALF)
        self.assertIsNone(self.pusher.step())
        self.assertEqual([], self.placement.puts)

    def test_what_the_first_update_writes_is_not_pushed(self) -> None:
        self.hear(HALF)
        self.known()
        self.assertIsNone(self.pusher.step())
        self.assertEqual([], self.placement.puts)

    def test_what_comes_during_the_first_update_is_pushed(self) -> None:
        changes = self.pusher.changes()
        self.hear(HALF)
        self.pusher.providers_known([PROVIDER], changes)
        self.pusher.step()
        self.assertEqual([4], self.placement.puts)

    def test_latest_value_wins_and_storms_collapse(self) -> None:
        self.known()
        for cpus in range(8):
            self.hear(model.Cap(float(cpus), 1, admit=True))
        self.assertIsNone(self.pusher.step())
        self.assertIsNone(self.pusher.step())
        self.assertEqual([1], self.placement.puts)

    def test_there_and_back_is_written(self) -> None:
        self.known()
        self.hear(HALF)
        self.hear(model.NOTHING)
        self.pusher.step()
        self.assertEqual([8], self.placement.puts)

    def test_same_cap_again_is_not(self) -> None:
        self.known()
        self.hear(model.NOTHING)
        self.pusher.step()
        self.assertEqual([], self.placement.puts)

    def test_conflicts_are_retried_with_growing_waits(self) -> None:
        self.known()
        self.hear(HALF)
        self.placement.others_write = 5
        waits = [self.pusher.step() for _ in range(6)]
        self.assertEqual([0.5, 1.0, 2.0, 2.0, 2.0, None], waits)
        self.assertEqual([4], self.placement.puts)

    def test_provider_without_inventory_is_waited_for(self) -> None:
        self.known()
        self.hear(HALF)
        self.placement.inventories = {}
        self.assertEqual(0.5, self.pusher.step())
        self.assertEqual([], self.placement.puts)

    def test_failure_is_logged_once_and_retried(self) -> None:
        self.known()
        self.hear(HALF)
        self.placement.statuses = [500, 503]
        with self.assertLogs('nova_desktop.virt.push', 'ERROR') as said:
            self.assertEqual(0.5, self.pusher.step())
            self.assertEqual(1.0, self.pusher.step())
        self.assertEqual(1, len(said.output))
        self.assertIsNone(self.pusher.step())
        self.assertEqual([4], self.placement.puts)

    def test_tracker_forgets_its_copy_after_failures_too(self) -> None:
        self.known()
        self.hear(HALF)
        with mock.patch.object(self.placement, 'put', side_effect=OSError):
            self.pusher.step()
        self.assertEqual([UUID], self.placement.invalidated)

    def test_change_during_a_write_is_written_next(self) -> None:
        self.known()
        self.hear(HALF)
        put = self.placement.put

        def put_and_hear(*args, **kwargs):
            self.hear(statuses.LENT)
            return put(*args, **kwargs)

        with mock.patch.object(self.placement, 'put', put_and_hear):
            self.pusher.step()
        self.pusher.step()
        self.assertEqual([4, 6], self.placement.puts)
