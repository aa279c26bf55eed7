# SPDX-License-Identifier: Apache-2.0

import dataclasses
import unittest

from benchmarks import burst_figures, memory
from benchmarks.burst_figures import Round
from benchmarks.burst_serial import Seen

BOOKS = dict.fromkeys(
    (*burst_figures.WRONGS, 'told_again', 'conflicts', 'deletes_repeated'), 0
)
ROUND = Round(
    requests=100,
    hosts=10,
    burst_s=2.0,
    settle_s=5.0,
    took_ms=[10.0] * 90,
    refused=10,
    unheard=0,
    repeated=0,
    books={**BOOKS, 'conflicts': 4},
    before_mib=[50.0, 60.0],
    peak_mib=[90.0, 80.0],
    after_mib=[70.0, 75.0],
)
AGAIN = dataclasses.replace(
    ROUND, settle_s=10.0, before_mib=[70.0, 75.0], after_mib=[71.0, 75.5]
)
GREATER = dataclasses.replace(
    AGAIN, before_mib=[71.0, 75.5], after_mib=[73.5, 76.0]
)


class FiguresTest(unittest.TestCase):
    def test_a_burst(self) -> None:
        found = burst_figures.metrics([ROUND, AGAIN], [])
        self.assertEqual(50.0, found['requests_per_s'])
        self.assertEqual(7.5, found['settle_s'])
        self.assertEqual(1.5, found['hosts_freed_per_s'])
        self.assertEqual(4, found['conflicts_count'])
        self.assertEqual(0, found['twice_count'])
        self.assertNotIn('serial_requests_per_s', found)

    def test_the_memory_of_the_worse_worker(self) -> None:
        found = burst_figures.metrics([ROUND, AGAIN], [])
        self.assertEqual(60.0, found['rss_before_mib'])
        self.assertEqual(90.0, found['rss_peak_mib'])
        self.assertEqual(75.5, found['rss_after_mib'])
        self.assertEqual(21.0, found['rss_growth_mib'])
        self.assertEqual(1.0, found['rss_growth_after_first_mib'])
        last = burst_figures.metrics([ROUND, AGAIN, GREATER], [])
        self.assertEqual(2.5, last['rss_growth_last_mib'])

    def test_the_serial_method_beside(self) -> None:
        serial = [Seen([2000.0, 2000.0], [10.0]), Seen([2000.0], [10.0])]
        found = burst_figures.metrics([ROUND, AGAIN], serial)
        self.assertEqual(0.5, found['serial_hosts_freed_per_s'])
        self.assertEqual(20.0, found['serial_settle_s'])
        # 10 hosts at 2 s each, 90 requests more at 0.01 s.
        self.assertEqual(4.785, found['serial_requests_per_s'])
        # 2 and 1 hosts a second, to 0.5.
        self.assertEqual(3.0, found['hosts_freed_ratio'])

    def test_what_is_wrong(self) -> None:
        self.assertEqual({}, ROUND.wrongs())
        bad = dataclasses.replace(ROUND, books={**BOOKS, 'twice': 1})
        self.assertEqual({'twice': 1}, bad.wrongs())

    def test_samples(self) -> None:
        found = burst_figures.samples([ROUND, AGAIN], [])
        self.assertEqual(180, len(found['answer_ms']))
        self.assertEqual([70.0, 75.0, 71.0, 75.5], found['rss_after_mib'])
        self.assertNotIn('serial_work_ms', found)


class MemoryTest(unittest.TestCase):
    def test_parse(self) -> None:
        status = (
            'Name:\tx\nVmPeak:\t99 kB\nVmHWM:\t    2048 kB\nVmRSS:\t1024 kB\n'
        )
        self.assertEqual(memory.Resident(1.0, 2.0), memory.parse(status))
