# SPDX-License-Identifier: Apache-2.0
"""How long leaving takes at least, and what is read of the service's log."""

import unittest

from benchmarks import leaving, leaving_rates, leaving_watch
from sandbox import layout

RATES = leaving_rates.Rates(disk_mib_per_s=100, link_mib_per_s=400)
HELD = leaving_rates.Held(memory_mib=800, disk_mib=200)
LOG = """\
2026-11-26 02:00:00.000 1 INFO x.worker [-] request 9aaa of ws2 (why, \
within 300 s): 1 go
2026-11-26 02:00:01.500 1 INFO x.worker [-] request 5fd1 of ws1 (why, \
within 300 s): 2 go
2026-11-26 02:00:15.000 1 INFO x.eviction [-] server a on ws2: left, \
stop (1.0 s) (grace 9.0 s, leaving 1.5 s)
2026-11-26 02:00:16.000 1 INFO x.eviction [-] server b on ws1: left, \
live-migrate (8.1 s) (grace 6.0 s, leaving 8.4 s)
2026-11-26 02:00:17.000 1 INFO x.eviction [-] server c on ws1: failed, \
stop no (8.1 s) (grace 5.0 s, leaving 9.5 s)
"""


class BoundTest(unittest.TestCase):
    """What each action must move, at the slower of what it is moved over."""

    def test_each_action(self) -> None:
        wanted = {
            'live-migrate': 2.5,
            'cold-migrate': 2.0,
            'shelve': 2.0,
            'suspend': 8.0,
            'stop': 0.0,
            'delete': 0.0,
        }
        for action, seconds in wanted.items():
            with self.subTest(action):
                found = leaving_rates.bound_s(action, HELD, RATES)
                self.assertEqual(seconds, found)

    def test_case_names_a_metric(self) -> None:
        case = leaving.Case('live-migrate', 5)
        self.assertEqual('live_migrate_5', case.name)


class LogTest(unittest.TestCase):
    """Only what concerns the host is taken, of whatever end."""

    def test_graces_and_leaving(self) -> None:
        found = leaving_watch.ended(LOG, 'ws1')
        self.assertEqual([(6.0, 8.4), (5.0, 9.5)], found)

    def test_first_request(self) -> None:
        at = leaving_watch.asked_unix_s(LOG, layout.host('ws1').name)
        other = leaving_watch.asked_unix_s(LOG, 'ws2')
        assert at is not None and other is not None
        self.assertEqual(1.5, at - other)
        self.assertIsNone(leaving_watch.asked_unix_s(LOG, 'ws3'))
