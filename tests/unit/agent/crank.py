# SPDX-License-Identifier: Apache-2.0
"""A hand-cranked clock, sources that say what they are told, and a loop."""

from collections.abc import Callable
from typing import Any

from nova_desktop import exception, model
from nova_desktop.agent import judge, loop, record, senses, teller
from nova_desktop.mechanism import noop
from nova_desktop.policy import cap, comfort, giving, ladder, presence


class Clock:
    """Time that passes when the test says so, with its timers."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.timers: list[Timer] = []

    def __call__(self) -> float:
        return self.now_s

    def call_later(self, delay_s: float, call: Callable[[], None]) -> 'Timer':
        timer = Timer(self, self.now_s + delay_s, call)
        self.timers.append(timer)
        return timer

    def turn(self, seconds: float) -> None:
        """Let time pass, with each timer at its moment."""
        end_s = self.now_s + seconds
        while due := [t for t in self.timers if t.at_s <= end_s]:
            timer = min(due, key=lambda each: each.at_s)
            self.timers.remove(timer)
            self.now_s = max(self.now_s, timer.at_s)
            timer.call()
        self.now_s = end_s


class Timer:
    def __init__(
        self, clock: Clock, at_s: float, call: Callable[[], None]
    ) -> None:
        self.clock, self.at_s, self.call = clock, at_s, call

    def cancel(self) -> None:
        if self in self.clock.timers:
            self.clock.timers.remove(self)


class Source:
    """A source whose facts and health the test sets."""

    def __init__(self, name: str, facts: Any) -> None:
        self.name = name
        self.said = facts
        self.ok = model.Health(True)
        self.start_error: Exception | None = None
        self.read_error: Exception | None = None
        self.starts = 0

    async def start(self, on_event: Callable[[], None]) -> None:
        self.starts += 1
        if self.start_error is not None:
            raise self.start_error

    def health(self, now_s: float) -> model.Health:
        if self.read_error is not None:
            raise self.read_error
        return self.ok

    def facts(self, now_s: float) -> Any:
        return self.said

    async def stop(self) -> None:
        pass


class BrokenSlice(noop.NoopSlice):
    """A slice whose next write, or read, fails."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = ''

    def apply(self, target: model.SliceTarget) -> None:
        if self.broken:
            raise exception.MechanismFailed(self.broken)
        super().apply(target)


class Hands:
    """Rungs that do what the test says."""

    def __init__(self) -> None:
        self.wanted: list[model.Hold] = []
        self.wrong: dict[str, str] = {}
        self.done = True
        self.renewed = 0
        self.poked = 0

    def want(self, hold: model.Hold) -> None:
        if not self.wanted or self.wanted[-1] != hold:
            self.wanted.append(hold)

    def problems(self) -> dict[str, str]:
        return self.wrong

    def is_done(self, hold: model.Hold) -> bool:
        return self.done

    def renew(self) -> None:
        self.renewed += 1

    def poke(self) -> None:
        self.poked += 1

    def is_settled(self, name: str) -> bool:
        return self.done

    async def settle(self, name: str, within_s: float) -> None:
        pass


class Journal(list):
    """Entries without a file."""

    def add(self, entry: list[Any]) -> None:
        self.append(entry)


LIMITS = judge.Limits(
    presence=presence.PresenceLimits(settle_s=0.0, cool_down_s=0.0),
    shares=cap.CapShares(),
    cap=cap.CapLimits(give_back_hold_s=0.0),
    ladder=ladder.LadderLimits(leaving_cpus=0.5),
    capacity=model.Capacity(
        cpus=4, memory_mib=8192, cores=((3,), (2,), (1,), (0,))
    ),
    comfort=comfort.ComfortLimits(),
    giving=giving.GivingLimits(),
)
ACTIVE = model.SliceTarget(cpus=0.04)
AWAY = model.SliceTarget(cpus=None)


class Bench:
    """A loop on a hand-cranked clock with an owner who has left."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.input = Source('input', model.InputFacts())
        self.sessions = Source('sessions', model.SessionFacts())
        self.slice = BrokenSlice()
        self.changes = Journal()
        self.absences = Journal()
        self.published: list[model.Status] = []
        self.senses = senses.Senses(
            [self.input, self.sessions], 5.0, self.clock
        )
        self.teller = teller.Teller(
            record.Record(self.changes),
            record.Absences(self.absences),
            self.clock,
        )
        self.teller.publish = self.published.append
        self.hands = Hands()
        self.rules = model.Rules()
        self.loop = loop.Loop(
            self.senses,
            judge.Judge(LIMITS, rules=lambda facts: self.rules),
            self.slice,
            self.teller,
            self.clock,
            self.clock.call_later,
            self.hands,
        )

    async def start(self) -> None:
        await self.senses.start(self.loop.step)
        self.clock.turn(60)
        self.loop.step()

    def touch(self) -> None:
        """Press a key."""
        self.input.said = model.InputFacts(last_key_s=self.clock.now_s)
        self.loop.step()

    def pause(self, paused: bool) -> None:
        """Have the owner lend nothing at all, or end that."""
        bound = model.Bound('say', 'he said so', 0.0, 0.0, False)
        self.rules = model.Rules(bounds=(bound,) if paused else ())

    def said(self, what: str) -> list[list[Any]]:
        """Give the recorded changes of one thing."""
        return [entry for entry in self.changes if entry[1] == what]
