# SPDX-License-Identifier: Apache-2.0
"""Tell what changed, from what to what and why: bus, record and log."""

import dataclasses
from collections.abc import Callable, Mapping

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.agent import dispute, record, words
from nova_desktop.mechanism import fence

LOG = logging.getLogger(__name__)

# The odds move slowly: new ones with each change of presence, else a minute.
_FORECAST_S = 60.0

_REGAINED = 'it can be believed again'
_LOST = 'until it is back the owner counts as present'
_HELD = 'it is in force again'
_NOT_HELD = 'until it is in force guests are held by the others'

Publish = Callable[[model.Status], None]
_Said = dict[str, tuple[str, str]]
_NAMES = {'slice': 'limit', 'memory': 'memory kept'}
"""What a rung is called in the record where its own name would mislead."""
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
        self.fence: fence.Fence | None = None
        self._record = changes
        self._absences = absences
        self._wall = wall
        self._said: _Said = {}
        self._confirmed = model.Presence.UNKNOWN
        self._forecast: Mapping[int, float] = {}
        self._forecast_s = 0.0
        self._disputes: dict[str, dispute.Dispute] = {}

    def tell(
        self,
        verdict: model.Verdict,
        hold: model.Hold,
        facts: model.Facts | None,
        problems: Mapping[str, str],
    ) -> None:
        """Publish, record and log what is new in a verdict.

        ``problems`` says for each rung why it does not hold what ``hold``
        wants, empty where it does.
        """
        unix_s = self._wall()
        self._follow_presence(verdict, unix_s)
        limits = words.of_hold(hold)
        sources, rungs = _sources(facts), _rungs(problems)
        self._show(verdict, sources | rungs, limits)
        said = _say(verdict, hold, limits) | _causes(sources, rungs)
        for what, (after, why) in said.items():
            before = self._said.get(what, (_FIRST.get(what, after), ''))[0]
            if after != before:
                self._note(model.Change(unix_s, what, before, after, why))
        self._said = said
        self._tell_fence(unix_s)

    def overridden(
        self, rung: str, found: object, want: object, now_s: float
    ) -> None:
        """Tell that somebody else changed a rung, ever less often."""
        known = self._disputes.setdefault(rung, dispute.Dispute())
        if not known.is_worth_telling(now_s):
            return
        why = f'somebody else changed the {rung}; it is set again'
        texts = (words.of(rung, found), words.of(rung, want))
        self._note(model.Change(self._wall(), _NAMES.get(rung, rung),
                                *texts, why))  # fmt: skip
        if known.is_a_fight:
            LOG.warning(
                'Somebody else keeps changing the %s of the guests, from %s '
                'to %s. The agent sets it again each time: find out who it is '
                '(systemd units, libvirt hooks, another resource manager), or '
                'guests may be in the way of the owner in between',
                rung,
                texts[1],
                texts[0],
            )

    def _tell_fence(self, unix_s: float) -> None:
        """Tell what has become of whom since the last time."""
        while self.fence is not None and self.fence.news:
            news = self.fence.news.popleft()
            what = f'guest {news.uuid}'
            self._note(
                model.Change(unix_s, what, news.before, news.after, news.why)
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
        self,
        verdict: model.Verdict,
        sources: Mapping[str, str],
        limits: Mapping[str, str],
    ) -> None:
        before = self.status
        fenced = self.fence.members if self.fence is not None else {}
        since_s = (each.since_unix_s for each in fenced.values())
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
            limits=limits,
            departing=verdict.departing,
            fenced=tuple(sorted(fenced)),
            fenced_since_unix_s=min(since_s, default=None),
        )
        if status != before:
            status = dataclasses.replace(status, sequence=status.sequence + 1)
            self.status = status
            self.publish(status)


def _sources(facts: model.Facts | None) -> dict[str, str]:
    if facts is None:
        return {'agent': 'it could not read its sources'}
    return {
        name: 'ok' if health.ok else health.reason
        for name, health in facts.health.items()
    }


def _rungs(problems: Mapping[str, str]) -> dict[str, str]:
    # There is a source of the name of one of the rungs.
    return {f'rung {name}': why or 'ok' for name, why in problems.items()}


def _causes(sources: Mapping[str, str], rungs: Mapping[str, str]) -> _Said:
    """Word what works and what does not, and what follows from that."""
    said = {
        f'source {name}': (state, _REGAINED if state == 'ok' else _LOST)
        for name, state in sources.items()
    }
    return said | {
        name: (state, _HELD if state == 'ok' else _NOT_HELD)
        for name, state in rungs.items()
    }


def _say(
    verdict: model.Verdict, hold: model.Hold, limits: Mapping[str, str]
) -> _Said:
    """Word each thing whose change is worth a line, with its reason."""
    cap, why = verdict.cap, verdict.reason
    held = f'{hold.reason}; {why}' if hold.reason else why
    return {
        'presence': (verdict.presence.presence.value, verdict.presence.reason),
        'demand': (_yes(verdict.presence.demand), why),
        'cap': (f'{cap.cpus:g} CPUs, {cap.memory_mib} MiB', why),
        'admission': ('open' if cap.admit else 'closed', why),
        'departing': (verdict.departing or 'no', why),
        'reclaim': ('due' if verdict.reclaim_due else 'not due', why),
    } | {_NAMES.get(rung, rung): (text, held) for rung, text in limits.items()}


def _yes(value: bool) -> str:
    return 'yes' if value else 'no'
