# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import json
import unittest

from benchmarks import __main__ as command
from benchmarks import reaction, result, sensing


class ResultTest(unittest.TestCase):
    def setUp(self) -> None:
        self.result = result.Result(
            'name', {'a_ms': 1.5, 'long_percent': 2.0}, {'a_ms': [1.0, 2.0]}
        )

    def test_document(self) -> None:
        found = json.loads(self.result.document({'cores': 2}))
        self.assertEqual(
            {
                'name': 'name',
                'metrics': {'a_ms': 1.5, 'long_percent': 2.0},
                'samples': {'a_ms': [1.0, 2.0]},
                'machine': {'cores': 2},
            },
            found,
        )

    def test_table(self) -> None:
        lines = self.result.table().splitlines()
        self.assertEqual('a_ms               1.500', lines[0])
        self.assertEqual('n: a_ms 2', lines[2])


class MetricsTest(unittest.TestCase):
    def test_reaction(self) -> None:
        samples = {
            f'{name}_ms_{size}': [1.0, 3.0]
            for name in ('limit', 'poll', 'felt')
            for size in reaction.SIZES
        }
        for size in reaction.SIZES:
            samples[f'period_share_percent_{size}'] = [20.0]
            samples[f'gap_ms_{size}'] = [1.0, 30.0]
        samples['boinc_ms'] = [1000.0]
        samples['htcondor_ms'] = [4000.0, 6000.0]
        samples['never_felt_sizes'] = [16]
        found = reaction.metrics(samples)
        self.assertEqual(2.0, found['limit_p50_ms_16'])
        self.assertAlmostEqual(2.98, found['felt_p99_ms_4'])
        self.assertEqual(1, found['never_felt_count'])
        self.assertEqual(3, found['disturbed_count'])
        self.assertEqual(1000.0, found['boinc_p50_ms'])
        self.assertEqual(5000.0, found['htcondor_p50_ms'])

    def test_sensing_wants_each_source(self) -> None:
        with self.assertRaises(KeyError):
            sensing.metrics({'evdev_ms': [1.0]})


class CommandTest(unittest.TestCase):
    def test_unknown_name_lists_the_names(self) -> None:
        said = io.StringIO()
        with (
            contextlib.redirect_stderr(said),
            self.assertRaises(SystemExit) as ended,
        ):
            command.main(['nothing'])
        self.assertEqual(2, ended.exception.code)
        for name in command.BENCHMARKS:
            self.assertIn(name, said.getvalue())
