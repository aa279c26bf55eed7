# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from sandbox import owner_work


class PercentileTest(unittest.TestCase):
    def test_nothing_has_none(self) -> None:
        self.assertIsNone(owner_work.percentile([], 50))

    def test_nearest_rank(self) -> None:
        values = [float(n) for n in range(100, 0, -1)]
        self.assertEqual(50.0, owner_work.percentile(values, 50))
        self.assertEqual(99.0, owner_work.percentile(values, 99))
        self.assertEqual(100.0, owner_work.percentile(values, 100))
        self.assertEqual(7.0, owner_work.percentile([7.0], 1))


class WorkerTest(unittest.TestCase):
    def start(self, *words: str) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, owner_work.__file__, *words],
            stdout=subprocess.PIPE,
        )
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        assert worker.stdout
        self.addCleanup(worker.stdout.close)
        self.assertEqual(b'ready\n', worker.stdout.readline())
        return worker

    def test_jobs_come_each_period_and_take_their_time(self) -> None:
        worker = self.start('--job-ms', '3')
        began = time.monotonic()
        time.sleep(0.5)
        worker.terminate()
        output, _none = worker.communicate()
        periods = (time.monotonic() - began) / owner_work.PERIOD_S
        told = json.loads(output)
        done = len(told['latencies_ms'])
        # Whatever else runs here: each period's job is done or missed.
        self.assertLessEqual(done + told['missed'], periods + 2)
        self.assertGreater(done + told['missed'], 25)
        self.assertGreater(min(told['latencies_ms']), 1.5)

    def test_a_worker_joins_the_group_that_it_makes(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            group = pathlib.Path(directory) / 'owner'
            self.start('--group', str(group))
            self.assertEqual('0', (group / 'cgroup.procs').read_text())

    def test_an_orphan_stops(self) -> None:
        script = (
            'import subprocess, sys;'
            'p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE);'
            'p.stdout.readline(); print(p.pid)'
        )
        pid = int(
            subprocess.run(
                [
                    *(sys.executable, '-c', script),
                    *(sys.executable, owner_work.__file__),
                ],
                # Not stderr: the orphan would keep a pipe of it open.
                stdout=subprocess.PIPE,
            ).stdout
        )
        limit = time.monotonic() + 5
        while alive(pid):
            if time.monotonic() > limit:
                os.kill(pid, signal.SIGKILL)
                self.fail('it goes on without whoever started it')
            time.sleep(0.02)


def alive(pid: int) -> bool:
    """Say whether a process still runs; one unreaped does not."""
    try:
        os.kill(pid, 0)
        text = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    return text.rpartition(')')[2].split()[0] != 'Z'
