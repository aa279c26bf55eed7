# SPDX-License-Identifier: Apache-2.0
"""Guests give memory back, as a plan says, and get it again."""

from collections.abc import Mapping, Sequence

from nova_desktop import exception, model
from nova_desktop.mechanism import balloon
from nova_desktop.model import BalloonTarget
from tests.unit.mechanism import libvirt_double as double

KIB = 1024
FREE = BalloonTarget()
LESS = BalloonTarget(memory_mib=1000)


class BalloonTest(double.LibvirtCase):
    def setUp(self) -> None:
        super().setUp()
        self.keep: dict[str, int] = {}
        self.seen: dict[str, model.GuestMemory] = {}
        self.balloons = self.construct()

    def construct(self) -> balloon.GuestBalloons:
        return balloon.GuestBalloons(
            self.hypervisor, self.plan, self.record, self.clock
        )

    def plan(
        self, guests: Sequence[model.GuestMemory], budget_mib: int
    ) -> Mapping[str, int]:
        """Give those that tell what the test says."""
        self.seen = {guest.uuid: guest for guest in guests}
        return {
            uuid: self.keep[uuid]
            for uuid, guest in self.seen.items()
            if guest.usable_mib is not None
        }

    def guest(self, name: str, keep: int = 600) -> double.Domain:
        domain = self.connection.add(name)
        domain.stats |= {'available': 950 * KIB, 'usable': 700 * KIB}
        self.keep[name] = keep
        return domain

    def failing(self, call) -> str:
        with self.assertRaises(exception.MechanismFailed) as caught:
            call()
        return str(caught.exception)

    def test_shrink_and_back(self) -> None:
        domain = self.guest('a')
        self.balloons.apply(LESS)
        self.assertEqual(
            model.GuestMemory('a', 1000, 1000, 950, 700), self.seen['a']
        )
        self.assertEqual(600 * KIB, domain.stats['actual'])
        self.assertEqual(LESS, self.balloons.current())
        self.balloons.apply(FREE)
        self.assertEqual(1000 * KIB, domain.stats['actual'])
        self.assertEqual(FREE, self.balloons.current())

    def test_free_asks_nobody(self) -> None:
        self.guest('a')
        self.balloons.apply(FREE)
        self.balloons.current()
        self.balloons.release()
        self.assertEqual(0, self.connect.call_count)

    def test_another_agent_knows_what_there_was(self) -> None:
        domain = self.guest('a')
        self.balloons.apply(LESS)
        self.balloons = self.construct()
        self.balloons.apply(LESS)
        self.assertEqual(1000, self.seen['a'].maximum_mib)
        self.balloons = self.construct()
        self.balloons.release()
        self.assertEqual(1000 * KIB, domain.stats['actual'])

    def test_shrunk_again_before_it_has_grown(self) -> None:
        domain = self.guest('a')
        for so_far in (700, 1000, 600):
            domain.follows = False
            self.balloons.apply(LESS)
            self.assertEqual(1000, self.seen['a'].maximum_mib)
            self.balloons.apply(FREE)
            # 1000: it has not even begun to shrink.
            domain.stats['actual'] = so_far * KIB
        domain.follows = True
        self.balloons.apply(LESS)
        self.balloons.apply(FREE)
        self.assertEqual(1000 * KIB, domain.stats['actual'])
        self.assertFalse(self.balloons.is_released)
        self.balloons.current()
        self.assertTrue(self.balloons.is_released)

    def test_only_those_that_were_shrunk_grow(self) -> None:
        self.guest('a')
        self.guest('b', keep=1000)
        self.balloons.apply(LESS)
        self.balloons.release()
        self.assertEqual(['a', 'a'], self.connection.done('setMemory'))

    def test_left_out(self) -> None:
        self.guest('gpu').devices += double.GPU
        self.guest('paused').is_paused = True
        silent = self.guest('silent')
        del silent.stats['available'], silent.stats['usable']
        self.balloons.apply(LESS)
        for guest in self.seen.values():
            self.assertIsNone(guest.usable_mib, guest)
            self.assertEqual(1000, guest.actual_mib)
        self.assertEqual([], self.connection.done('setMemory'))
        self.assertEqual(['silent'], self.connection.done('period 5'))
        self.assertEqual(2000, self.balloons.missing_mib)
        self.balloons.apply(FREE)
        self.assertEqual(0, self.balloons.missing_mib)

    def test_free_memory_where_usable_is_not_told(self) -> None:
        domain = self.guest('a')
        del domain.stats['usable']
        domain.stats['unused'] = 300 * KIB
        self.balloons.apply(LESS)
        self.assertEqual(300, self.seen['a'].usable_mib)

    def test_needs_are_followed_in_steps(self) -> None:
        domain = self.guest('a')
        self.balloons.apply(LESS)
        self.keep['a'] = 610
        self.assertEqual(LESS, self.balloons.current())
        self.assertEqual(600 * KIB, domain.stats['actual'])
        self.keep['a'] = 700
        self.assertEqual(LESS, self.balloons.current())
        self.assertEqual(700 * KIB, domain.stats['actual'])

    def test_guest_that_comes_later(self) -> None:
        self.balloons.apply(LESS)
        domain = self.guest('a')
        self.assertEqual(LESS, self.balloons.current())
        self.assertEqual(600 * KIB, domain.stats['actual'])

    def test_grown_by_others_is_seen(self) -> None:
        domain = self.guest('a')
        self.balloons.apply(LESS)
        self.balloons.current()
        domain.stats['actual'] = 900 * KIB
        self.assertNotEqual(LESS, self.balloons.current())
        self.balloons.apply(LESS)
        self.assertEqual(600 * KIB, domain.stats['actual'])

    def test_guest_gets_its_time(self) -> None:
        domain = self.guest('a')
        domain.follows = False
        self.balloons.apply(LESS)
        self.now_s = 10.0
        self.assertEqual(LESS, self.balloons.current())
        self.now_s = 10.1
        text = self.failing(self.balloons.current)
        self.assertIn('guest a has 1000 MiB and was asked to keep 600', text)
        self.failing(lambda: self.balloons.apply(LESS))
        domain.is_paused = True
        self.assertEqual(LESS, self.balloons.current())
        domain.is_paused = False
        domain.stats['actual'] = 610 * KIB
        self.assertEqual(LESS, self.balloons.current())

    def test_one_that_fails_holds_up_no_other(self) -> None:
        self.guest('a').errors['memoryStats'] = double.BROKEN
        domain = self.guest('b')
        self.assertIn(
            'guest a', self.failing(lambda: self.balloons.apply(LESS))
        )
        self.assertEqual(600 * KIB, domain.stats['actual'])

    def test_one_that_libvirt_does_not_know_yet(self) -> None:
        unknown, other = self.guest('a'), self.guest('b')
        del unknown.stats['actual']
        said = self.failing(lambda: self.balloons.apply(LESS))
        self.assertIn('guest a was not asked for its memory', said)
        self.assertIn('does not know yet', said)
        self.assertEqual(600 * KIB, other.stats['actual'])

    def test_not_given_back_is_tried_again(self) -> None:
        domain = self.guest('a')
        self.balloons.apply(LESS)
        domain.errors['setMemory'] = double.BROKEN
        self.failing(self.balloons.release)
        domain.errors.clear()
        self.balloons.release()
        self.assertEqual(1000 * KIB, domain.stats['actual'])
