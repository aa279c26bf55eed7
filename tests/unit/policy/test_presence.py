# SPDX-License-Identifier: Apache-2.0
"""Presence: the owner's side of every doubt."""

import dataclasses
import itertools
import unittest
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nova_desktop import model
from nova_desktop.model import Health, Presence
from nova_desktop.policy import presence

LIMITS = presence.PresenceLimits()
OK = {'input': Health(True), 'sessions': Health(True)}
UNLOCKED = model.SessionFacts(count=1, unlocked=1)
LOCKED = model.SessionFacts(count=1, unlocked=0)
NOBODY = model.SessionFacts()


def facts(
    now_s: float,
    key: float | None = None,
    pointer: float | None = None,
    windows: int = 0,
    sessions: model.SessionFacts | None = UNLOCKED,
    **others: Any,
) -> model.Facts:
    """Build facts of a host that was watched since second 0."""
    given_: dict[str, Any] = {
        'started_s': 0.0,
        'input': model.InputFacts(key, pointer, windows),
        'health': OK,
    }
    return model.Facts(now_s=now_s, sessions=sessions, **given_ | others)


def verdict(which: Presence, since_s: float = 0.0, **others: Any) -> Any:
    """Build an earlier verdict."""
    return model.PresenceVerdict(which, 'test', 'test', since_s, **others)


AWAY = verdict(Presence.AWAY)
IDLE = verdict(Presence.IDLE)
ACTIVE = verdict(Presence.ACTIVE)
UNKNOWN = verdict(Presence.UNKNOWN)


class SourcesTest(unittest.TestCase):
    def decide(self, **others: Any) -> model.PresenceVerdict:
        return presence.decide(facts(5000.0, **others), LIMITS, AWAY)

    def test_failed_source_is_unknown_and_says_why(self) -> None:
        for name in ('input', 'sessions', 'load'):
            health = OK | {name: Health(False, 'it broke')}
            found = self.decide(health=health)
            self.assertEqual(Presence.UNKNOWN, found.presence)
            self.assertEqual(name, found.source)
            self.assertIn('it broke', found.reason)
            self.assertTrue(found.confirmed)

    def test_dead_helper_is_unknown_until_it_is_back(self) -> None:
        health = OK | {'helpers': Health(False, 'session c1 lost its helper')}
        found = self.decide(health=health)
        self.assertEqual(Presence.UNKNOWN, found.presence)
        self.assertIn('c1 lost its helper', found.reason)
        health = OK | {'helpers': Health(True)}
        self.assertEqual(Presence.AWAY, self.decide(health=health).presence)

    def test_required_source_that_never_started_is_unknown(self) -> None:
        for name in ('input', 'sessions'):
            health = {k: v for k, v in OK.items() if k != name}
            found = self.decide(health=health)
            self.assertEqual(Presence.UNKNOWN, found.presence)
            self.assertEqual(name, found.source)

    def test_healthy_source_without_reading_is_unknown(self) -> None:
        self.assertEqual(Presence.UNKNOWN, self.decide(sessions=None).presence)
        self.assertEqual(Presence.UNKNOWN, self.decide(input=None).presence)

    def test_optional_source_that_never_started_has_no_say(self) -> None:
        limits = dataclasses.replace(LIMITS, required=('input',))
        health = {'input': Health(True)}
        seen = facts(5000.0, sessions=None, health=health)
        found = presence.decide(seen, limits, AWAY)
        self.assertEqual(Presence.AWAY, found.presence)

    def test_without_input_only_a_lock_tells(self) -> None:
        limits = dataclasses.replace(LIMITS, required=('sessions',))
        health = {'sessions': Health(True)}
        for sessions, expected in (
            (UNLOCKED, Presence.UNKNOWN),
            (LOCKED, Presence.AWAY),
            (NOBODY, Presence.AWAY),
        ):
            seen = facts(5000.0, sessions=sessions, input=None, health=health)
            found = presence.decide(seen, limits, AWAY)
            self.assertEqual(expected, found.presence)


