# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.virt import requests
from tests.unit.virt import statuses

SMALL = model.Cap(cpus=1.0, memory_mib=512, admit=False)
DUE = statuses.status(SMALL, model.Presence.ACTIVE, reclaim_due=True)


class RequesterCase(unittest.TestCase):
    def setUp(self) -> None:
        self.said: model.Status | None = None
        self.used_mib = 2048
        self.client = mock.Mock()
        self.placement_follows = True
        self.now_s = 1000.0
        self.requester = requests.Requester(
            'desk1',
            lambda: self.said,
            lambda: self.used_mib,
            lambda: self.client,
            lambda: self.placement_follows,
            repeat_s=10.0,
            within_s=60.0,
            shutdown_within_s=90.0,
            clock=lambda: self.now_s,
        )

    def hear(self, said: model.Status | None) -> float | None:
        self.said = said
        return self.requester.step()

    def asked(self) -> list:
        return [call.args[0] for call in self.client.reclaim.mock_calls]


class RequesterTest(RequesterCase):
    def test_silence_asks_nothing(self) -> None:
        self.assertIsNone(self.hear(None))
        self.client.assert_not_called()

    def test_silence_after_a_due_reclaim_takes_nothing_back(self) -> None:
        self.hear(DUE)
        self.assertEqual(10.0, self.hear(None))
        first, second = self.asked()
        self.assertEqual(first, second)
        self.hear(statuses.status(SMALL))
        self.assertIsNone(self.hear(None))
        self.assertEqual(2, len(self.asked()))

    def test_service_that_does_not_hear_is_told_again(self) -> None:
        self.client.capacity_returned.return_value = False
        with self.assertLogs('nova_desktop.virt.requests') as said:
            self.assertEqual(10.0, self.hear(statuses.status()))
            self.requester.step()
        self.assertEqual(1, len(said.output))
        self.client.capacity_returned.return_value = True
        self.assertIsNone(self.requester.step())
        self.assertIsNone(self.requester.step())
        self.assertEqual(3, self.client.capacity_returned.call_count)

    def test_due_reclaim_is_asked_and_repeated(self) -> None:
        self.assertEqual(10.0, self.hear(DUE))
        self.assertEqual(10.0, self.requester.step())
        first, second = self.asked()
        self.assertEqual(first, second)
        self.assertEqual('desk1', first.host)
        self.assertEqual(512, first.keep_memory_mib)
        self.assertEqual(1.0, first.keep_cpus)

    def test_guests_within_the_cap(self) -> None:
        self.used_mib = 512
        self.assertEqual(10.0, self.hear(DUE))
        self.assertEqual([], self.asked())

    def test_next_time_is_another_request(self) -> None:
        self.hear(DUE)
        self.hear(statuses.status())
        self.hear(DUE)
        first, second = self.asked()
        self.assertNotEqual(first.request_id, second.request_id)

    def test_closed_but_not_due(self) -> None:
        self.assertIsNone(self.hear(statuses.status(SMALL)))
        self.client.assert_not_called()

    def test_capacity_is_returned_once(self) -> None:
        self.hear(DUE)
        self.hear(statuses.status())
        self.hear(statuses.status(forecast={5: 0.5}))
        self.assertEqual(1, self.client.capacity_returned.call_count)

    def test_capacity_returns_once_placement_knows(self) -> None:
        self.placement_follows = False
        self.hear(statuses.status())
        self.client.capacity_returned.assert_not_called()
        self.placement_follows = True
        self.requester.step()
        self.assertEqual(1, self.client.capacity_returned.call_count)

    def test_silence_between_returns_nothing_twice(self) -> None:
        self.hear(statuses.status())
        self.hear(None)
        self.hear(statuses.status())
        self.assertEqual(1, self.client.capacity_returned.call_count)

    def test_tenants_do_not_read_what_the_owner_does(self) -> None:
        told = 'a key or button was pressed less than 4 s ago'
        self.hear(statuses.status(SMALL, reclaim_due=True, reason=told))
        self.hear(statuses.status(reason=told))
        (asked,) = self.asked()
        (returned,) = self.client.capacity_returned.call_args.args
        self.assertNotIn('key', asked.reason + returned.reason)
        self.assertIn('owner', asked.reason)


LEAVES = statuses.status(SMALL, model.Presence.ACTIVE, departing='shutdown')
STAYS = statuses.status(SMALL, model.Presence.ACTIVE)


class ShutdownTest(RequesterCase):
    """The host is switched off, and its guests with it."""

    def test_nothing_may_stay(self) -> None:
        self.used_mib = 100
        self.assertEqual(10.0, self.hear(LEAVES))
        (asked,) = self.asked()
        self.assertEqual((0.0, 0), (asked.keep_cpus, asked.keep_memory_mib))
        self.assertTrue(asked.departs)
        self.assertEqual(90.0, asked.within_s)
        self.assertEqual('the workstation is being shut down', asked.reason)

    def test_the_time_that_is_left(self) -> None:
        self.hear(LEAVES)
        for self.now_s, left_s in ((1030.0, 60.0), (1091.0, 0.0)):
            self.requester.step()
            self.assertEqual(left_s, self.asked()[-1].within_s)
        self.assertEqual(1, len({each.request_id for each in self.asked()}))

    def test_no_guests(self) -> None:
        self.used_mib = 0
        self.hear(LEAVES)
        self.assertEqual([], self.asked())

    def test_an_agent_that_ends_takes_nothing_back(self) -> None:
        self.hear(LEAVES)
        self.assertEqual(10.0, self.hear(None))
        self.assertEqual(2, len(self.asked()))
        self.client.capacity_returned.assert_not_called()

    def test_asked_for_less_before(self) -> None:
        self.hear(DUE)
        self.hear(LEAVES)
        first, second = self.asked()
        self.assertNotEqual(first.request_id, second.request_id)
        self.assertEqual([False, True], [first.departs, second.departs])

    def test_cancelled(self) -> None:
        self.hear(LEAVES)
        self.client.capacity_returned.return_value = False
        with self.assertLogs('nova_desktop.virt.requests'):
            self.assertEqual(10.0, self.hear(STAYS))
        self.client.capacity_returned.return_value = True
        self.assertIsNone(self.requester.step())
        self.requester.step()
        self.assertEqual(2, self.client.capacity_returned.call_count)
        (told,) = self.client.capacity_returned.call_args.args
        self.assertIn('not shut down', told.reason)
        self.assertEqual(1, len(self.asked()))

    def test_cancelled_while_a_reclaim_is_due(self) -> None:
        self.hear(LEAVES)
        self.hear(DUE)
        self.assertEqual(1, self.client.capacity_returned.call_count)
        first, second = self.asked()
        self.assertNotEqual(first.request_id, second.request_id)
        self.assertEqual(
            (512, False), (second.keep_memory_mib, second.departs)
        )

    def test_sleep_asks_for_nothing(self) -> None:
        self.assertIsNone(self.hear(statuses.status(SMALL, departing='sleep')))
        self.assertEqual([], self.asked())
