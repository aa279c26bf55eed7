# SPDX-License-Identifier: Apache-2.0
"""The cap: taking at once, giving back after a hold."""

import dataclasses
import itertools
import unittest
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.model import Presence
from nova_desktop.policy import cap

SHARES = cap.CapShares()
LIMITS = cap.CapLimits(reclaim_after_s=30.0, give_back_hold_s=15.0)
HOST = model.Capacity(cpus=8, memory_mib=1000)


def here(which: Presence, since_s: float = 0.0, **others: Any) -> Any:
    """Build a presence verdict."""
    return model.PresenceVerdict(which, 'test', 'a test', since_s, **others)


AWAY = here(Presence.AWAY)


def decide(
    presence: model.PresenceVerdict,
    now_s: float,
    previous: model.Verdict | None = None,
    shares: cap.CapShares = SHARES,
    rules: model.Rules = model.Rules(),  # noqa: B008 - frozen
) -> model.Verdict:
    """Decide for the host of these tests."""
    return cap.decide(presence, shares, HOST, LIMITS, now_s, previous, rules)


LENT = decide(AWAY, 100.0)


class CapTest(unittest.TestCase):
    def test_shares_of_each_presence(self) -> None:
        for which, expected in (
            (Presence.AWAY, model.Cap(8.0, 900, True)),
            (Presence.IDLE, model.Cap(4.0, 500, False)),
            (Presence.ACTIVE, model.Cap(0.08, 250, False)),
            (Presence.UNKNOWN, model.Cap(0.08, 250, False)),
        ):
            self.assertEqual(expected, decide(here(which), 100.0).cap)

    def test_taking_is_at_once(self) -> None:
        found = decide(here(Presence.ACTIVE, 200.0), 200.0, LENT)
        self.assertEqual(model.Cap(0.08, 250, False), found.cap)
        self.assertEqual(200.0, found.tightened_s)

    def test_giving_back_waits_for_the_hold(self) -> None:
        busy = decide(here(Presence.ACTIVE, 200.0), 200.0, LENT)
        away = here(Presence.AWAY, 300.0)
        held = decide(away, 300.0, busy)
        self.assertEqual(busy.cap, held.cap)
        self.assertEqual(315.0, held.recheck_s)
        self.assertEqual(busy.cap, decide(away, 314.9, held).cap)
        self.assertEqual(LENT.cap, decide(away, 315.0, held).cap)

    def test_first_verdict_of_all_gives_nothing_back_yet(self) -> None:
        first = decide(here(Presence.AWAY, 100.0), 100.0)
        self.assertEqual(model.Cap(0.08, 250, False), first.cap)

    def test_first_sign_throttles_and_closes_and_no_more(self) -> None:
        bump = here(Presence.ACTIVE, 200.0, confirmed=False)
        found = decide(bump, 200.0, LENT)
        self.assertEqual(model.Cap(0.08, 900, False), found.cap)
        self.assertFalse(found.reclaim_due)
        much_later = decide(bump, 500.0, found)
        self.assertFalse(much_later.reclaim_due)
        self.assertEqual(900, much_later.cap.memory_mib)

    def test_admission_is_never_open_to_the_unknown(self) -> None:
        every = cap.Share(cpu=1.0, memory=1.0, admit=True)
        shares = cap.CapShares(every, every, every, every)
        for presence in (
            here(Presence.UNKNOWN),
            here(Presence.ACTIVE, confirmed=False),
            here(Presence.AWAY, demand=True),
        ):
            self.assertFalse(decide(presence, 100.0, None, shares).cap.admit)
        found = decide(here(Presence.ACTIVE), 100.0, None, shares)
        self.assertTrue(found.cap.admit)

    def test_demand_takes_cpus_but_no_memory(self) -> None:
        for which, cpus, memory_mib in (
            (Presence.AWAY, 4.0, 900),
            (Presence.IDLE, 0.08, 500),
            (Presence.ACTIVE, 0.08, 250),
        ):
            found = decide(here(which, demand=True), 100.0)
            self.assertEqual(model.Cap(cpus, memory_mib, False), found.cap)

    def test_end_of_demand_waits_too(self) -> None:
        loaded = decide(here(Presence.AWAY, demand=True), 200.0, LENT)
        self.assertEqual(4.0, loaded.cap.cpus)
        self.assertEqual(4.0, decide(AWAY, 214.9, loaded).cap.cpus)
        self.assertEqual(8.0, decide(AWAY, 215.0, loaded).cap.cpus)


