# SPDX-License-Identifier: Apache-2.0
import argparse
import unittest

from benchmarks import monday_desks, monday_plan


class DesksTest(unittest.TestCase):
    def test_same_ones_each_time_and_no_uuid_twice(self) -> None:
        desks = monday_desks.make(50)
        self.assertEqual(desks, monday_desks.make(50))
        uuids = [desk.uuid for desk in desks]
        uuids += [guest.uuid for desk in desks for guest in desk.guests]
        self.assertEqual(len(uuids), len(set(uuids)))

    def test_guests_fit_while_away_and_not_beside_the_owner(self) -> None:
        for desk in monday_desks.make(50):
            away = monday_desks.told(desk, desk.away())
            back = monday_desks.told(desk, desk.back())
            for name, total in desk.totals.items():
                used = sum(guest.uses[name] for guest in desk.guests)
                self.assertLessEqual(used, total - away[name]['reserved'])
                self.assertEqual(total, back[name]['reserved'])

    def test_operator_keeps_memory(self) -> None:
        [desk] = monday_desks.make(1)
        reserved = monday_desks.provider(desk).reserved
        self.assertEqual(monday_desks.RESERVED_MIB, reserved['MEMORY_MB'])
        self.assertEqual(0, reserved['VCPU'])


class SharesTest(unittest.TestCase):
    def chosen(self, *words: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        monday_plan.options(parser)
        return parser.parse_args(words)

    def test_every_host_in_one_process_with_stock_hosts_last(self) -> None:
        chosen = self.chosen(
            *('--hosts', '7', '--stock-hosts', '3'),
            *('--processes', '2', '--parallel', '9', '--claims', '4'),
        )
        desks = monday_desks.make(10)
        parts = monday_plan.shares(chosen, desks)
        given = [desk for share, _plan in parts for desk in share]
        self.assertCountEqual(desks, given)
        for share, plan in parts:
            stock = share[len(share) - plan.stock :]
            self.assertTrue(all(desk in desks[7:] for desk in stock))
            self.assertEqual((4, 2.0), (plan.threads, plan.claims_per_s))
        self.assertEqual(3, sum(plan.stock for _share, plan in parts))

    def test_alone_means_nothing_beside(self) -> None:
        chosen = self.chosen('--alone', '--processes', '1')
        [(_desks, plan)] = monday_plan.shares(chosen, [])
        self.assertEqual(
            (0.0, 0.0, 0.0),
            (plan.claims_per_s, plan.leave_s, plan.tracked_percent),
        )
