# SPDX-License-Identifier: Apache-2.0
"""No history of readings, failures and clocks leads to a wrong absence."""

import dataclasses
import unittest
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from nova_desktop import model
from nova_desktop.model import Health, Presence
from nova_desktop.policy import cap, presence

EXAMPLES = 1000
LIMITS = presence.PresenceLimits(
    active_hold_s=60.0,
    away_after_s=100.0,
    locked_away_after_s=15.0,
    settle_s=20.0,
    cool_down_s=10.0,
)
# An owner who would take guests at any time: only the policies refuse.
SHARES = cap.CapShares(
    **{
        name: cap.Share(cpu=0.5, memory=0.5, admit=True)
        for name in ('away', 'idle', 'active', 'unknown')
    }
)
CAP_LIMITS = cap.CapLimits(reclaim_after_s=30.0, give_back_hold_s=5.0)
CAPACITY = model.Capacity(cpus=8, memory_mib=16000)
RANK = {'away': 0, 'idle': 1, 'active': 2, 'unknown': 2}
SOURCES = ('input', 'sessions', 'load', 'terminals', 'helpers')

SESSIONS = st.builds(
    model.SessionFacts,
    count=st.integers(0, 2),
    unlocked=st.integers(0, 1),
    remote=st.sampled_from([0, 0, 0, 1]),
    inhibitors=st.sampled_from([(), (), ('Film',)]),
)
WAITS_S = st.sampled_from([4.0, 12.0, 16.0, 65.0, 101.0]) | st.floats(0, 130)
RULES = st.builds(
    model.Rules,
    bounds=st.sampled_from(
        [(), (), (model.Bound('power', 'on battery', cpu=0.5, memory=0.5),)]
    ),
    lend=st.sampled_from(['', '', 'the owner lends']),
)


