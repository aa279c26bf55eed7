# SPDX-License-Identifier: Apache-2.0
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import spread

forecasts = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda chances: dict(zip(model.HORIZONS_MIN, chances, strict=True))
)


class SpreadTest(unittest.TestCase):
    def test_returns_by_the_time_between_horizons(self) -> None:
        found = spread.returns({5: 1.0, 15: 0.75, 60: 0.25, 240: 0.25})
        self.assertEqual((0.0, 0.25, 0.5, 0.0), found)

    def test_incomplete_forecast_expects_nothing(self) -> None:
        self.assertEqual((), spread.returns({5: 0.5}))
        self.assertEqual(0, spread.together((), (0.5, 0.5, 0.0, 0.0)))

    def test_other_times_are_not_together(self) -> None:
        lunch = spread.returns({5: 1.0, 15: 0.0, 60: 0.0, 240: 0.0})
        night = spread.returns({5: 1.0, 15: 1.0, 60: 1.0, 240: 0.0})
        self.assertEqual(0, spread.together(lunch, night))
        self.assertEqual(1, spread.together(lunch, lunch))

    @given(forecasts, forecasts)
    def test_a_chance_and_symmetric(self, one, other) -> None:
        a, b = spread.returns(one), spread.returns(other)
        found = spread.together(a, b)
        self.assertTrue(0 <= found <= 1)
        self.assertEqual(found, spread.together(b, a))
