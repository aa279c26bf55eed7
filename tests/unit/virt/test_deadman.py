# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.virt import deadman, declared
from tests.unit.virt import placement, statuses

AFTER_S = 60
LOOK_S = 10


class Nova:
    """Count the host's signs of life, one each ten seconds."""

    def __init__(self) -> None:
        self.signs: int | None = 0
        self.error: Exception | None = None

    def signs_of_life(self) -> int | None:
        if self.error is not None:
            raise self.error
        return self.signs


class DeadManTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now_s = 0.0
        self.nova = Nova()
        self.agent = statuses.FakeLink(statuses.status())
        self.placement = placement.Traits()
        self.promises = declared.Declared(lambda: self.placement)
        self.promises.tell(mock.Mock(), 'node', 'uuid')
        self.dead_man = self.made(AFTER_S)

    def made(self, after_s: int) -> deadman.DeadMan:
        return deadman.DeadMan(
            self.agent,
            self.nova,
            self.promises,
            after_s,
            lambda: self.now_s,
        )

    def look(self, alive: bool = True) -> list:
        """Look once, a while later; give what the agent was asked."""
        self.now_s += LOOK_S
        if alive and self.nova.signs is not None:
            self.nova.signs += 1
        self.agent.calls.clear()
        self.assertEqual(LOOK_S, self.dead_man.step())
        return list(self.agent.calls)

    def test_switched_off(self) -> None:
        off = self.made(0)
        self.assertIsNone(off.step())
        self.assertTrue(off.holds())
        off.stop()
        self.assertEqual([], self.agent.calls)
        self.assertEqual(0, self.placement.puts)

    def test_put_off_from_before_the_last_sign(self) -> None:
        self.assertEqual([], self.look())
        self.assertFalse(self.dead_man.holds())
        self.assertEqual([('fence_in', AFTER_S - LOOK_S)], self.look())
        self.assertEqual([('fence_in', AFTER_S - LOOK_S)], self.look())
        self.assertTrue(self.dead_man.holds())
        self.assertEqual({model.FENCE}, self.placement.traits)

    def test_no_new_sign(self) -> None:
        self.look()
        self.look()
        left = [self.look(alive=False) for _ in range(5)]
        self.assertEqual(
            [[('fence_in', s)] for s in (40, 30, 20, 10)] + [[]], left
        )
        self.assertFalse(self.dead_man.holds())
        # It is kept: whoever hears of it knows that they are fenced.
        self.assertEqual({model.FENCE}, self.placement.traits)
        self.assertEqual([('fence_in', 50)], self.look())

    def test_nova_does_not_answer(self) -> None:
        self.look()
        self.look()
        self.nova.error = RuntimeError('a timeout')
        with self.assertLogs('nova_desktop.virt.deadman', 'WARNING'):
            self.assertEqual([], self.look())
        self.assertTrue(self.dead_man.holds())
        self.now_s += AFTER_S
        self.assertFalse(self.dead_man.holds())
        self.nova.error = None
        # The sign may have come before we were cut off.
        self.assertEqual([], self.look())
        self.assertEqual([('fence_in', 50)], self.look())

    def test_forced_down(self) -> None:
        self.look()
        self.look()
        self.nova.signs = None
        with self.assertLogs('nova_desktop.virt.deadman', 'WARNING'):
            for _ in range(5):
                self.look()
        self.assertEqual([], self.look())

    def test_silent_agent(self) -> None:
        self.look()
        self.look()
        self.agent.status = None
        self.placement.status = 503
        with self.assertLogs('nova_desktop.virt.deadman', 'WARNING'):
            self.look()
        self.placement.status = 200
        self.look()
        self.assertEqual(set(), self.placement.traits)
        self.agent.status = statuses.status()
        self.look()
        self.assertEqual({model.FENCE}, self.placement.traits)

    def test_an_agent_that_cannot(self) -> None:
        self.agent._grants = False
        for _ in range(3):
            self.look()
        self.assertFalse(self.dead_man.holds())
        self.assertEqual(set(), self.placement.traits)

    def test_stopped_on_purpose(self) -> None:
        self.look()
        self.look()
        self.agent.calls.clear()
        self.dead_man.stop()
        self.assertEqual([('fence_in', 0)], self.agent.calls)
        self.assertEqual(set(), self.placement.traits)

    def test_stopped_while_placement_is_away(self) -> None:
        self.look()
        self.look()
        self.agent.calls.clear()
        self.placement.status = 503
        with self.assertLogs('nova_desktop.virt.deadman', 'WARNING'):
            self.dead_man.stop()
        self.assertEqual([], self.agent.calls)
