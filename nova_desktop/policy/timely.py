# SPDX-License-Identifier: Apache-2.0
"""Which of a guest's actions can still work in the time that is left."""

import dataclasses
import itertools
from collections.abc import Sequence

from nova_desktop import model
from nova_desktop.policy import cost

_DELETE = model.ReclaimAction.DELETE


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What to try next, and what comes before it but would take too long.

    ``passed`` has each such action with the seconds that it would take.
    """

    action: model.ReclaimAction | None
    passed: tuple[tuple[model.ReclaimAction, float], ...] = ()


def choose(
    guest: model.Candidate,
    actions: Sequence[model.ReclaimAction],
    left_s: float,
    rates: cost.Rates,
) -> Choice:
    """Choose among the actions that are left, in the flavor's order.

    The first that takes no longer than ``left_s``; where none does, the
    quickest. A guest is deleted only once nothing before that in the list is
    left to try: haste is no reason to lose what may be saved.
    """
    saving = list(itertools.takewhile(lambda a: a is not _DELETE, actions))
    if not saving:
        return Choice(actions[0] if actions else None)
    takes_s = {each: cost.moving_s(guest, each, rates) for each in saving}
    chosen = next((each for each in saving if takes_s[each] <= left_s), None)
    if chosen is None:
        chosen = min(saving, key=takes_s.__getitem__)
    before = saving[: saving.index(chosen)]
    return Choice(chosen, tuple((each, takes_s[each]) for each in before))
