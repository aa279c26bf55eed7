# SPDX-License-Identifier: Apache-2.0
"""Nova's scheduler runs as the benchmark has it, with ours and without."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[3]


class SchedulingTest(unittest.TestCase):
    def test_few_hosts(self) -> None:
        # A process of its own: it loads Nova's configuration.
        with tempfile.NamedTemporaryFile() as file:
            done = subprocess.run(
                [
                    *(sys.executable, '-P', '-m', 'benchmarks', 'scheduling'),
                    *('--pairs', '3', '--json', file.name),
                    *('--pairs-alone', '3', '--hosts', '5', '40'),
                ],
                env=os.environ | {'PYTHONPATH': str(ROOT)},
                capture_output=True,
                text=True,
            )
            self.assertEqual(0, done.returncode, done.stderr)
            found = json.load(file)
        self.assertEqual(3, len(found['samples']['overhead_percent_40']))
        self.assertGreater(found['metrics']['stock_40_ms'], 0)
        self.assertGreater(
            found['metrics']['stock_40_ms'], found['metrics']['stock_5_ms']
        )
