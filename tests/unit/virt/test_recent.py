# SPDX-License-Identifier: Apache-2.0
import dataclasses
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.virt import recent
from tests.unit.virt import statuses

AWAY = statuses.status()
ACTIVE = statuses.status(presence=model.Presence.ACTIVE)
WORKING = dataclasses.replace(AWAY, demand=True)


class RecentTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now_s = 1000.0
        self.recent = recent.Recent(lambda: self.now_s)

    def demand(self) -> float:
        return self.recent.stats()['desktop_demand']

    def hear(self, said: model.Status | None, for_s: float) -> None:
        self.recent.note(said)
        self.now_s += for_s

    def test_nothing_is_told_before_the_agent_was_heard(self) -> None:
        self.assertEqual({}, self.recent.stats())

    def test_half_of_it_is_forgotten_in_a_half_life(self) -> None:
        self.hear(ACTIVE, 60.0)
        self.assertEqual(1.0, self.demand())
        self.hear(AWAY, recent.HALF_LIFE_S)
        self.assertEqual(0.5, self.demand())
        self.now_s += 10 * recent.HALF_LIFE_S
        self.assertEqual(0.0, self.demand())

    def test_work_of_an_absent_owner_counts(self) -> None:
        self.hear(AWAY, 60.0)
        self.hear(WORKING, recent.HALF_LIFE_S)
        self.assertEqual(0.5, self.demand())

    def test_silence_counts_as_the_owner(self) -> None:
        self.hear(AWAY, 60.0)
        self.hear(None, recent.HALF_LIFE_S)
        self.assertEqual(0.5, self.demand())

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([AWAY, ACTIVE, WORKING, None]),
                st.floats(0, 1e6),
            ),
            min_size=1,
        )
    )
    def test_always_a_share_in_tenths(self, said) -> None:
        for status, for_s in said:
            self.hear(status, for_s)
        self.assertIn(self.demand(), [tenth / 10 for tenth in range(11)])
