# SPDX-License-Identifier: Apache-2.0
import unittest

from benchmarks import ratios

ROUNDS = {
    ('wake', 'alone'): [[3.0, 3.0], [4.0, 4.0], [5.0, 5.0]],
    ('wake', 'ours'): [[3.3, 3.3], [4.0, 4.0], [10.0, 10.0]],
    ('wake', 'boinc'): [[6.0], [12.0], [20.0]],
    ('batch', 'alone'): [[2.0, 4.0], [3.0], [3.0]],
    ('batch', 'ours'): [[3.0], [3.0], [3.0]],
    ('batch', 'boinc'): [[6.0], [6.0], [6.0]],
    ('membw', 'alone'): [[12.0], [12.0], [12.0]],
    ('membw', 'ours'): [[12.0], [10.0], [6.0]],
    ('membw', 'boinc'): [[6.0], [6.0], [6.0]],
    ('fsync', 'alone'): [[1.0], [2.0], [1.0]],
    ('fsync', 'ours'): [[1.0], [3.0], [9.0]],
    ('fsync', 'boinc'): [[4.0], [8.0], [4.0]],
}


class MetricsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.found = ratios.metrics(ROUNDS)

    def test_is_the_median_of_pairs_not_a_pair_of_medians(self) -> None:
        self.assertEqual(1.1, self.found['p99_ratio'])
        self.assertEqual(1.5, self.found['fsync_p99_ratio'])
        self.assertEqual(3.0, self.found['boinc_p99_ratio'])

    def test_a_compile_is_the_mean_of_its_round(self) -> None:
        self.assertEqual(1.0, self.found['batch_ratio'])
        self.assertEqual(2.0, self.found['boinc_batch_ratio'])

    def test_less_bandwidth_is_worse(self) -> None:
        self.assertEqual(1.2, self.found['membw_ratio'])
        self.assertEqual(2.0, self.found['boinc_membw_ratio'])

    def test_tails_are_over_all_rounds(self) -> None:
        self.assertEqual(2.0, self.found['max_ratio'])
        self.assertEqual(4.5, self.found['fsync_max_ratio'])
        self.assertEqual(10.0, self.found['ours_max_ms'])
        self.assertEqual(2.0, self.found['p999_ratio'])

    def test_says_what_the_ratios_are_of(self) -> None:
        self.assertEqual(4.0, self.found['alone_p99_ms'])
        self.assertEqual(3.0, self.found['ours_batch_s'])
        self.assertEqual(10.0, self.found['ours_membw_gb_s'])

    def test_alone_has_no_ratio(self) -> None:
        alone = [name for name in self.found if name.startswith('alone')]
        self.assertFalse([name for name in alone if name.endswith('ratio')])

    def test_ours_is_first(self) -> None:
        self.assertEqual('p99_ratio', next(iter(self.found)))

    def test_a_round_that_is_missing_is_no_pair(self) -> None:
        short = ROUNDS | {('wake', 'ours'): [[3.0]]}
        with self.assertRaises(ValueError):
            ratios.metrics(short)

    def test_others_may_have_fewer_rounds(self) -> None:
        fewer = {
            (load, 'nice19'): [[2 * each for each in rounds[0]]]
            for (load, method), rounds in ROUNDS.items()
            if method == 'alone'
        }
        found = ratios.metrics(ROUNDS | fewer)
        self.assertEqual(2.0, found['nice19_p99_ratio'])
        self.assertEqual(self.found['p99_ratio'], found['p99_ratio'])


class SamplesTest(unittest.TestCase):
    def test_one_for_each_round(self) -> None:
        found = ratios.samples(ROUNDS)
        self.assertEqual([1.1, 1.0, 2.0], found['ours_p99_ratio'])
        self.assertEqual([3.0, 4.0, 5.0], found['alone_p99_ms'])
        self.assertEqual([2.0, 1.0, 1.0], found['alone_batch_readings_count'])
        self.assertNotIn('alone_p99_ratio', found)


class TableTest(unittest.TestCase):
    def test_side_by_side(self) -> None:
        lines = ratios.side_by_side(ROUNDS)
        self.assertEqual(['ours', 'alone', 'boinc'], lines[0].split())
        ratio = next(line for line in lines if line.startswith('p99 ratio'))
        self.assertIn('1.10 (1.00-2.00)', ratio)
        self.assertIn('3.00 (2.00-4.00)', ratio)
        self.assertEqual(1, len({len(line) for line in lines}))


class ThousandthTest(unittest.TestCase):
    def test_known(self) -> None:
        values = [float(each) for each in range(1001)]
        self.assertEqual(999.0, ratios.thousandth(values))
        self.assertEqual(2.5, ratios.thousandth([2.5]))
