# SPDX-License-Identifier: Apache-2.0
"""The client against a real agent: asyncio, native threads and eventlet."""

import asyncio
import os
import queue
import signal
import subprocess
import sys
import time
import unittest
from unittest import mock

from nova_desktop import client, exception, model
from tests.functional.agent import host, test_agent

UNDER_EVENTLET = """
import eventlet
eventlet.monkey_patch()
import sys, time
from eventlet import patcher
from nova_desktop import client
said = []
watcher = client.AgentWatcher(
    said.append, 0.5, patcher.original('threading'),
    client.EpollSelector(patcher.original('select')))
watcher.start()
ticks = 0
while not any(said) and ticks < 500:
    time.sleep(0.01)
    ticks += 1
print('status', bool(said and said[-1]), flush=True)
print('leave', watcher.leave('a-server', 5, 3.0), flush=True)
watcher.leave_done('a-server')
sys.stdin.readline()
while said[-1] is not None and ticks < 1000:
    time.sleep(0.01)
    ticks += 1
print('silent', said[-1] is None, flush=True)
print('leave', watcher.leave('a-server', 5, 3.0), flush=True)
watcher.stop()
print('stopped', flush=True)
"""


class ClientTest(test_agent.AgentCase):
    def setUp(self) -> None:
        super().setUp()
        environment = mock.patch.dict(os.environ, self.host.bus.env)
        environment.start()
        self.addCleanup(environment.stop)

    def test_status_and_explain(self) -> None:
        async def ask() -> tuple[model.Status, list[model.Change]]:
            agent = client.AgentClient()
            await agent.connect()
            try:
                return await agent.status(), await agent.explain(3)
            finally:
                await agent.close()

        self.host.serve()
        self.host.quota_is(-1)
        status, changes = asyncio.run(ask())
        self.assertIs(model.Presence.AWAY, status.presence)
        self.assertTrue(status.cap.admit)
        self.assertEqual({'ok'}, set(status.sources.values()))
        self.assertEqual(3, len(changes))
        self.assertLess(abs(time.time() - changes[-1].at_unix_s), 60)

    def test_no_bus(self) -> None:
        with self.assertRaises(exception.BusUnavailable):
            asyncio.run(client.AgentClient().connect())

    def test_no_agent(self) -> None:
        self.host.bus.start()
        with self.assertRaises(exception.AgentSilent):
            asyncio.run(client.AgentClient().connect())


class WatcherTest(test_agent.AgentCase):
    def setUp(self) -> None:
        super().setUp()
        environment = mock.patch.dict(os.environ, self.host.bus.env)
        environment.start()
        self.addCleanup(environment.stop)
        self.said: queue.Queue[model.Status | None] = queue.Queue()
        self.watcher = client.AgentWatcher(self.said.put, 0.3)

    def watch(self) -> None:
        self.watcher.start()
        self.addCleanup(self.watcher.stop)

    def hears(self, presence: model.Presence | None) -> None:
        while True:
            status = self.said.get(timeout=10)
            if (status.presence if status else None) is presence:
                return

    def test_follows_the_owner(self) -> None:
        self.host.serve()
        self.watch()
        self.hears(model.Presence.AWAY)
        begin = time.monotonic()
        self.host.touch()
        self.hears(model.Presence.ACTIVE)
        self.assertLess(time.monotonic() - begin, 0.5)
        self.hears(model.Presence.AWAY)

    def test_killed_and_back(self) -> None:
        self.host.serve()
        self.watch()
        self.hears(model.Presence.AWAY)
        self.host.end(signal.SIGKILL)
        self.hears(None)
        self.assertFalse(self.watcher.leave('a-server', 5, 1))
        self.host.start()
        self.hears(model.Presence.AWAY)
        self.assertTrue(self.watcher.leave('a-server', 5, 1))

    def test_hung_and_back(self) -> None:
        self.host.serve()
        self.watch()
        self.hears(model.Presence.AWAY)
        self.host.agent.send_signal(signal.SIGSTOP)
        self.hears(None)
        self.assertTrue(self.said.empty())
        self.host.agent.send_signal(signal.SIGCONT)
        self.assertIsNotNone(self.said.get(timeout=5))

    def test_starts_before_bus_and_agent(self) -> None:
        self.watch()
        self.hears(None)
        self.host.serve()
        self.hears(model.Presence.AWAY)
        self.host.bus.stop()
        self.hears(None)
        self.host.bus.start()
        self.hears(model.Presence.AWAY)

    def test_under_eventlet(self) -> None:
        self.host.serve()
        driver = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-c', UNDER_EVENTLET],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {'PYTHONPATH': str(host.ROOT)},
            text=True,
        )
        assert driver.stdin and driver.stdout
        said = [driver.stdout.readline().strip() for _ in range(2)]
        self.host.end(signal.SIGKILL)
        out, _ = driver.communicate('\n', timeout=20)
        said += out.split('\n')
        self.assertEqual(
            ['status True', 'leave True', 'silent True', 'leave False'],
            said[:4],
        )
        self.assertEqual('stopped', said[4])
        self.assertEqual(0, driver.returncode)


class StopTest(unittest.TestCase):
    def test_never_started(self) -> None:
        watcher = client.AgentWatcher(lambda status: None, 0.1)
        self.assertFalse(watcher.leave('a-server', 1, 0.1))
        watcher.stop()
