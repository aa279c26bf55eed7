# SPDX-License-Identifier: Apache-2.0
"""The policies in a row: facts in, verdict and target of the slice out."""

import dataclasses
from collections.abc import Callable

from nova_desktop import model
from nova_desktop.policy import cap, ladder, presence


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Every threshold, and what the host has."""

    presence: presence.PresenceLimits
    shares: cap.CapShares
    cap: cap.CapLimits
    ladder: ladder.LadderLimits
    capacity: model.Capacity


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
        return _closed(verdict, departure) if departure else verdict

    def target(
        self, verdict: model.Verdict, leaving: int
    ) -> model.SliceTarget:
        """Turn a verdict into what the guests' slice is held to."""
        return ladder.slice_target(
            verdict, leaving, self._limits.ladder, self._limits.capacity
        )


def _closed(verdict: model.Verdict, departure: str) -> model.Verdict:
    """Take no guest that the host could not keep."""
    return dataclasses.replace(
        verdict,
        cap=dataclasses.replace(verdict.cap, admit=False),
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


STRICTEST = model.SliceTarget(cpus=0.0)
"""As little as the kernel's smallest limit lets through."""
