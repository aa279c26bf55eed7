# SPDX-License-Identifier: Apache-2.0

import unittest

from nova_desktop import model
from nova_desktop.policy import cost

A = model.ReclaimAction
RATES = cost.Rates(link_mib_per_s=100, disk_mib_per_s=50)


class CostTest(unittest.TestCase):
    guest = model.Candidate(
        server_id='a',
        tolerance=model.Tolerance(preemptible=True),
        vcpus=1,
        memory_mib=2000,
        unsaved_s=300.0,
        disk_gib=10,
    )

    def test_each_action(self):
        for action, seconds in (
            (A.LIVE_MIGRATE, 20),
            (A.COLD_MIGRATE, 300 + 10240 / 50),
            (A.SUSPEND, 40),
            (A.SHELVE, 300 + 10240 / 50),
            (A.STOP, 300),
            (A.REBUILD, 300 + 10240 / 50),
            (A.DELETE, 300),
        ):
            self.assertEqual(
                seconds, cost.seconds(self.guest, action, RATES), action
            )

    def test_every_action_is_known(self):
        self.assertEqual(
            {A.LIVE_MIGRATE, A.SUSPEND},
            {action for action in A if not cost.loses_work(action)},
        )

    def test_a_disk_moves_at_the_slower_rate(self):
        slow = cost.Rates(link_mib_per_s=10, disk_mib_per_s=50)
        self.assertEqual(300 + 1024, cost.seconds(self.guest, A.SHELVE, slow))