class ReclaimTest(unittest.TestCase):
    def test_due_once_held(self) -> None:
        for which in (Presence.ACTIVE, Presence.UNKNOWN):
            presence = here(which, 200.0)
            first = decide(presence, 200.0, LENT)
            self.assertFalse(first.reclaim_due)
            self.assertEqual(230.0, first.recheck_s)
            self.assertFalse(decide(presence, 229.9, first).reclaim_due)
            due = decide(presence, 230.0, first)
            self.assertTrue(due.reclaim_due)
            self.assertIn('must leave', due.reason)

    def test_never_due_while_nobody_is_there(self) -> None:
        for which in (Presence.AWAY, Presence.IDLE):
            self.assertFalse(decide(here(which), 9999.0, LENT).reclaim_due)

    def test_soonest_recheck_wins(self) -> None:
        presence = here(Presence.ACTIVE, 200.0, recheck_s=210.0)
        self.assertEqual(210.0, decide(presence, 200.0, LENT).recheck_s)


class ReasonTest(unittest.TestCase):
    def test_has_the_figures_and_does_not_move_with_the_clock(self) -> None:
        presence = here(Presence.ACTIVE, 200.0)
        first = decide(presence, 200.0, LENT)
        self.assertIn('a test', first.reason)
        self.assertIn('0.08 of 8 CPUs', first.reason)
        self.assertIn('250 of 1000 MiB', first.reason)
        self.assertIn('refused', first.reason)
        self.assertEqual(first, decide(presence, 205.0, first))


STEP = st.tuples(
    st.floats(0.0, 20.0),
    st.sampled_from(list(Presence)),
    st.booleans(),
    st.booleans(),
)


def play(
    steps: list[tuple[float, Presence, bool, bool]],
) -> list[tuple[float, model.Verdict]]:
    """Run a history of presences through the cap."""
    now_s, told = 1000.0, []
    presence = here(Presence.UNKNOWN, now_s)
    previous = None
    for after_s, which, confirmed, demand in steps:
        now_s += after_s
        since_s = presence.since_s if presence.presence == which else now_s
        presence = here(which, since_s, confirmed=confirmed, demand=demand)
        previous = decide(presence, now_s, previous)
        told.append((now_s, previous))
    return told


def grew(before: model.Cap, after: model.Cap) -> bool:
    """Say whether anything was given back."""
    return (
        after.cpus > before.cpus
        or after.memory_mib > before.memory_mib
        or (after.admit and not before.admit)
    )


def shrank(before: model.Cap, after: model.Cap) -> bool:
    """Say whether anything was taken."""
    return grew(after, before)


HISTORIES = st.lists(STEP, min_size=2, max_size=30).map(play)


class HistoryTest(unittest.TestCase):
    @settings(max_examples=200, deadline=None)
    @given(HISTORIES)
    def test_tightening_never_waits(
        self, history: list[tuple[float, model.Verdict]]
    ) -> None:
        for _, found in history:
            presence = found.presence
            share = getattr(SHARES, presence.presence.value)
            self.assertLessEqual(found.cap.cpus, share.cpu * HOST.cpus)
            if presence.confirmed:
                limit_mib = share.memory * HOST.memory_mib
                self.assertLessEqual(found.cap.memory_mib, limit_mib)
            sure = presence.confirmed and not presence.demand
            if presence.presence is not Presence.AWAY or not sure:
                self.assertFalse(found.cap.admit)

    @settings(max_examples=200, deadline=None)
    @given(HISTORIES)
    def test_nothing_is_given_back_within_the_hold(
        self, history: list[tuple[float, model.Verdict]]
    ) -> None:
        taken_s = history[0][0]
        for (_, before), (now_s, after) in itertools.pairwise(history):
            if grew(before.cap, after.cap):
                hold_s = LIMITS.give_back_hold_s
                self.assertGreaterEqual(now_s, after.presence.since_s + hold_s)
                self.assertGreaterEqual(now_s, taken_s + hold_s)
            if shrank(before.cap, after.cap):
                taken_s = now_s

    @settings(max_examples=200, deadline=None)
    @given(HISTORIES)
    def test_an_unconfirmed_sign_takes_no_memory(
        self, history: list[tuple[float, model.Verdict]]
    ) -> None:
        for (_, before), (_, after) in itertools.pairwise(history):
            if not after.presence.confirmed:
                self.assertEqual(before.cap.memory_mib, after.cap.memory_mib)
                self.assertFalse(after.reclaim_due)

    @settings(max_examples=200, deadline=None)
    @given(HISTORIES)
    def test_recheck_brings_what_was_waited_for(
        self, history: list[tuple[float, model.Verdict]]
    ) -> None:
        now_s, last = history[-1]
        calm = dataclasses.replace(last.presence, recheck_s=None)
        for _ in range(3):
            last = decide(calm, now_s, last)
            if last.recheck_s is None:
                break
            self.assertGreater(last.recheck_s, now_s)
            now_s = last.recheck_s
        self.assertIsNone(last.recheck_s)


