# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop.weighers import history
from tests.unit.weighers import hosts


class PreemptionHistoryWeigherTest(unittest.TestCase):
    def weigh(self, *told: str, server_id: str | None = 'server') -> list:
        found = [
            hosts.host(
                hosts.AWAY | ({'desktop_evicted': each} if each else {})
            )
            for each in told
        ]
        spec = hosts.request(server_id=server_id)
        return hosts.weigh(history.PreemptionHistoryWeigher(), found, spec)

    def test_hosts_it_had_to_leave_are_avoided(self) -> None:
        self.assertEqual(
            [0.0, -2.0, 0.0], self.weigh('', 'x:1,server:2', 'x:5')
        )

    def test_nobody_was_evicted(self) -> None:
        self.assertEqual([0.0, 0.0], self.weigh('', ''))

    def test_request_without_a_server(self) -> None:
        self.assertEqual([0.0], self.weigh('x:1', server_id=None))

    def test_nonsense_counts_as_never(self) -> None:
        for told in ('server', 'server:', 'server:-1', 'server:many', ',,:'):
            self.assertEqual([0.0], self.weigh(told))
