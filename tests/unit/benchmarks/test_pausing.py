# SPDX-License-Identifier: Apache-2.0
import unittest

from benchmarks import pausing

# Looks each 10 ms: a guest that computes for 50 ms and then stands still.
RUN = [(at / 100, min(at, 5) * 10) for at in range(20)]


class QuietTest(unittest.TestCase):
    def test_from_the_last_use_on(self) -> None:
        self.assertEqual(0.05, pausing.quiet_at(RUN, 0, 0.1))

    def test_little_is_left_to_others(self) -> None:
        points = [(at_s, used + round(at_s * 10)) for at_s, used in RUN]
        self.assertEqual(0.05, pausing.quiet_at(points, 2, 0.1))

    def test_not_watched_long_enough(self) -> None:
        self.assertIsNone(pausing.quiet_at(RUN[:8], 0, 0.1))

    def test_goes_on(self) -> None:
        points = [(at / 100, at * 10) for at in range(20)]
        self.assertIsNone(pausing.quiet_at(points, 15, 0.1))

    def test_pause_between_is_not_the_end(self) -> None:
        points = [*RUN, (0.2, 60), (0.4, 60)]
        self.assertEqual(0.2, pausing.quiet_at(points, 5, 0.1))


class MetricsTest(unittest.TestCase):
    def test_longest_is_shown(self) -> None:
        found = pausing.metrics({'pause8_ms': [100.0, 300.0, 200.0]})
        self.assertEqual(200.0, found['pause8_p50_ms'])
        self.assertEqual(300.0, found['pause8_max_ms'])
        self.assertEqual(0, found['pause8_never_count'])

    def test_nobody_paused(self) -> None:
        found = pausing.metrics({'pause8_never': [1, 1]})
        self.assertEqual({'pause8_never_count': 2}, found)