class SignsTest(unittest.TestCase):
    def test_key_holds_for_exactly_its_time(self) -> None:
        seen = facts(1059.9, key=1000.0)
        found = presence.decide(seen, LIMITS, AWAY)
        self.assertEqual(Presence.ACTIVE, found.presence)
        self.assertTrue(found.confirmed)
        self.assertEqual(1060.0, found.recheck_s)
        seen = facts(1060.0, key=1000.0)
        found = presence.decide(seen, LIMITS, ACTIVE)
        self.assertEqual(Presence.IDLE, found.presence)
        self.assertEqual(1900.0, found.recheck_s)

    def test_first_pointer_event_is_unconfirmed_and_falls_back(self) -> None:
        seen = facts(1000.0, pointer=1000.0, windows=1, sessions=LOCKED)
        first = presence.decide(seen, LIMITS, AWAY)
        self.assertEqual(Presence.ACTIVE, first.presence)
        self.assertFalse(first.confirmed)
        self.assertEqual(1010.0, first.recheck_s)
        seen = facts(1010.0, pointer=1000.0, sessions=LOCKED)
        back = presence.decide(seen, LIMITS, first)
        self.assertEqual(Presence.IDLE, back.presence)
        self.assertEqual(1015.0, back.recheck_s)

    def test_second_window_confirms_and_then_holds(self) -> None:
        first = verdict(Presence.ACTIVE, 1000.0, confirmed=False)
        seen = facts(1000.5, pointer=1000.5, windows=2)
        sure = presence.decide(seen, LIMITS, first)
        self.assertTrue(sure.confirmed)
        self.assertEqual(1000.0, sure.since_s)
        later = presence.decide(
            facts(1060.0, pointer=1000.5, windows=0), LIMITS, sure
        )
        self.assertEqual(Presence.ACTIVE, later.presence)
        self.assertTrue(later.confirmed)

    def test_key_confirms_a_pointer(self) -> None:
        first = verdict(Presence.ACTIVE, 1000.0, confirmed=False)
        seen = facts(1003.0, key=1003.0, pointer=1000.0, windows=1)
        self.assertTrue(presence.decide(seen, LIMITS, first).confirmed)

    def test_pointer_after_unknown_is_the_owner(self) -> None:
        seen = facts(1030.0, pointer=1000.0)
        for before in (None, UNKNOWN):
            found = presence.decide(seen, LIMITS, before)
            self.assertEqual(Presence.ACTIVE, found.presence)
            self.assertTrue(found.confirmed)

    def test_unlocking_without_input_is_a_sign(self) -> None:
        sessions = dataclasses.replace(UNLOCKED, last_sign_s=5000.0)
        found = presence.decide(facts(5000.0, sessions=sessions), LIMITS, AWAY)
        self.assertEqual(Presence.ACTIVE, found.presence)
        self.assertEqual('sessions', found.source)
        self.assertTrue(found.confirmed)

    def test_inhibitor_and_remote_session_keep_the_owner_here(self) -> None:
        for sessions in (
            dataclasses.replace(LOCKED, inhibitors=('Film',)),
            dataclasses.replace(LOCKED, remote=1),
        ):
            found = presence.decide(
                facts(5000.0, sessions=sessions), LIMITS, AWAY
            )
            self.assertEqual(Presence.ACTIVE, found.presence)
            self.assertIsNone(found.recheck_s)
        limits = dataclasses.replace(LIMITS, remote_counts=False)
        found = presence.decide(facts(5000.0, sessions=sessions), limits, AWAY)
        self.assertEqual(Presence.AWAY, found.presence)


class TerminalTest(unittest.TestCase):
    TYPED = model.TerminalFacts(last_input_s=4990.0)

    def test_typing_over_ssh_counts_where_logind_is_missing(self) -> None:
        limits = dataclasses.replace(LIMITS, required=('input',))
        health = {'input': Health(True), 'terminals': Health(True)}
        for now_s, expected in (
            (5000.0, Presence.ACTIVE),
            (5050.0, Presence.IDLE),
            (5890.0, Presence.AWAY),
        ):
            seen = facts(
                now_s, sessions=None, health=health, terminals=self.TYPED
            )
            found = presence.decide(seen, limits, AWAY)
            self.assertEqual(expected, found.presence, now_s)
        seen = facts(
            5000.0, sessions=None, health=health, terminals=self.TYPED
        )
        found = presence.decide(seen, limits, AWAY)
        self.assertEqual('terminals', found.source)

    def test_typing_does_not_count_where_remote_does_not(self) -> None:
        limits = dataclasses.replace(LIMITS, remote_counts=False)
        seen = facts(5000.0, terminals=self.TYPED)
        found = presence.decide(seen, limits, AWAY)
        self.assertEqual(Presence.AWAY, found.presence)

    def test_the_latest_sign_decides(self) -> None:
        sessions = dataclasses.replace(UNLOCKED, last_sign_s=4980.0)
        for key_s, expected in (
            (4970.0, 'terminals'),
            (4990.0, 'input'),
            (4995.0, 'input'),
        ):
            seen = facts(
                5000.0, key=key_s, sessions=sessions, terminals=self.TYPED
            )
            found = presence.decide(seen, LIMITS, AWAY)
            self.assertEqual(expected, found.source)


