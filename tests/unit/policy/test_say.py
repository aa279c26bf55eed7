# SPDX-License-Identifier: Apache-2.0
"""The owner's say as bounds."""

import dataclasses
import unittest

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.policy import say

NOW_UNIX_S = 1_800_000_000.0
NOW_S = 5000.0
DAY_S = 86400.0

moments = st.none() | st.floats(0, 4e9)
spells = st.none() | st.builds(model.Spell, moments)
parts = st.none() | st.floats(0, 1)
says = st.builds(model.Say, pause=spells, lend=spells, cpu=parts, memory=parts)


def rules(
    said: model.Say, unix_s: float = NOW_UNIX_S, now_s: float = NOW_S
) -> model.Rules:
    """Give the rules at the moment of these tests."""
    return say.rules(said, unix_s, now_s)


class SayTest(unittest.TestCase):
    def test_nothing_said(self) -> None:
        self.assertEqual(model.Rules(), rules(model.Say()))

    def test_pause_until_resumed(self) -> None:
        found = rules(model.Say(pause=model.Spell()))
        (bound,) = found.bounds
        self.assertEqual(
            (0, 0, False, True, None),
            (
                bound.cpu,
                bound.memory,
                bound.admit,
                bound.reclaim,
                bound.end_s,
            ),
        )
        self.assertIn('paused', bound.reason)
        self.assertIsNone(found.recheck_s)

    def test_pause_ends_by_itself_on_the_other_clock(self) -> None:
        said = model.Say(pause=model.Spell(NOW_UNIX_S + 60))
        self.assertEqual(NOW_S + 60, rules(said).recheck_s)
        self.assertEqual(NOW_S + 60, rules(said).bounds[0].end_s)
        self.assertEqual(model.Rules(), rules(said, NOW_UNIX_S + 60))

    def test_lend(self) -> None:
        said = model.Say(lend=model.Spell(NOW_UNIX_S + 60))
        found = rules(said)
        self.assertIn('lends', found.lend)
        self.assertEqual(NOW_S + 60, found.recheck_s)
        self.assertEqual((), found.bounds)

    def test_lend_for_too_long_is_a_clock_set_back(self) -> None:
        said = model.Say(lend=model.Spell(NOW_UNIX_S + 367 * DAY_S))
        self.assertEqual(model.Rules(), rules(said))
        said = model.Say(pause=said.lend)
        self.assertEqual(1, len(rules(said).bounds))

    def test_parts(self) -> None:
        found = rules(model.Say(cpu=0.5, memory=0.25))
        cpu, memory = found.bounds
        self.assertEqual((0.5, 1, True, False), _laid_out(cpu))
        self.assertEqual((1, 0.25, True, True), _laid_out(memory))
        self.assertIsNone(found.recheck_s)

    @given(says, st.floats(0, 4e9), st.floats(0, 1e6))
    def test_recheck_is_ahead_and_no_sooner_anything_changes(
        self, said: model.Say, unix_s: float, now_s: float
    ) -> None:
        said = say.live(said, unix_s)
        found = rules(said, unix_s, now_s)
        if found.recheck_s is None:
            later = rules(said, unix_s + DAY_S, now_s + DAY_S)
            self.assertEqual(_words(found), _words(later))
            return
        left_s = found.recheck_s - now_s
        self.assertGreaterEqual(left_s, 0)
        half = rules(said, unix_s + left_s / 2, now_s + left_s / 2)
        if unix_s + left_s / 2 < unix_s + left_s:
            self.assertEqual(_words(found), _words(half))
        after = rules(said, unix_s + left_s + 1, now_s + left_s + 1)
        self.assertNotEqual(_words(found), _words(after))

    @given(says, st.floats(0, 4e9))
    def test_paused_never_lends(self, said: model.Say, unix_s: float) -> None:
        held = say.live(said, unix_s)
        found = rules(said, unix_s)
        closed = [bound for bound in found.bounds if not bound.admit]
        self.assertEqual(held.pause is not None, bool(closed))
        if closed:
            self.assertEqual('', found.lend)
            self.assertEqual((0, 0, False, True), _laid_out(closed[0]))

    @given(says, st.floats(0, 4e9))
    def test_no_bound_is_beyond_what_was_said(
        self, said: model.Say, unix_s: float
    ) -> None:
        bounds = rules(said, unix_s).bounds
        least = min((bound.cpu for bound in bounds), default=1)
        self.assertLessEqual(least, 1 if said.cpu is None else said.cpu)
        least = min((bound.memory for bound in bounds), default=1)
        self.assertLessEqual(least, 1 if said.memory is None else said.memory)

    @given(says, st.floats(0, 4e9))
    def test_live_is_stable(self, said: model.Say, unix_s: float) -> None:
        held = say.live(said, unix_s)
        self.assertEqual(held, say.live(held, unix_s))
        self.assertEqual(rules(said, unix_s), rules(held, unix_s))
        self.assertEqual((said.cpu, said.memory), (held.cpu, held.memory))


def _laid_out(bound: model.Bound) -> tuple[float, float, bool, bool]:
    return bound.cpu, bound.memory, bound.admit, bound.reclaim


def _words(found: model.Rules) -> tuple[object, ...]:
    """Give all but the moments."""
    bounds = [dataclasses.replace(bound, end_s=None) for bound in found.bounds]
    return found.lend, bounds
