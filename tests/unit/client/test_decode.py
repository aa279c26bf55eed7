# SPDX-License-Identifier: Apache-2.0
"""What the agent lays out is what the client reads."""

import unittest

from nova_desktop import client, exception
from nova_desktop.agent import interface
from nova_desktop.client import decode
from tests.unit.client.example import STATUS


class StatusTest(unittest.TestCase):
    def test_there_and_back(self) -> None:
        laid_out = interface.properties(STATUS)
        self.assertEqual(STATUS, decode.status(laid_out))

    def test_an_older_agent_has_no_fence(self) -> None:
        laid_out = interface.properties(STATUS)
        for name in ('Departing', 'Fenced', 'FencedSince'):
            del laid_out[name]
        status = decode.status(laid_out)
        self.assertEqual(('', ()), (status.departing, status.fenced))
        self.assertIsNone(status.fenced_since_unix_s)

    def test_names_are_the_same_on_both_sides(self) -> None:
        self.assertEqual(interface.BUS_NAME, client.BUS_NAME)
        self.assertEqual(interface.PATH, client.PATH)

    def test_another_version_is_silent(self) -> None:
        laid_out = interface.properties(STATUS)
        for spoilt in (
            {**laid_out, 'Presence': 'elsewhere'},
            {name: laid_out[name] for name in laid_out if name != 'Admit'},
        ):
            with self.assertRaises(exception.AgentSilent):
                decode.status(spoilt)
