# SPDX-License-Identifier: Apache-2.0
"""A small burst to two real workers, by a real RabbitMQ."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from sandbox import layout

FEW = (
    *('--requests', '48', '--hosts', '6', '--guests', '3', '--pairs', '1'),
    *('--parallel', '24', '--serial-hosts', '2'),
    *('--nova-ms', '5', '--placement-ms', '1', '--action-s', '0.5'),
)
FOLDERS = pathlib.Path('/var/tmp')


class BurstTest(unittest.TestCase):
    def test_all_are_settled(self) -> None:
        before = set(FOLDERS.glob('nd-*'))
        with tempfile.NamedTemporaryFile() as file:
            words = ('burst', *FEW, '--json', file.name)
            done = subprocess.run(
                [sys.executable, '-P', '-m', 'benchmarks', *words],
                env=os.environ | {'PYTHONPATH': str(layout.SOURCE)},
                capture_output=True,
                timeout=300,
            )
            self.assertEqual(0, done.returncode, done.stderr)
            found = json.load(file)
        metrics, samples = found['metrics'], found['samples']
        self.assertEqual('burst', found['name'])
        answers = len(samples['answer_ms']) + metrics['overtaken_count']
        self.assertEqual(48, answers + metrics['unheard_count'])
        for name in ('unmet', 'twice', 'without_notice', 'early', 'told'):
            self.assertEqual(0, metrics[f'{name}_count'], name)
        # The notice, and then the acts, two of a host at a time.
        self.assertGreater(metrics['settle_s'], 5)
        self.assertEqual(2, len(samples['serial_work_ms']))
        self.assertLess(metrics['rss_growth_mib'], 60)
        self.assertEqual(set(), set(FOLDERS.glob('nd-*')) - before)
