# SPDX-License-Identifier: Apache-2.0
"""Sense, decide, act: the design as code."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Protocol

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.agent import (
    grip,
    judge,
    leaving,
    meanwhile,
    senses,
    teller,
)
from nova_desktop.mechanism import base

LOG = logging.getLogger(__name__)

# A verdict that asks to be looked at again in the past must not spin.
_SOONEST_S = 0.01
# What is decided follows the facts, and the wall's clock, which may be set.
_UNSEEN_S = 10.0


class Timer(Protocol):
    """What ``call_later`` of an asyncio loop returns."""

    def cancel(self) -> None:
        """Do not call."""


class Hands(Protocol):
    """Holds guests on threads of its own: what the loop must not wait for."""

    def want(self, hold: model.Hold) -> None:
        """Have the guests held; return at once."""

    def problems(self) -> Mapping[str, str]:
        """Give for each rung what is wrong, empty where nothing is."""

    def is_done(self, hold: model.Hold) -> bool:
        """Say whether those that shall be paused are, or cannot be."""

    def renew(self) -> None:
        """Take it that somebody else has changed something."""


CallLater = Callable[[float, Callable[[], None]], Timer]


class Loop:
    """One pass per event, per timer and per tick, all of it synchronous."""

    def __init__(
        self,
        sensed: senses.Senses,
        judged: judge.Judge,
        guests: base.Mechanism[model.SliceTarget],
        told: teller.Teller,
        clock: Callable[[], float],
        call_later: CallLater,
        rungs: Hands,
    ) -> None:
        self._senses = sensed
        self._judge = judged
        self._slice = grip.Grip(guests, self._overridden)
        self._teller = told
        self._clock = clock
        self._call_later = call_later
        self._rungs = rungs
        self._leaving = leaving.Leaving()
        self._hearing = leaving.Leaving()
        self._meanwhile = meanwhile.Meanwhile()
        self._facts: model.Facts | None = None
        self._fence = ''
        self._failure = ''
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Take over what is found, and decide for the first time.

        Nothing is known yet, so the first verdict is the owner's.
        """
        self._meanwhile.inherit(self._slice.found(), self._clock())
        self.step()

    def step(self) -> None:
        """Sense, decide, act; whatever may wait comes after the write."""
        now_s = self._clock()
        self._facts = facts = None
        hold = judge.STRICTEST
        try:
            facts = self._senses.read()
            verdict = self._judge.judge(facts)
            hold = self._judge.hold(
                verdict,
                self._leaving.now(now_s),
                self._fence,
                self._hearing.now(now_s),
            )
        except Exception as error:  # noqa: BLE001 - reported below
            verdict = judge.strictest(now_s, error)
            self._slice.hold(hold.slice)
            self._report(error)
        else:
            hold = self._bent(verdict, hold, now_s)
            self._slice.hold(hold.slice)
            self._rungs.want(hold)
            self._facts = facts
        self._tell(verdict, hold, facts)
        self._wake(verdict, now_s)

    def tick(self) -> None:
        """Look at what may have had no event: the slice, and stale sources."""
        self._slice.compare()
        if self._slice.in_force is None or not self._is_as_before():
            self.step()

    def reconcile(self) -> bool:
        """Set the slice again if somebody else has changed it; say so."""
        self._slice.compare()
        if self._slice.in_force is not None:
            return False
        self.step()
        return True

    def leave(self, server_id: str, seconds: int) -> None:
        """Grant the leaving share; it is in force on return."""
        self._leaving.begin(server_id, self._clock() + seconds)
        self.step()

    def leave_done(self, server_id: str) -> None:
        """Take the leaving share back."""
        self._leaving.end(server_id)
        self.step()

    def hear(self, server_id: str, seconds: int) -> None:
        """Let a guest hear that it has to go; 0 for no longer."""
        self._hearing.begin(server_id, self._clock() + seconds)
        self.step()

    def fence(self, why: str) -> None:
        """Put all guests behind the fence until it is called with ``''``."""
        self._fence = why
        self.step()

    def meddled(self, rung: str, found: object, want: object) -> None:
        """Hear that somebody else had changed what a rung had in force."""
        self._teller.overridden(rung, found, want, self._clock())

    def stop(self) -> None:
        """Leave the slice as for an owner of whom nothing is known."""
        self._leaving.clear()
        self._hearing.clear()
        self.step()
        if self._timer is not None:
            self._timer.cancel()
        self._slice.release()

    def _bent(
        self, verdict: model.Verdict, hold: model.Hold, now_s: float
    ) -> model.Hold:
        """Give the hold as it is for a while, see ``Meanwhile``."""
        target = self._meanwhile.inherited(verdict, hold.slice, now_s)
        if self._meanwhile.is_pausing(
            hold.pause.everybody, self._rungs.is_done(hold), now_s
        ):
            target = self._judge.share_to_pause()
        return dataclasses.replace(hold, slice=target)

    def _is_as_before(self) -> bool:
        """Say whether the last decision was made of the same facts.

        What only the time changes has a timer of its own.
        """
        last = self._facts
        if last is None or self._clock() >= last.now_s + _UNSEEN_S:
            return False
        now = self._senses.read()
        return dataclasses.replace(last, now_s=now.now_s) == now

    def _overridden(
        self, found: model.SliceTarget, want: model.SliceTarget
    ) -> None:
        self.meddled('slice', found, want)
        self._rungs.renew()

    def _tell(
        self,
        verdict: model.Verdict,
        hold: model.Hold,
        facts: model.Facts | None,
    ) -> None:
        if self._slice.problem:
            # Guests that cannot be held are not taken.
            cap = dataclasses.replace(verdict.cap, admit=False)
            verdict = dataclasses.replace(verdict, cap=cap)
        problems = {'slice': self._slice.problem, **self._rungs.problems()}
        try:
            self._teller.tell(verdict, hold, facts, problems)
        except Exception:
            LOG.exception('A change was not told, recorded or published')

    def _report(self, error: Exception) -> None:
        """Log why nothing could be decided, once until it differs."""
        if repr(error) != self._failure:
            LOG.error(
                'No decision was made; guests get the least', exc_info=error
            )
        self._failure = repr(error)

    def _wake(self, verdict: model.Verdict, now_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        moments = (
            verdict.recheck_s,
            self._leaving.next_end_s(),
            self._hearing.next_end_s(),
            self._meanwhile.end_s(now_s),
        )
        due_s = min((at for at in moments if at is not None), default=None)
        if due_s is not None:
            delay_s = max(due_s - now_s, _SOONEST_S)
            self._timer = self._call_later(delay_s, self.step)
