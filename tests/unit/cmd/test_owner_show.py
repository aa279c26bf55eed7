# SPDX-License-Identifier: Apache-2.0
"""What the owner reads of his own say."""

import dataclasses
import unittest

from nova_desktop import model
from nova_desktop.agent import owner_api
from nova_desktop.client import decode
from nova_desktop.cmd import owner_show
from tests.unit.client.example import STATUS

SAYS = (
    model.Say(),
    model.Say(pause=model.Spell()),
    model.Say(pause=model.Spell(1_800_000_000.0), cpu=0.0, memory=1.0),
    model.Say(lend=model.Spell(), cpu=0.5),
    model.Say(lend=model.Spell(1_800_000_000.0), memory=0.25),
)


class ShowTest(unittest.TestCase):
    def test_says_what_was_said(self) -> None:
        for say, words in zip(
            SAYS,
            (
                (),
                ('You paused', 'nova-desktop resume'),
                ('You paused', '2027', '0 % of the CPUs and 100 % of the'),
                ('You lend it', 'resume', 'at most 50 % of the CPUs.'),
                ('You lend it', '2027', 'at most 25 % of the memory.'),
            ),
            strict=True,
        ):
            text = owner_show.describe(STATUS, say)
            for word in words:
                self.assertIn(word, text)
            silent = owner_show.describe(STATUS)
            self.assertEqual(not words, text == silent)

    def test_says_who_is_fenced(self) -> None:
        text = owner_show.describe(STATUS)
        self.assertIn('still belong here: a-guest.', text)
        self.assertIn(owner_show.clock(1234.5), text)
        free = dataclasses.replace(STATUS, fenced=())
        self.assertNotIn('belong', owner_show.describe(free))


class DecodeTest(unittest.TestCase):
    def test_what_the_agent_lays_out_is_read_back(self) -> None:
        for say in SAYS:
            laid_out = owner_api.properties(say)
            self.assertEqual(say, decode.say(laid_out))
        self.assertEqual(owner_api.NO_END, decode.NO_END)

    def test_agent_that_cannot_tell_says_nothing(self) -> None:
        self.assertEqual(model.Say(), decode.say({}))