class Desk(RuleBasedStateMachine):
    """A desk where anything may happen; each step asks the policies."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.started_s = 1000.0
        self.input = model.InputFacts()
        self.sessions = model.SessionFacts()
        self.typed_s: float | None = None
        self.helpers = model.HelperFacts()
        self.load = model.LoadFacts()
        self.broken: set[str] = set()
        self.silent: set[str] = set()
        self.rules = model.Rules()
        self.before: model.PresenceVerdict | None = None
        self.verdict: model.Verdict | None = None
        self.look()

    def facts(self) -> model.Facts:
        """Read all sources, as they are now."""

        def read(name: str, value: Any) -> Any:
            return None if name in self.silent else value

        return model.Facts(
            now_s=self.now_s,
            started_s=self.started_s,
            input=read('input', self.input),
            sessions=read('sessions', self.sessions),
            load=read('load', self.load),
            terminals=read('terminals', model.TerminalFacts(self.typed_s)),
            helpers=read('helpers', self.heard()),
            health={
                name: Health(name not in self.broken, 'it broke')
                for name in SOURCES
            },
        )

    def heard(self) -> model.HelperFacts:
        """Say what the logins say: one with input now has it now."""
        if self.helpers.active:
            self.helpers = dataclasses.replace(
                self.helpers, last_active_s=self.now_s
            )
        return self.helpers

    def look(self) -> None:
        """Decide, as the agent does at each event and each tick."""
        self.before = self.verdict.presence if self.verdict else None
        self.seen = self.facts()
        found = presence.decide(self.seen, LIMITS, self.before)
        self.verdict = cap.decide(
            found,
            SHARES,
            CAPACITY,
            CAP_LIMITS,
            self.now_s,
            self.verdict,
            self.rules,
        )

    @rule(after_s=WAITS_S)
    def wait(self, after_s: float) -> None:
        """Let time pass."""
        self.now_s += after_s
        self.look()

    @rule()
    def wait_until_asked(self) -> None:
        """Look again at just the moment that the verdict names."""
        assert self.verdict is not None
        if self.verdict.recheck_s is not None:
            self.now_s = max(self.now_s, self.verdict.recheck_s)
        self.look()

    @rule(by_s=st.sampled_from([-3600.0, -50.0, -0.5, 86400.0]))
    def jump(self, by_s: float) -> None:
        """Let the clock jump, which a monotonic one should not."""
        self.now_s += by_s
        self.look()

    @rule()
    def key(self) -> None:
        """Press a key."""
        self.input = dataclasses.replace(self.input, last_key_s=self.now_s)
        self.look()

    @rule(windows=st.integers(1, 3))
    def point(self, windows: int) -> None:
        """Move the pointer."""
        self.input = dataclasses.replace(
            self.input, last_pointer_s=self.now_s, pointer_windows=windows
        )
        self.look()

    @rule()
    def type(self) -> None:
        """Type into a terminal."""
        self.typed_s = self.now_s
        self.look()

    @rule(
        active=st.booleans(), inhibited=st.sampled_from([False, False, True])
    )
    def report(self, active: bool, inhibited: bool) -> None:
        """Let a login say what only it sees."""
        self.helpers = dataclasses.replace(
            self.helpers, active=active, inhibited=inhibited, sessions=1
        )
        self.look()

    @rule(sessions=SESSIONS, sign=st.booleans())
    def log_in(self, sessions: model.SessionFacts, sign: bool) -> None:
        """Change who is there, with or without a sign of a person."""
        last_s = self.now_s if sign else self.sessions.last_sign_s
        self.sessions = dataclasses.replace(sessions, last_sign_s=last_s)
        self.look()

    @rule(cpus=st.sampled_from([None, 0.0, 1.5, 4.0]))
    def work(self, cpus: float | None) -> None:
        """Let the owner's own tasks use CPUs."""
        self.load = model.LoadFacts(owner_cpus=cpus)
        self.look()

    @rule(
        name=st.sampled_from(SOURCES), mute=st.booleans(), wait=st.booleans()
    )
    def fail(self, name: str, mute: bool, wait: bool) -> None:
        """Break a source, or take its reading; mostly for a moment."""
        (self.silent if mute else self.broken).add(name)
        self.look()
        if not wait:
            self.mend(restart=False)

    @rule(restart=st.booleans())
    def mend(self, restart: bool) -> None:
        """Mend what failed; what is started again counts silence anew."""
        if restart and (self.broken or self.silent):
            self.started_s = self.now_s
        self.broken.clear()
        self.silent.clear()
        self.look()

    @rule(rules=RULES)
    def say(self, rules: model.Rules) -> None:
        """Change what holds beside presence."""
        self.rules = rules
        self.look()

    @property
    def found(self) -> model.PresenceVerdict:
        """Give the latest verdict of presence."""
        assert self.verdict is not None
        return self.verdict.presence

    @invariant()
    def is_never_away_while_a_source_saw_the_owner(self) -> None:
        """Hold every sign for its time, and believe no broken source."""
        if self.found.presence is not Presence.AWAY:
            return
        seen = self.seen
        assert all(health.ok for health in seen.health.values())
        assert seen.input is not None and seen.sessions is not None
        assert not seen.sessions.inhibitors and not seen.sessions.remote
        hold_s = LIMITS.locked_away_after_s
        if seen.sessions.unlocked:
            hold_s = LIMITS.away_after_s
        typed_s = seen.terminals.last_input_s if seen.terminals else None
        helpers = seen.helpers or model.HelperFacts()
        assert not helpers.inhibited
        for at_s in (
            seen.input.last_key_s,
            seen.input.last_pointer_s,
            seen.sessions.last_sign_s,
            typed_s,
            helpers.last_active_s,
            seen.started_s,
        ):
            assert at_s is None or seen.now_s >= at_s + hold_s

    @invariant()
    def is_unknown_with_a_broken_source(self) -> None:
        """Fail to the owner's side."""
        required = {'input', 'sessions'} & self.silent
        if self.broken or required:
            assert self.found.presence is Presence.UNKNOWN

    @invariant()
    def takes_no_guest_while_nothing_is_known(self) -> None:
        """Admit nobody, save after a first sign where the owner lends."""
        assert self.verdict is not None
        if self.found.presence is Presence.UNKNOWN:
            assert not self.verdict.cap.admit
        if not self.found.confirmed and not self.rules.lend:
            assert not self.verdict.cap.admit

    @invariant()
    def leaves_the_owner_only_after_the_cool_down(self) -> None:
        """Never flap away from him faster than that."""
        if self.before is None:
            return
        before = RANK[self.before.presence]
        if RANK[self.found.presence] < before:
            # As a sum: a difference of floats may miss the last digit.
            over_s = self.before.since_s + LIMITS.cool_down_s
            assert self.seen.now_s >= over_s
        elif RANK[self.found.presence] == before:
            assert self.found.since_s == self.before.since_s

    @invariant()
    def is_asked_again_only_in_the_future(self) -> None:
        """Never spin."""
        for at_s in (self.found.recheck_s, self.verdict.recheck_s):
            assert at_s is None or at_s > self.seen.now_s


class PropertyTest(unittest.TestCase):
    """What holds in every history, and that the desk can get anywhere."""

    def test_no_history_leads_to_a_wrong_absence(self) -> None:
        run_state_machine_as_test(
            Desk,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )

    def test_desk_can_become_away_and_admit(self) -> None:
        desk = Desk()
        desk.wait(200.0)
        desk.wait(20.0)
        self.assertEqual(Presence.AWAY, desk.found.presence)
        self.assertTrue(desk.verdict.cap.admit)
        desk.key()
        self.assertEqual(Presence.ACTIVE, desk.found.presence)
        desk.fail('input', mute=False, wait=True)
        self.assertEqual(Presence.UNKNOWN, desk.found.presence)
        self.assertFalse(desk.verdict.cap.admit)

    def test_clock_that_jumps_holds_the_owner_present(self) -> None:
        desk = Desk()
        desk.wait(200.0)
        desk.key()
        desk.jump(-3600.0)
        self.assertEqual(Presence.ACTIVE, desk.found.presence)
        desk.jump(86400.0)
        self.assertEqual(Presence.AWAY, desk.found.presence)