class HelperTest(unittest.TestCase):
    """What only a login sees."""

    def decide(
        self, now_s: float, pointer: float | None = None, **helper: Any
    ) -> model.PresenceVerdict:
        return presence.decide(
            facts(
                now_s,
                pointer=pointer,
                windows=1 if pointer else 0,
                helpers=model.HelperFacts(sessions=1, **helper),
            ),
            LIMITS,
            AWAY,
        )

    def test_input_holds_for_its_time(self) -> None:
        found = self.decide(5000.0, last_active_s=4990.0)
        self.assertEqual(Presence.ACTIVE, found.presence)
        self.assertEqual('helpers', found.source)
        self.assertEqual(4990.0 + LIMITS.active_hold_s, found.recheck_s)
        later = self.decide(5050.0, last_active_s=4990.0)
        self.assertEqual(Presence.IDLE, later.presence)
        self.assertEqual(4990.0 + LIMITS.away_after_s, later.recheck_s)

    def test_input_that_goes_on_needs_no_second_look(self) -> None:
        found = self.decide(5000.0, last_active_s=5000.0, active=True)
        self.assertEqual(Presence.ACTIVE, found.presence)
        self.assertIsNone(found.recheck_s)

    def test_film_behind_the_login(self) -> None:
        found = self.decide(5000.0, inhibited=True)
        self.assertEqual(Presence.ACTIVE, found.presence)
        self.assertEqual('helpers', found.source)

    def test_bump_is_still_one_when_the_login_feels_it_too(self) -> None:
        for seen_s in (4999.5, 5000.2):
            found = self.decide(5000.3, 5000.0, last_active_s=seen_s)
            self.assertFalse(found.confirmed)
        over_s = 5000.0 + LIMITS.bump_hold_s + 0.1
        found = self.decide(over_s, 5000.0, last_active_s=5000.2)
        self.assertEqual(Presence.IDLE, found.presence)

    def test_login_that_goes_on_after_a_bump_is_a_hand(self) -> None:
        now_s = 5000.0 + LIMITS.bump_hold_s + 1.0
        found = self.decide(now_s, 5000.0, last_active_s=now_s - 0.5)
        self.assertEqual('helpers', found.source)
        self.assertTrue(found.confirmed)


class SilenceTest(unittest.TestCase):
    def test_lock_shortens_the_hold(self) -> None:
        for sessions in (LOCKED, NOBODY):
            for now_s, expected in (
                (1014.9, Presence.ACTIVE),
                (1015.0, Presence.AWAY),
            ):
                seen = facts(now_s, key=1000.0, sessions=sessions)
                found = presence.decide(seen, LIMITS, ACTIVE)
                self.assertEqual(expected, found.presence)

    def test_long_silence_is_away_without_a_lock(self) -> None:
        for now_s, expected in (
            (1899.9, Presence.IDLE),
            (1900.0, Presence.AWAY),
        ):
            found = presence.decide(facts(now_s, key=1000.0), LIMITS, IDLE)
            self.assertEqual(expected, found.presence)

    def test_silence_counts_from_the_start(self) -> None:
        for now_s, sessions, expected in (
            (14.9, LOCKED, Presence.UNKNOWN),
            (15.0, LOCKED, Presence.AWAY),
            (59.9, UNLOCKED, Presence.UNKNOWN),
            (60.0, UNLOCKED, Presence.IDLE),
            (899.9, UNLOCKED, Presence.IDLE),
            (900.0, UNLOCKED, Presence.AWAY),
        ):
            seen = facts(now_s, sessions=sessions)
            found = presence.decide(seen, LIMITS, None)
            self.assertEqual(expected, found.presence, now_s)

    def test_settling_has_no_consequence(self) -> None:
        found = presence.decide(facts(1.0), LIMITS, None)
        self.assertEqual(Presence.UNKNOWN, found.presence)
        self.assertFalse(found.confirmed)
        self.assertEqual(60.0, found.recheck_s)
        locked = presence.decide(facts(1.0, sessions=LOCKED), LIMITS, None)
        self.assertEqual(15.0, locked.recheck_s)


