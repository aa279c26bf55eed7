# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.virt import belonging, declared, fence
from tests.unit.virt import placement, statuses

HERE = (belonging.Place.HERE, 'Nova has it here')
ELSEWHERE = (belonging.Place.ELSEWHERE, 'Nova has it on desk2')
UNCLEAR = (belonging.Place.UNCLEAR, 'it is being evacuated')


class Nova:
    def __init__(self) -> None:
        self.signs: int | None = 5
        self.places: dict[str, tuple] = {}
        self.error: Exception | None = None
        self.asked: list[str] = []
        self.meanwhile = lambda: None

    def signs_of_life(self) -> int | None:
        if self.error is not None:
            raise self.error
        return self.signs

    def place(self, server_id: str) -> tuple:
        self.asked.append(server_id)
        self.meanwhile()
        return self.places.get(server_id, HERE)


class Guests:
    def __init__(self) -> None:
        self.running: set[str] = set()
        self.destroyed: list[str] = []

    def loose(self, fenced) -> list[str]:
        return sorted(self.running - set(fenced))

    def power_off(self, server_id: str) -> None:
        self.destroyed.append(server_id)


class FenceTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now_s = 100.0
        self.nova, self.guests = Nova(), Guests()
        self.agent = statuses.FakeLink(statuses.status())
        self.placement = placement.Traits()
        self.promises = declared.Declared(lambda: self.placement)
        self.promises.tell(mock.Mock(), 'node', 'uuid')
        self.dead_man = mock.Mock()
        self.dead_man.holds.return_value = True
        self.fence = fence.Fence(
            self.agent,
            self.nova,
            self.guests,
            self.promises,
            self.dead_man,
            retry_s=5.0,
            settle_s=2.0,
            clock=lambda: self.now_s,
        )

    def hear(self, departing: str = '', fenced: tuple = ()) -> float | None:
        self.agent.status = statuses.status(departing=departing, fenced=fenced)
        return self.fence.step()

    def sign(self) -> float | None:
        """Leave a sign of life, look, and wait until it has settled."""
        assert self.nova.signs is not None
        self.nova.signs += 1
        wait_s = self.fence.step()
        self.now_s += 2.0
        return wait_s

    def sleep(self, *fenced: str) -> None:
        self.hear('sleep', fenced)
        self.assertEqual({model.ASLEEP}, self.placement.traits)

    def test_promised_once_all_stand_still(self) -> None:
        self.guests.running = {'a', 'b'}
        self.assertEqual(0.2, self.hear('sleep', ('a',)))
        self.assertEqual(set(), self.placement.traits)
        self.assertIsNone(self.hear('sleep', ('a', 'b')))
        self.assertEqual({model.ASLEEP}, self.placement.traits)

    def test_awake_without_guests(self) -> None:
        self.sleep()
        self.assertIsNone(self.hear())
        self.assertEqual(set(), self.placement.traits)

    def test_at_rest_nothing_is_written(self) -> None:
        self.assertIsNone(self.hear())
        self.assertIsNone(self.hear(departing='shutdown'))
        self.assertEqual(0, self.placement.puts)

    def test_goes_on_after_a_new_sign_of_life(self) -> None:
        self.sleep('a')
        self.assertEqual(2.0, self.hear(fenced=('a',)))
        self.assertEqual(2.0, self.fence.step(), 'still the old sign')
        self.assertEqual([], self.nova.asked)
        self.assertEqual(2.0, self.sign())
        self.assertIsNone(self.fence.step())
        self.assertEqual([('unfence', 'a')], self.agent.calls)
        self.assertEqual([], self.guests.destroyed)

    def test_the_promise_ends_before_anybody_runs(self) -> None:
        self.sleep('a')
        self.hear(fenced=('a',))
        self.sign()
        self.placement.status = 503
        self.assertEqual(5.0, self.fence.step())
        self.assertEqual([], self.agent.calls)
        self.placement.status = 200
        self.fence.step()
        self.sign()
        self.fence.step()
        self.assertEqual([('unfence', 'a')], self.agent.calls)
        self.assertEqual(set(), self.placement.traits)

    def test_evacuated_meanwhile(self) -> None:
        self.nova.places = {'b': ELSEWHERE}
        self.hear(fenced=('a', 'b'))
        self.sign()
        self.assertIsNone(self.fence.step())
        self.assertEqual([('unfence', 'a')], self.agent.calls)
        self.assertEqual(['b'], self.guests.destroyed)

    def test_unclear_is_asked_again_with_a_new_proof(self) -> None:
        self.nova.places = {'a': UNCLEAR}
        self.hear(fenced=('a',))
        self.sign()
        self.assertEqual(5.0, self.fence.step())
        self.nova.places = {}
        self.fence.step()
        self.fence.step()
        self.assertEqual(['a'], self.nova.asked)
        self.sign()
        self.assertIsNone(self.fence.step())
        self.assertEqual([('unfence', 'a')], self.agent.calls)

    def test_nova_away_backs_off(self) -> None:
        self.nova.error = RuntimeError('a timeout')
        waits = [self.hear(fenced=('a',))]
        waits += [self.fence.step() for _ in range(5)]
        self.assertEqual([5.0, 10.0, 20.0, 40.0, 60.0, 60.0], waits)
        self.assertEqual([], self.agent.calls)

    def test_forced_down(self) -> None:
        self.nova.signs = None
        self.assertEqual(5.0, self.hear(fenced=('a',)))
        self.assertEqual([], self.agent.calls)

    def test_asleep_again_needs_a_new_proof(self) -> None:
        self.hear(fenced=('a',))
        self.sign()
        self.sleep('a')
        self.assertEqual(2.0, self.hear(fenced=('a',)))
        self.assertEqual([], self.agent.calls)

    def test_fenced_again_needs_a_new_proof(self) -> None:
        self.nova.places = {'a': UNCLEAR}
        self.hear(fenced=('a', 'b'))
        self.sign()
        self.fence.step()
        self.hear(fenced=('a',))
        self.assertEqual(2.0, self.hear(fenced=('a', 'b')))
        self.assertEqual([('unfence', 'b')], self.agent.calls)

    def test_an_answer_that_took_too_long(self) -> None:
        def meanwhile() -> None:
            self.now_s += 31.0

        self.nova.meanwhile = meanwhile
        self.hear(fenced=('a',))
        self.sign()
        self.assertEqual(5.0, self.fence.step())
        self.assertEqual([], self.agent.calls)

    def test_not_without_the_timer_that_was_promised(self) -> None:
        self.dead_man.holds.return_value = False
        self.hear(fenced=('a',))
        self.sign()
        self.assertEqual(2.0, self.fence.step())
        self.dead_man.wake.assert_called_once_with()
        self.dead_man.holds.return_value = True
        self.assertIsNone(self.fence.step())
        self.assertEqual([('unfence', 'a')], self.agent.calls)

    def test_an_agent_that_does_not_hear(self) -> None:
        self.agent._grants = False
        self.hear(fenced=('a',))
        self.sign()
        self.assertEqual(5.0, self.fence.step())

    def test_silent_agent(self) -> None:
        self.agent.status = None
        self.assertIsNone(self.fence.step())
