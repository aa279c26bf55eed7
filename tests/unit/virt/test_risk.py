# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import messages, model
from nova_desktop.virt import risk
from tests.unit.virt import statuses

LIMITS = risk.Limits(below=0.3, margin=0.1)
P = model.Presence


def away(stays_15, stays_5=1.0):
    return statuses.status(forecast={5: stays_5, 15: stays_15})


class LimitsTest(unittest.TestCase):
    @given(st.lists(st.floats(0.3, 0.39), min_size=1))
    def test_between_the_two_nothing_changes(self, stays):
        for was in (False, True):
            for each in stays:
                self.assertEqual(was, LIMITS.at_risk(each, was))

    def test_off_or_unknown(self):
        self.assertFalse(risk.Limits(0.0, 1.0).at_risk(0.0, False))
        self.assertFalse(LIMITS.at_risk(None, True))

    def test_when_the_owner_is_expected(self):
        for forecast, minutes in (
            ({5: 0.8, 15: 0.2}, 15),
            ({5: 0.2, 15: 0.1}, 5),
            ({}, 15),
        ):
            self.assertEqual(minutes, risk.expected_min(forecast, 0.3))


class ForetellerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.said: model.Status | None = None
        self.used_mib = 1024
        self.now = 1000.0
        self.client = mock.Mock()
        self.client.at_risk.return_value = True
        self.foreteller = risk.Foreteller(
            'desk1',
            lambda: self.said,
            lambda: self.used_mib,
            lambda: self.client,
            LIMITS,
            300.0,
            lambda: self.now,
        )

    def hear(self, said: model.Status | None) -> float | None:
        self.said = said
        return self.foreteller.step()

    def sent(self) -> list[messages.AtRisk]:
        return [call.args[0] for call in self.client.at_risk.mock_calls]

    def test_told_when_the_odds_fall(self) -> None:
        self.hear(away(0.5))
        self.assertEqual([], self.sent())
        self.hear(away(0.2))
        (message,) = self.sent()
        self.assertEqual('desk1', message.host)
        self.assertEqual(0.8, message.odds)
        self.assertEqual(1900.0, message.until_unix_s)
        self.assertEqual(300.0, message.within_s)
        self.assertEqual(message, messages.AtRisk.from_wire(message.to_wire()))

    def test_repeated_each_minute_whatever_the_agent_says(self) -> None:
        self.hear(away(0.2))
        for _ in range(9):
            self.now += 5
            self.hear(away(0.21))
        self.assertEqual(1, len(self.sent()))
        self.now += 15
        self.assertEqual(60.0, self.hear(away(0.21)))
        first, second = self.sent()
        self.assertEqual(first.until_unix_s, second.until_unix_s)
        self.assertGreater(second.valid_s, 2 * 60)

    def test_taken_back_once_and_with_a_margin(self) -> None:
        self.hear(away(0.2))
        self.hear(away(0.35))
        self.assertEqual(1, len(self.sent()))
        self.hear(away(0.4))
        self.hear(away(0.4))
        self.assertEqual(0.0, self.sent()[-1].odds)
        self.assertEqual(2, len(self.sent()))

    def test_a_service_that_does_not_hear_is_told_again(self) -> None:
        self.client.at_risk.return_value = False
        self.assertEqual(10.0, self.hear(away(0.2)))
        self.assertEqual(10.0, self.foreteller.step())
        self.client.at_risk.return_value = True
        self.foreteller.step()
        self.foreteller.step()
        self.assertEqual(3, len(self.sent()))

    def test_no_guests_no_risk(self) -> None:
        self.used_mib = 0
        # Somebody may come meanwhile.
        self.assertEqual(60.0, self.hear(away(0.2)))
        self.assertEqual([], self.sent())
        self.used_mib = 1024
        self.foreteller.step()
        self.used_mib = 0
        self.foreteller.step()
        self.assertEqual([0.8, 0.0], [each.odds for each in self.sent()])

    def test_the_owner_comes_as_expected(self) -> None:
        self.hear(away(0.2))
        self.hear(statuses.status(presence=P.ACTIVE, forecast={15: 0.0}))
        self.assertEqual(1, len(self.sent()), 'nothing is taken back')
        self.now += 900
        self.foreteller.step()
        self.assertEqual(0.0, self.sent()[-1].odds)

    def test_an_owner_who_is_here_is_not_foreseen(self) -> None:
        for presence in (P.ACTIVE, P.IDLE, P.UNKNOWN):
            self.hear(statuses.status(presence=presence, forecast={15: 0.0}))
        self.hear(None)
        self.assertEqual([], self.sent())

    def test_expected_again(self) -> None:
        self.hear(away(0.2))
        self.now += 900
        self.hear(away(0.2, 0.1))
        self.assertEqual(2200.0, self.sent()[-1].until_unix_s)

    def test_near_certainty_is_no_withdrawal(self) -> None:
        self.foreteller._limits = risk.Limits(1.0, 0.0)
        self.hear(away(0.999))
        self.assertGreater(self.sent()[0].odds, 0)
