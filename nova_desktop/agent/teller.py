# SPDX-License-Identifier: Apache-2.0
"""Tell what changed, from what to what and why: bus, record and log."""

import dataclasses
from collections.abc import Callable, Mapping

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.agent import record

LOG = logging.getLogger(__name__)

# The odds move slowly: new ones with each change of presence, else a minute.
_FORECAST_S = 60.0
_FIRST_QUIET_S = 1.0
_LONGEST_QUIET_S = 3600.0

_REGAINED = 'it can be believed again'
_LOST = 'until it is back the owner counts as present'

Publish = Callable[[model.Status], None]
_Said = dict[str, tuple[str, str]]
_FIRST = {'presence': 'the agent started', 'limit': 'as it was found'}
"""What is told at the start, in the place of what was before."""


class Teller:
    """Holds the status that others see, and says each change once."""

    def __init__(
        self,
        changes: record.Record,
        absences: record.Absences,
        wall: Callable[[], float],
    ) -> None:
        self.status: model.Status | None = None
        self.publish: Publish = lambda status: None
        self._record = changes
        self._absences = absences
        self._wall = wall
        self._said: _Said = {}
        self._confirmed = model.Presence.UNKNOWN
        self._forecast: Mapping[int, float] = {}
        self._forecast_s = 0.0
        self._quiet_s = _FIRST_QUIET_S
        self._quiet_until_s = 0.0

    def tell(
        self,
        verdict: model.Verdict,
        target: model.SliceTarget,
        facts: model.Facts | None,
        problem: str,
    ) -> None:
        """Publish, record and log what is new in a verdict.

        ``problem`` is why the slice does not hold ``target``.
        """
        unix_s = self._wall()
        self._follow_presence(verdict, unix_s)
        sources = _sources(facts, problem)
        self._show(verdict, sources)
        said = _say(verdict, target, sources)
        for what, (after, why) in said.items():
            before = self._said.get(what, (_FIRST.get(what, after), ''))[0]
            if after != before:
                self._note(model.Change(unix_s, what, before, after, why))
        self._said = said

    def overridden(
        self, found: model.SliceTarget, want: model.SliceTarget, now_s: float
    ) -> None:
        """Tell that somebody else changed the slice, ever less often."""
        if now_s < self._quiet_until_s:
            return
        if now_s > self._quiet_until_s + self._quiet_s:
            self._quiet_s = _FIRST_QUIET_S
        self._quiet_s = min(self._quiet_s * 2, _LONGEST_QUIET_S)
        self._quiet_until_s = now_s + self._quiet_s
        why = 'somebody else changed the slice; it is set again'
        self._note(
            model.Change(
                self._wall(), 'limit', limit_text(found), limit_text(want), why
            )
        )

    def _note(self, change: model.Change) -> None:
        self._record.add(change)
        LOG.info(
            '%s: %s -> %s, because %s',
            change.what,
            change.before,
            change.after,
            change.why,
        )

    def _follow_presence(self, verdict: model.Verdict, unix_s: float) -> None:
        now = verdict.presence.presence
        changed = verdict.presence.confirmed and now is not self._confirmed
        if changed:
            self._absences.follow(self._confirmed, now, unix_s)
            self._confirmed = now
        if changed or not 0 <= unix_s - self._forecast_s < _FORECAST_S:
            self._forecast = self._absences.forecast(unix_s)
            self._forecast_s = unix_s

    def _show(
        self, verdict: model.Verdict, sources: Mapping[str, str]
    ) -> None:
        before = self.status
        status = model.Status(
            sequence=before.sequence if before else 0,
            presence=verdict.presence.presence,
            demand=verdict.presence.demand,
            source=verdict.presence.source,
            reason=verdict.reason,
            cap=verdict.cap,
            reclaim_due=verdict.reclaim_due,
            forecast=self._forecast,
            sources=sources,
        )
        if status != before:
            status = dataclasses.replace(status, sequence=status.sequence + 1)
            self.status = status
            self.publish(status)


def _sources(facts: model.Facts | None, problem: str) -> dict[str, str]:
    said = {'slice': problem or 'ok'}
    if facts is None:
        return said | {'agent': 'it could not read its sources'}
    for name, health in facts.health.items():
        said[name] = 'ok' if health.ok else health.reason
    return said


def _say(
    verdict: model.Verdict,
    target: model.SliceTarget,
    sources: Mapping[str, str],
) -> _Said:
    """Word each thing whose change is worth a line, with its reason."""
    cap, why = verdict.cap, verdict.reason
    causes = {
        f'source {name}': (state, _REGAINED if state == 'ok' else _LOST)
        for name, state in sources.items()
    }
    return causes | {
        'presence': (verdict.presence.presence.value, verdict.presence.reason),
        'demand': (_yes(verdict.presence.demand), why),
        'cap': (f'{cap.cpus:g} CPUs, {cap.memory_mib} MiB', why),
        'admission': ('open' if cap.admit else 'closed', why),
        'reclaim': ('due' if verdict.reclaim_due else 'not due', why),
        'limit': (limit_text(target), why),
    }


def _yes(value: bool) -> str:
    return 'yes' if value else 'no'


def limit_text(target: model.SliceTarget) -> str:
    """Word a target of the slice."""
    limit = 'no limit' if target.cpus is None else f'{target.cpus:g} CPUs'
    return f'{limit}, {"idle" if target.idle else "normal"} class'