HALF = model.Bound('schedule', 'office hours', cpu=0.5, memory=0.5)
PAUSED = model.Bound(
    'say', 'the owner paused it', cpu=0, memory=0, admit=False, reclaim=True
)
LEND = model.Rules(lend='the owner lends it')


class RulesTest(unittest.TestCase):
    def test_bound_narrows_at_once_and_is_named(self) -> None:
        found = decide(AWAY, 200.0, LENT, rules=model.Rules((HALF,)))
        self.assertEqual(model.Cap(4.0, 500, True), found.cap)
        self.assertIn('office hours', found.reason)
        self.assertFalse(found.reclaim_due)

    def test_narrowest_of_several(self) -> None:
        quarter = dataclasses.replace(HALF, cpu=0.25, memory=1.0)
        rules = model.Rules((HALF, quarter))
        found = decide(AWAY, 200.0, LENT, rules=rules)
        self.assertEqual(model.Cap(2.0, 500, True), found.cap)

    def test_bound_never_widens(self) -> None:
        busy = here(Presence.ACTIVE)
        found = decide(busy, 100.0, rules=model.Rules((HALF,)))
        self.assertEqual(decide(busy, 100.0).cap, found.cap)

    def test_pause_takes_all_and_then_asks_guests_to_leave(self) -> None:
        rules = model.Rules((PAUSED,))
        paused = decide(AWAY, 200.0, LENT, rules=rules)
        self.assertEqual(model.NOTHING, paused.cap)
        self.assertFalse(paused.reclaim_due)
        self.assertEqual(230.0, paused.recheck_s)
        due = decide(AWAY, 230.0, paused, rules=rules)
        self.assertTrue(due.reclaim_due)
        self.assertFalse(decide(AWAY, 231.0, due).reclaim_due)

    def test_bound_above_what_presence_leaves_asks_nobody(self) -> None:
        idle = here(Presence.IDLE)
        loose = dataclasses.replace(HALF, memory=0.8, reclaim=True)
        rules = model.Rules((loose,))
        found = decide(
            idle, 900.0, decide(idle, 0.0, rules=rules), rules=rules
        )
        self.assertEqual(500, found.cap.memory_mib)
        self.assertFalse(found.reclaim_due)
        tight = model.Rules((dataclasses.replace(loose, memory=0.3),))
        before = decide(idle, 900.0, found, rules=tight)
        self.assertTrue(decide(idle, 930.0, before, rules=tight).reclaim_due)

    def test_lending_stands_in_the_place_of_presence(self) -> None:
        busy = here(Presence.ACTIVE, 0.0, demand=True)
        found = decide(busy, 300.0, decide(busy, 200.0), rules=LEND)
        self.assertEqual(LENT.cap, found.cap)
        self.assertFalse(found.reclaim_due)

    def test_lending_takes_no_guest_while_nothing_is_known(self) -> None:
        lost = here(Presence.UNKNOWN)
        found = decide(lost, 300.0, decide(lost, 200.0), rules=LEND)
        self.assertEqual(model.Cap(8.0, 900, False), found.cap)

    def test_lending_is_bound_too(self) -> None:
        rules = dataclasses.replace(LEND, bounds=(HALF,))
        busy = here(Presence.ACTIVE)
        found = decide(busy, 300.0, decide(busy, 200.0), rules=rules)
        self.assertEqual(model.Cap(4.0, 500, True), found.cap)

    def test_looked_at_again_when_a_rule_changes(self) -> None:
        rules = model.Rules((HALF,), recheck_s=260.0)
        self.assertEqual(
            260.0, decide(AWAY, 200.0, LENT, rules=rules).recheck_s
        )

    @given(
        st.sampled_from(Presence),
        st.lists(
            st.builds(
                model.Bound,
                st.just('any'),
                st.just('any'),
                st.floats(0, 1),
                st.floats(0, 1),
                st.booleans(),
                st.booleans(),
            )
        ),
        st.booleans(),
    )
    def test_never_above_any_bound(
        self, which: Presence, bounds: list[model.Bound], lend: bool
    ) -> None:
        rules = model.Rules(tuple(bounds), lend='said' if lend else '')
        before = decide(here(which), 0.0)
        found = decide(here(which), 500.0, before, rules=rules).cap
        for bound in bounds:
            self.assertLessEqual(found.cpus, bound.cpu * HOST.cpus + 0.001)
            self.assertLessEqual(found.memory_mib, bound.memory * 1000)
            self.assertLessEqual(found.admit, bound.admit)
        if which is Presence.UNKNOWN:
            self.assertFalse(found.admit)
