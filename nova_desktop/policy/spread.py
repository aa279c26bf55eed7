# SPDX-License-Identifier: Apache-2.0
"""How likely two workstations are to be taken back at the same time.

From the forecast alone, which is all that a host tells of its owner's
habits: it says in which of the times until the next 5, 15, 60 and 240
minutes the owner is to be expected. Owners who go to lunch together come
back in the same of them.
"""

import itertools
from collections.abc import Mapping

from nova_desktop import model

Returns = tuple[float, ...]
"""The chance that the owner returns within each time between horizons."""

_HORIZONS = (0, *sorted(model.HORIZONS_MIN))


def returns(forecast: Mapping[int, float]) -> Returns:
    """Give the chances of a return; nothing for an incomplete forecast."""
    if set(forecast) != set(_HORIZONS[1:]):
        return ()
    away = [1.0, *(forecast[horizon] for horizon in _HORIZONS[1:])]
    return tuple(
        max(0.0, before - after) for before, after in itertools.pairwise(away)
    )


def together(one: Returns, other: Returns) -> float:
    """Give the chance, 0 to 1, that both return within the same time.

    As if they were independent: habits that are alike show in the chances
    themselves. Where one of them is unknown nothing is expected of both.
    """
    return min(1.0, sum(a * b for a, b in zip(one, other, strict=False)))


def alone(one: Returns) -> float:
    """Give the chance of a return: what two guests of one host share."""
    return min(1.0, sum(one))
