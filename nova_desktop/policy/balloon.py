# SPDX-License-Identifier: Apache-2.0
"""How much memory each guest keeps where all together get less."""

import dataclasses
from collections.abc import Mapping, Sequence

from nova_desktop import model


@dataclasses.dataclass(frozen=True, slots=True)
class BalloonLimits:
    """What a guest keeps beside what it uses.

    ``margin_mib`` or ``margin_part`` (0 to 1) of what it was given, whichever
    is more: for its own kernel, which its readings leave out, for some page
    cache and for what it takes before the next reading. It never has less
    than ``floor_mib``.
    """

    floor_mib: int = 128
    margin_mib: int = 64
    margin_part: float = 0.1


DEFAULT = BalloonLimits()


def plan(
    guests: Sequence[model.GuestMemory],
    budget_mib: int,
    limits: BalloonLimits = DEFAULT,
) -> Mapping[str, int]:
    """Give what each guest keeps, in MiB by UUID.

    Those that can spare the most give the most. What a guest needs it keeps,
    even if all together are above the budget then; the rest is for reclaim.
    One of which nothing is known keeps what it has, and is not in the answer.
    The plan does not depend on what balloons hold now, so that one made of
    its own outcome is the same.
    """
    needs = {
        guest.uuid: need
        for guest in guests
        if (need := need_mib(guest, limits)) is not None
    }
    given = {each.uuid: each.maximum_mib for each in guests}
    spare = {uuid: given[uuid] - need for uuid, need in needs.items()}
    whole_mib = sum(
        given[each.uuid] if each.uuid in needs else each.actual_mib
        for each in guests
    )
    taken = _share(spare, max(0, whole_mib - budget_mib))
    return {uuid: given[uuid] - taken[uuid] for uuid in needs}


def need_mib(guest: model.GuestMemory, limits: BalloonLimits) -> int | None:
    """Give what a guest cannot do without; None if it does not tell."""
    if guest.available_mib is None or guest.usable_mib is None:
        return None
    part = round(guest.maximum_mib * limits.margin_part)
    margin = max(limits.margin_mib, part)
    used = max(0, guest.available_mib - guest.usable_mib)
    return min(guest.maximum_mib, max(used + margin, limits.floor_mib))


def _share(spare: Mapping[str, int], excess: int) -> Mapping[str, int]:
    """Take the excess from each by what it can spare, rounded up."""
    whole = sum(spare.values())
    if excess >= whole:
        return spare
    return {uuid: -(-excess * each // whole) for uuid, each in spare.items()}