class CoolDownTest(unittest.TestCase):
    def test_relaxing_waits_and_keeps_the_reason(self) -> None:
        failed = verdict(Presence.UNKNOWN, 4995.0)
        held = presence.decide(facts(5000.0), LIMITS, failed)
        self.assertEqual(Presence.UNKNOWN, held.presence)
        self.assertEqual(5005.0, held.recheck_s)
        free = presence.decide(facts(5005.0), LIMITS, failed)
        self.assertEqual(Presence.AWAY, free.presence)
        self.assertEqual(5005.0, free.since_s)

    def test_since_is_kept_while_the_owner_may_be_here(self) -> None:
        before = verdict(Presence.ACTIVE, 990.0)
        broken = facts(1000.0, health={'input': Health(False, 'gone')})
        found = presence.decide(broken, LIMITS, before)
        self.assertEqual(Presence.UNKNOWN, found.presence)
        self.assertEqual(990.0, found.since_s)


class DemandTest(unittest.TestCase):
    def demand(self, before: bool, *load: float | None) -> bool:
        seen = facts(5000.0, load=model.LoadFacts(*load))
        previous = verdict(Presence.AWAY, demand=before)
        return presence.decide(seen, LIMITS, previous).demand

    def test_begins_at_the_threshold_and_ends_at_half(self) -> None:
        for before, load, expected in (
            (False, (1.9, 0.09), False),
            (False, (2.0, None), True),
            (False, (None, 0.1), True),
            (True, (1.0, None), True),
            (True, (0.9, 0.05), True),
            (True, (0.9, 0.04), False),
            (True, (None, None), True),
            (False, (None, None), False),
            (False, (0.0, 0.0, 0.19, 0.04, 0.06), False),
            (False, (0.0, 0.0, 0.2), True),
            (True, (0.0, 0.0, 0.1), True),
            (True, (0.0, 0.0, 0.09), False),
            (False, (0.0, 0.0, None, 0.05), True),
            (True, (0.0, 0.0, None, 0.02), False),
            (False, (0.0, 0.0, None, None, 0.05), True),
            (False, (0.0, 0.0, None, None, 0.0), True),
            (True, (0.0, 0.0, None, None, 0.1), True),
            (True, (0.0, 0.0, None, None, 0.11), False),
        ):
            self.assertEqual(expected, self.demand(before, *load), load)

    def test_memory_left_can_have_no_say(self) -> None:
        limits = dataclasses.replace(LIMITS, demand_memory_available=0.0)
        for left in (0.0, 0.01):
            load = model.LoadFacts(owner_cpus=0.0, memory_available=left)
            found = presence.decide(facts(5000.0, load=load), limits, AWAY)
            self.assertFalse(found.demand)

    def test_gpu_begins_at_the_threshold_and_ends_at_half(self) -> None:
        idle = model.LoadFacts(owner_cpus=0.0)
        for before, busy, load, expected in (
            (False, 0.29, None, False),
            (False, 0.3, None, True),
            (True, 0.15, None, True),
            (True, 0.14, None, False),
            (True, None, idle, False),
            (True, 0.0, model.LoadFacts(), True),
            (False, 0.3, idle, True),
        ):
            seen = facts(5000.0, load=load, gpu=model.GpuFacts(busy, 1.0))
            previous = verdict(Presence.AWAY, demand=before)
            found = presence.decide(seen, LIMITS, previous)
            self.assertEqual(expected, found.demand, (before, busy, load))

    def test_gpu_that_cannot_be_read_is_the_owner(self) -> None:
        health = OK | {'gpu': Health(False, 'it broke')}
        found = presence.decide(facts(5000.0, health=health), LIMITS, AWAY)
        self.assertEqual(Presence.UNKNOWN, found.presence)
        self.assertEqual('gpu', found.source)

    def test_a_render_narrows_what_an_absent_owner_lends(self) -> None:
        seen = facts(5000.0, load=model.LoadFacts(owner_cpus=4.0))
        found = presence.decide(seen, LIMITS, AWAY)
        self.assertEqual(Presence.AWAY, found.presence)
        self.assertTrue(found.demand)


MOMENTS = st.one_of(st.none(), st.floats(0.0, 300.0))
STEP = st.fixed_dictionaries(
    {
        'after_s': st.floats(0.0, 40.0),
        'key': st.booleans(),
        'pointer': st.booleans(),
        'windows': st.integers(0, 3),
        'sessions': st.builds(
            model.SessionFacts,
            count=st.integers(0, 2),
            unlocked=st.integers(0, 1),
            remote=st.sampled_from([0, 0, 0, 1]),
            inhibitors=st.sampled_from([(), (), ('Film',)]),
        ),
        'input_ok': st.sampled_from([True, True, True, False]),
        'sessions_ok': st.sampled_from([True, True, True, False]),
    }
)
SHORT = dataclasses.replace(LIMITS, away_after_s=100.0, settle_s=20.0)


