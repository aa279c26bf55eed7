# SPDX-License-Identifier: Apache-2.0
"""Whether servers of a host that is gone may be started elsewhere."""

import dataclasses
from collections.abc import Collection

from nova_desktop import model

NO_FENCE = (
    'its workstation promises no fence: it may still run there, and a '
    'second copy would harm it'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """Whether now, and why not; ``final`` where time alone changes nothing."""

    may: bool
    why: str
    final: bool = False


def judge(
    promises: Collection[str], silent_s: float, after_s: float
) -> Judgement:
    """Judge a host by its traits and the time since its last sign of life."""
    if model.ASLEEP in promises:
        why = 'its workstation sleeps behind its fence'
    elif model.FENCE in promises:
        why = 'its workstation is lost, and fences its guests by itself'
    else:
        return Judgement(False, NO_FENCE, final=True)
    if silent_s < after_s:
        return Judgement(False, f'it is silent for {silent_s:.0f} s only')
    return Judgement(True, why)


def is_outage(silent: int, workstations: int, percent: int) -> bool:
    """Say whether so many are silent at once that it is hardly they."""
    return silent > 1 and silent * 100 > percent * workstations
