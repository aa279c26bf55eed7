# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import threading
import unittest

from nova_desktop.virt import threads

# In a process of its own, because eventlet cannot be taken back.
_GREEN = """
from nova import monkey_patch
monkey_patch.patch()
import eventlet, time
from nova_desktop.virt import threads
assert not threads.utils.concurrency_mode_threading()
native = eventlet.patcher.original('threading')
signal = threads.signal()
assert not signal.wait(0.01)
native.Thread(target=signal.set).start()
assert signal.wait(5)
for _ in range(100000):
    signal.set()
assert signal.wait(5)
while signal.wait(0.01):
    pass
done = []
worker = threads.Worker('test', lambda: done.append(native.get_ident()))
worker.start()
native.Thread(target=worker.wake).start()
while not done:
    eventlet.sleep(0.01)
assert done[0] == native.get_ident(), 'work belongs to the hub thread'
elsewhere = threads.native(native.get_ident)
assert elsewhere != native.get_ident(), 'blocking calls do not'
ticks = []
eventlet.spawn(lambda: ticks.append(1))
threads.native(eventlet.patcher.original('time').sleep, 0.1)
assert ticks, 'others run meanwhile'
print('done')
"""


class WorkerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.steps: list[int] = []
        self.stepped = threading.Semaphore(0)
        self.wait_s: float | None = None

    def step(self) -> float | None:
        self.steps.append(len(self.steps))
        self.stepped.release()
        return self.wait_s

    def started(self) -> threads.Worker:
        worker = threads.Worker('test', self.step)
        self.addCleanup(worker.stop)
        worker.start()
        return worker

    def test_does_nothing_unless_woken(self) -> None:
        self.started()
        self.assertFalse(self.stepped.acquire(timeout=0.05))

    def test_wakes(self) -> None:
        self.started().wake()
        self.assertTrue(self.stepped.acquire(timeout=5))

    def test_runs_again_after_the_wait_it_asks_for(self) -> None:
        self.wait_s = 0.01
        self.started().wake()
        for _ in range(3):
            self.assertTrue(self.stepped.acquire(timeout=5))

    def test_stopped_worker_does_no_more(self) -> None:
        worker = self.started()
        worker.stop()
        worker.wake()
        self.assertFalse(self.stepped.acquire(timeout=0.05))

    def test_failing_step_is_logged_and_repeated(self) -> None:
        def fail() -> float | None:
            raise OSError('gone')

        worker = threads.Worker('test', fail, retry_s=3.0)
        with self.assertLogs('nova_desktop.virt.threads', 'ERROR'):
            self.assertEqual(3.0, worker.once())


class GreenTest(unittest.TestCase):
    def test_under_eventlet(self) -> None:
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', _GREEN],
            env={**os.environ, 'OS_NOVA_DISABLE_EVENTLET_PATCHING': '0'},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertIn('done', done.stdout, done.stderr)
