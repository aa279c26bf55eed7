# SPDX-License-Identifier: Apache-2.0
"""Monday morning of a few hosts, with a real Placement and its database."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from sandbox import layout

FEW = (
    '--hosts',
    '24',
    '--minutes',
    '0.05',
    '--leave',
    '2',
    '--trackers',
    '50',
)
FOLDERS = pathlib.Path('/var/tmp')
BEGUN = b'owners come back'


def start(*words: str) -> subprocess.Popen[bytes]:
    """Start the benchmark in a session of its own, as a shell would."""
    return subprocess.Popen(
        [sys.executable, '-P', '-m', 'benchmarks', 'monday', *FEW, *words],
        env=os.environ | {'PYTHONPATH': str(layout.SOURCE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def descendants(pid: int) -> set[int]:
    """Give every process that a process has started, and their own."""
    try:
        listed = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text()
    except FileNotFoundError:
        return set()
    found = {int(child) for child in listed.split()}
    return found.union(*map(descendants, found))


def living(pids: set[int]) -> list[str]:
    """Give the state of those processes that have not ended."""
    states = []
    for pid in pids:
        stat = pathlib.Path(f'/proc/{pid}/stat')
        if stat.exists() and not stat.read_text().rpartition(')')[
            2
        ].startswith(' Z'):
            states.append(stat.read_text())
    return states


class MondayTest(unittest.TestCase):
    def setUp(self) -> None:
        self.before = set(FOLDERS.glob('nd-*'))

    def assert_nothing_is_left(self, pids: set[int]) -> None:
        self.assertEqual([], living(pids))
        self.assertEqual(set(), set(FOLDERS.glob('nd-*')) - self.before)

    def test_every_host_is_told(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            process = start('--stock-hosts', '2', '--json', file.name)
            out, error = process.communicate(timeout=300)
            self.assertEqual(0, process.returncode, error)
            found = json.load(file)
        metrics, samples = found['metrics'], found['samples']
        self.assertIn(b'used the most', out)
        self.assertEqual(24, len(samples['owner_back_ms']))
        self.assertEqual(2, len(samples['stock_periodic_ms']))
        self.assertEqual(0, metrics['lost_hosts'])
        self.assertEqual(0, metrics['failures_count'])
        # Each push reads and writes once, and again after a conflict.
        self.assertGreaterEqual(metrics['push_requests_count'], 2 * 24)
        self.assertGreater(metrics['tracker_requests_count'], 14)
        for name in ('placement', 'database', 'clients'):
            self.assertGreater(metrics[f'flat_out_{name}_cpu_percent'], 0)

    def test_interrupted_leaves_nothing(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            process = start('--minutes', '5', '--stock-hosts', '0')
            assert process.stderr is not None
            line = process.stderr.readline()
            self.assertIn(BEGUN, line)
            pids = descendants(process.pid)
            # The database, uwsgi and its workers, the clients.
            self.assertGreaterEqual(len(pids), 4)
            os.killpg(process.pid, number)
            process.communicate(timeout=60)
            self.assertNotEqual(0, process.returncode)
            self.assert_nothing_is_left(pids)
