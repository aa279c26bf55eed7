# SPDX-License-Identifier: Apache-2.0
"""The policies in a row: facts in, verdict and target of the slice out."""

import dataclasses
from collections.abc import Callable, Set

from nova_desktop import model
from nova_desktop.policy import cap, comfort, giving, ladder, presence


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Every threshold, and what the host has."""

    presence: presence.PresenceLimits
    shares: cap.CapShares
    cap: cap.CapLimits
    ladder: ladder.LadderLimits
    capacity: model.Capacity
    comfort: comfort.ComfortLimits
    giving: giving.GivingLimits


class Judge:
    """Remembers the verdict before, from which holds and cool-downs count."""

    def __init__(
        self,
        limits: Limits,
        departing: Callable[[], str] = lambda: '',
        rules: Callable[[model.Facts], model.Rules] = lambda _: model.Rules(),
    ) -> None:
        """Take the thresholds.

        ``departing`` names a sleep or shutdown; ``rules`` gives what holds
        beside presence at the moment of the facts.
        """
        self._limits = limits
        self._departing = departing
        self._rules = rules
        self._previous: model.Verdict | None = None
        self._eased = comfort.AT_EASE
        self._giving = giving.NOTHING
        self._owner_cpus: float | None = None
        self._whole_mib = cap.whole_mib(limits.shares, limits.capacity)

    def judge(self, facts: model.Facts) -> model.Verdict:
        """Turn facts into a verdict."""
        limits, previous = self._limits, self._previous
        found = presence.decide(
            facts, limits.presence, previous.presence if previous else None
        )
        verdict = cap.decide(
            found,
            limits.shares,
            limits.capacity,
            limits.cap,
            facts.now_s,
            previous,
            self._rules(facts),
        )
        self._previous = verdict
        departure = self._departing()
        verdict = _closed(verdict, departure) if departure else verdict
        return self._follow(verdict, facts)

    def hold(
        self,
        verdict: model.Verdict,
        leaving: Set[str],
        fence: str = '',
        hearing: Set[str] = frozenset(),
    ) -> model.Hold:
        """Turn a verdict into what guests are held to.

        ``leaving`` has the UUIDs of those that are on their way out,
        ``hearing`` of those that were just told that they have to go;
        ``fence`` is why all are paused until Nova has been asked.
        """
        limits = self._limits
        return ladder.hold(
            verdict,
            leaving,
            self._eased,
            limits.ladder,
            limits.capacity,
            self._whole_mib,
            self._giving.has_cpu,
            self._owner_cpus,
            fence,
            hearing,
        )

    def share_to_pause(self) -> model.SliceTarget:
        """Give what the slice gets while guests are being paused."""
        return ladder.share_to_pause(self._limits.capacity)

    def _follow(
        self, verdict: model.Verdict, facts: model.Facts
    ) -> model.Verdict:
        """Follow what the owner feels, and what he has of memory."""
        limits, now_s = self._limits, facts.now_s
        self._owner_cpus = facts.load.owner_cpus if facts.load else None
        self._eased = comfort.follow(
            self._eased, facts.load, verdict.yielding, limits.comfort, now_s
        )
        self._giving = giving.follow(
            self._giving,
            verdict,
            facts.load,
            self._whole_mib,
            limits.giving,
            now_s,
        )
        moments_s = (
            verdict.recheck_s,
            self._eased.recheck_s(limits.comfort),
            self._giving.recheck_s(limits.giving),
        )
        due_s = [at_s for at_s in moments_s if at_s is not None]
        recheck_s = min(due_s, default=None)
        if recheck_s == verdict.recheck_s:
            return verdict
        return dataclasses.replace(verdict, recheck_s=recheck_s)


def _closed(verdict: model.Verdict, departure: str) -> model.Verdict:
    """Take no guest that the host could not keep."""
    return dataclasses.replace(
        verdict,
        cap=dataclasses.replace(verdict.cap, admit=False),
        departing=departure,
        reason=f'the host prepares for {departure}; {verdict.reason}',
    )


def strictest(now_s: float, error: Exception) -> model.Verdict:
    """Give the verdict of an agent that cannot decide.

    Nothing is lent, and nobody is evicted for the agent's own fault.
    """
    reason = f'the agent could not decide: {error!r}'
    unknown = model.PresenceVerdict(
        presence=model.Presence.UNKNOWN,
        source='agent',
        reason=reason,
        since_s=now_s,
        confirmed=False,
    )
    return model.Verdict(
        presence=unknown, cap=model.NOTHING, reclaim_due=False, reason=reason
    )


STRICTEST = model.Hold(slice=model.SliceTarget(cpus=0.0))
"""As little as the kernel's smallest limit lets through; no other rung moves.
"""
