# SPDX-License-Identifier: Apache-2.0
"""The forecast: honest with little, right with much."""

import random
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.forecasting import survival

HOUR_S = 3600.0


def absences(*lengths_s: float) -> tuple[survival.Absence, ...]:
    """Lay absences of these lengths on different days."""
    return tuple(
        (day * 86400.0, day * 86400.0 + length)
        for day, length in enumerate(lengths_s)
    )


LENGTHS = st.lists(st.floats(60.0, 86400.0), min_size=5, max_size=60)


class ForecastTest(unittest.TestCase):
    def test_nothing_to_say_with_little_history(self) -> None:
        few = absences(*[HOUR_S] * (survival.ENOUGH - 1))
        self.assertEqual({}, survival.forecast(few, 0.0))
        self.assertNotEqual(
            {}, survival.forecast(absences(*[HOUR_S] * survival.ENOUGH), 0.0)
        )

    def test_present_owner_is_not_away(self) -> None:
        for history in ((), absences(*[HOUR_S] * 9)):
            self.assertEqual(
                {5: 0.0, 15: 0.0, 60: 0.0, 240: 0.0},
                survival.forecast(history, None),
            )

    def test_regular_lunch_ends_when_it_always_ends(self) -> None:
        history = absences(*[HOUR_S] * 50)
        early = survival.forecast(history, 5 * 60.0)
        self.assertGreater(early[15], 0.95)
        self.assertLess(early[60], 0.05)
        late = survival.forecast(history, 50 * 60.0)
        self.assertGreater(late[5], 0.95)
        self.assertLess(late[15], 0.05)

    def test_longer_than_ever_is_left_to_the_prior(self) -> None:
        found = survival.forecast(absences(*[HOUR_S] * 50), 10 * HOUR_S)
        gone_s = 10 * HOUR_S + survival.PRIOR_SCALE_S
        self.assertAlmostEqual(gone_s / (gone_s + HOUR_S), found[60])

    def test_estimate_approaches_the_truth(self) -> None:
        dice = random.Random(7)
        history = absences(
            *[dice.expovariate(1 / HOUR_S) for _ in range(survival.KEEP)]
        )
        # Exponential absences have no memory: e^-1 for an hour, whenever.
        for gone_s in (0.0, 1800.0):
            found = survival.forecast(history, gone_s)
            self.assertAlmostEqual(0.368, found[60], delta=0.06)

    def test_broken_records_do_not_count(self) -> None:
        broken = tuple((1000.0, 500.0) for _ in range(20))
        self.assertEqual({}, survival.forecast(broken, 60.0))

    @given(LENGTHS, st.floats(0.0, 90000.0))
    def test_probabilities_fall_with_the_horizon(
        self, lengths: list[float], gone_s: float
    ) -> None:
        found = survival.forecast(absences(*lengths), gone_s)
        self.assertEqual(set(model.HORIZONS_MIN), set(found))
        row = [found[minutes] for minutes in sorted(found)]
        self.assertEqual(sorted(row, reverse=True), row)
        # Never sure: the owner may always do what he never did.
        self.assertTrue(all(0.0 < p < 1.0 for p in row))


class RememberTest(unittest.TestCase):
    def test_history_is_bounded_and_keeps_the_latest(self) -> None:
        history: tuple[survival.Absence, ...] = ()
        for day in range(survival.KEEP + 10):
            history = survival.remember(history, day * 1e5, day * 1e5 + 100)
        self.assertEqual(survival.KEEP, len(history))
        self.assertEqual(10 * 1e5, history[0][0])

    def test_pauses_are_not_absences(self) -> None:
        self.assertEqual((), survival.remember((), 0.0, 59.0))
        self.assertEqual(((0.0, 60.0),), survival.remember((), 0.0, 60.0))
