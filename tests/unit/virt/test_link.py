# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop import model
from nova_desktop.virt import link
from tests.unit.virt import statuses


class FakeWatcher:
    """Hand on what a test lets the agent say."""

    first: model.Status | None = None

    def __init__(self, on_status, ping_s) -> None:
        self.say = on_status
        self.running = False

    def start(self) -> None:
        self.running = True
        if self.first is not None:
            self.say(self.first)

    def stop(self) -> None:
        self.running = False

    def leave(self, server_id, seconds, timeout_s) -> bool:
        return True

    def leave_done(self, server_id) -> None:
        pass

    def hear(self, server_id, seconds, timeout_s) -> bool:
        return True


class SpeakingWatcher(FakeWatcher):
    first = statuses.status()


class LinkTest(unittest.TestCase):
    def started(self, watcher=SpeakingWatcher) -> link.Link:
        agent = link.Link(1.0, watcher)
        agent.start(0.0)
        self.addCleanup(agent.stop)
        return agent

    def test_lends_nothing_before_it_has_heard(self) -> None:
        agent = link.Link(1.0, SpeakingWatcher)
        self.assertIsNone(agent.status)
        self.assertEqual(model.NOTHING, agent.cap)

    def test_holds_the_latest(self) -> None:
        agent = self.started()
        self.assertEqual(statuses.LENT, agent.cap)
        agent._watcher.say(statuses.status(model.NOTHING))
        self.assertEqual(model.NOTHING, agent.cap)

    def test_silence_lends_nothing(self) -> None:
        agent = self.started()
        agent._watcher.say(None)
        self.assertEqual(model.NOTHING, agent.cap)

    def test_status_is_stored_before_anybody_is_woken(self) -> None:
        agent = link.Link(1.0, SpeakingWatcher)
        seen = []
        agent.wake_on_change(lambda: seen.append(agent.cap))
        agent.start(0.0)
        agent._watcher.say(None)
        agent.stop()
        self.assertEqual([statuses.LENT, model.NOTHING], seen)

    def test_missing_agent_is_said_with_what_to_do(self) -> None:
        with self.assertLogs('nova_desktop.virt.link', 'ERROR') as said:
            self.started(FakeWatcher)
        self.assertIn('nova-desktop-agent', said.output[0])

    def test_nobody_is_asked_before_the_start(self) -> None:
        agent = link.Link(1.0, SpeakingWatcher)
        self.assertFalse(agent.leave('guest', 1, 1.0))
        self.assertFalse(agent.hear('guest', 1, 1.0))
        agent.leave_done('guest')
        agent.stop()

    def test_change_is_logged_once_with_its_reason(self) -> None:
        agent = link.Link(1.0, SpeakingWatcher)
        agent._status = statuses.status(reason='left at noon')
        with self.assertLogs('nova_desktop.virt.link', 'INFO') as said:
            agent._tell()
            agent._tell()
        (line,) = said.output
        self.assertIn('away', line)
        self.assertIn('left at noon', line)
