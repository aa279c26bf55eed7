# SPDX-License-Identifier: Apache-2.0
"""How likely the owner is to stay away, from how long he did before.

For an absence that has lasted t, and a horizon h, count the past absences
that lasted at least t (n) and at least t + h (k). The estimate is

    (k + PRIOR_WEIGHT * prior) / (n + PRIOR_WEIGHT)
    prior = (t + PRIOR_SCALE_S) / (t + h + PRIOR_SCALE_S)

The prior says that what has lasted long will last long (the survival
function of a Lomax distribution with exponent 1, median PRIOR_SCALE_S); it
decides alone where no past absence reached t. Counting is right as long as
past absences ended by the owner's return: what the agent itself cut short,
by a restart, must not be recorded. Weekday and hour are not looked at.
"""

from collections.abc import Iterable, Sequence

from nova_desktop import model

Absence = tuple[float, float]
"""Begin and end, unix seconds."""

KEEP = 500
"""Absences that are remembered: about two months of a busy desk."""
SHORTEST_S = 60.0
"""Shorter absences are not remembered: they are pauses."""
ENOUGH = 5
"""Below this many past absences there is no forecast."""
PRIOR_WEIGHT = 2.0
PRIOR_SCALE_S = 900.0


def remember(
    absences: Iterable[Absence], begin_s: float, end_s: float
) -> tuple[Absence, ...]:
    """Add a finished absence to the history, which stays bounded."""
    history = tuple(absences)
    if end_s - begin_s >= SHORTEST_S:
        history += ((begin_s, end_s),)
    return history[-KEEP:]


def forecast(
    absences: Sequence[Absence], away_for_s: float | None
) -> dict[int, float]:
    """Estimate for each horizon that the owner stays away that much longer.

    ``away_for_s`` is how long the owner has been away, ``None`` when he may
    be here. Returns minutes -> probability; empty with too little history.
    """
    if away_for_s is None:
        return dict.fromkeys(model.HORIZONS_MIN, 0.0)
    lengths = [end - begin for begin, end in absences[-KEEP:] if end > begin]
    if len(lengths) < ENOUGH:
        return {}
    gone_s = max(0.0, away_for_s)
    return {
        minutes: _stays(lengths, gone_s, minutes * 60.0)
        for minutes in model.HORIZONS_MIN
    }


def _stays(lengths: Sequence[float], gone_s: float, more_s: float) -> float:
    reached = sum(length >= gone_s for length in lengths)
    lasted = sum(length >= gone_s + more_s for length in lengths)
    prior = (gone_s + PRIOR_SCALE_S) / (gone_s + more_s + PRIOR_SCALE_S)
    return (lasted + PRIOR_WEIGHT * prior) / (reached + PRIOR_WEIGHT)