def play(
    steps: list[dict[str, Any]],
) -> list[tuple[model.Facts, model.PresenceVerdict]]:
    """Run a history of readings through the policy."""
    now_s, key, pointer, previous = 0.0, None, None, None
    told = []
    for step in steps:
        now_s += step['after_s']
        key = now_s if step['key'] else key
        pointer = now_s if step['pointer'] else pointer
        seen = facts(
            now_s,
            key=key,
            pointer=pointer,
            windows=step['windows'],
            sessions=step['sessions'],
            health={
                'input': Health(step['input_ok'], 'broken'),
                'sessions': Health(step['sessions_ok'], 'broken'),
            },
        )
        previous = presence.decide(seen, SHORT, previous)
        told.append((seen, previous))
    return told


HISTORIES = st.lists(STEP, min_size=1, max_size=25).map(play)
RANK = {'away': 0, 'idle': 1, 'active': 2, 'unknown': 2}


class HistoryTest(unittest.TestCase):
    @settings(max_examples=150, deadline=None)
    @given(HISTORIES)
    def test_never_away_soon_after_the_owner_was_seen(
        self, history: list[tuple[model.Facts, model.PresenceVerdict]]
    ) -> None:
        for seen, found in history:
            if found.presence is not Presence.AWAY:
                continue
            assert seen.input is not None and seen.sessions is not None
            self.assertTrue(all(h.ok for h in seen.health.values()))
            hold_s = SHORT.locked_away_after_s
            if seen.sessions.unlocked:
                hold_s = SHORT.away_after_s
            for at_s in (seen.input.last_key_s, seen.input.last_pointer_s):
                if at_s is not None:
                    self.assertGreaterEqual(seen.now_s, at_s + hold_s)
            self.assertFalse(seen.sessions.inhibitors)
            self.assertFalse(seen.sessions.remote)

    @settings(max_examples=150, deadline=None)
    @given(HISTORIES)
    def test_a_failure_is_always_unknown(
        self, history: list[tuple[model.Facts, model.PresenceVerdict]]
    ) -> None:
        for seen, found in history:
            if not all(health.ok for health in seen.health.values()):
                self.assertEqual(Presence.UNKNOWN, found.presence)

    @settings(max_examples=150, deadline=None)
    @given(HISTORIES)
    def test_a_key_is_active_at_once(
        self, history: list[tuple[model.Facts, model.PresenceVerdict]]
    ) -> None:
        for seen, found in history:
            assert seen.input is not None
            if seen.input.last_key_s == seen.now_s:
                self.assertTrue(found.presence.owner_may_be_here)
                self.assertTrue(found.confirmed)

    @settings(max_examples=150, deadline=None)
    @given(HISTORIES)
    def test_no_relaxing_within_the_cool_down(
        self, history: list[tuple[model.Facts, model.PresenceVerdict]]
    ) -> None:
        changed_s = None
        for (_, before), (seen, after) in itertools.pairwise(history):
            if RANK[after.presence] == RANK[before.presence]:
                self.assertEqual(before.since_s, after.since_s)
                continue
            relaxed = RANK[after.presence] < RANK[before.presence]
            if relaxed and changed_s is not None:
                self.assertGreaterEqual(
                    seen.now_s, changed_s + SHORT.cool_down_s
                )
            changed_s = seen.now_s

    @settings(max_examples=150, deadline=None)
    @given(HISTORIES, st.floats(0.0, 1.0), st.floats(0.01, 2000.0))
    def test_time_alone_changes_nothing_before_recheck(
        self,
        history: list[tuple[model.Facts, model.PresenceVerdict]],
        part: float,
        later_s: float,
    ) -> None:
        seen, found = history[-1]
        until_s = found.recheck_s
        if until_s is None:
            until_s = seen.now_s + later_s
        self.assertGreater(until_s, seen.now_s)
        between_s = seen.now_s + part * (until_s - seen.now_s) * 0.999
        then = dataclasses.replace(seen, now_s=between_s)
        again = presence.decide(then, SHORT, found)
        self.assertEqual(found.presence, again.presence)
        self.assertEqual(found.confirmed, again.confirmed)
        self.assertEqual(found.recheck_s, again.recheck_s)
