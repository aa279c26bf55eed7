# SPDX-License-Identifier: Apache-2.0
"""Sense, decide, act: the design as code."""

import dataclasses
from collections.abc import Callable
from typing import Protocol

from oslo_log import log as logging

from nova_desktop import exception, model
from nova_desktop.agent import judge, leaving, senses, teller
from nova_desktop.mechanism import base

LOG = logging.getLogger(__name__)

# A verdict that asks to be looked at again in the past must not spin.
_SOONEST_S = 0.01


class Timer(Protocol):
    """What ``call_later`` of an asyncio loop returns."""

    def cancel(self) -> None:
        """Do not call."""


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
    ) -> None:
        self._senses = sensed
        self._judge = judged
        self._guests = guests
        self._teller = told
        self._clock = clock
        self._call_later = call_later
        self._leaving = leaving.Leaving()
        self._in_force: model.SliceTarget | None = None
        self._problem = ''
        self._failure = ''
        self._timer: Timer | None = None

    def step(self) -> None:
        """Sense, decide, act; whatever may wait comes after the write."""
        now_s = self._clock()
        facts: model.Facts | None = None
        try:
            facts = self._senses.read()
            verdict = self._judge.judge(facts)
            target = self._judge.target(verdict, self._leaving.count(now_s))
        except Exception as error:  # noqa: BLE001 - reported below
            verdict = judge.strictest(now_s, error)
            target = judge.STRICTEST
            self._hold(target)
            self._report(error)
        self._hold(target)
        self._tell(verdict, target, facts)
        self._wake(verdict, now_s)

    def tick(self) -> None:
        """Look at what has no events: load, and the slice itself."""
        self._reconcile()
        self.step()

    def leave(self, server_id: str, seconds: int) -> None:
        """Grant the leaving share; it is in force on return."""
        self._leaving.begin(server_id, self._clock() + seconds)
        self.step()

    def leave_done(self, server_id: str) -> None:
        """Take the leaving share back."""
        self._leaving.end(server_id)
        self.step()

    def stop(self) -> None:
        """Leave the slice as for an owner of whom nothing is known."""
        self._leaving.clear()
        self.step()
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._guests.release()
        except exception.DesktopError as problem:
            LOG.error('The slice keeps the limit it has: %s', problem)

    def _hold(self, target: model.SliceTarget) -> None:
        if target == self._in_force:
            return
        try:
            self._guests.apply(target)
        except exception.DesktopError as problem:
            self._in_force, self._problem = None, str(problem)
        else:
            self._in_force, self._problem = target, ''

    def _reconcile(self) -> None:
        """Forget what is in force if somebody else changed it."""
        if self._in_force is None:
            return
        try:
            found = self._guests.current()
        except exception.DesktopError as problem:
            self._in_force, self._problem = None, str(problem)
            return
        if found != self._in_force:
            self._teller.overridden(found, self._in_force, self._clock())
            self._in_force = None

    def _tell(
        self,
        verdict: model.Verdict,
        target: model.SliceTarget,
        facts: model.Facts | None,
    ) -> None:
        if self._problem:
            # Guests that cannot be held are not taken.
            cap = dataclasses.replace(verdict.cap, admit=False)
            verdict = dataclasses.replace(verdict, cap=cap)
        try:
            self._teller.tell(verdict, target, facts, self._problem)
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
        moments = (verdict.recheck_s, self._leaving.next_end_s())
        due_s = min((at for at in moments if at is not None), default=None)
        if due_s is not None:
            delay_s = max(due_s - now_s, _SOONEST_S)
            self._timer = self._call_later(delay_s, self.step)
