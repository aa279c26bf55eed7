# SPDX-License-Identifier: Apache-2.0
"""How long a server stays away that had to leave again and again."""

WINDOW_S = 3600.0
"""Evictions of longer ago do not count."""

_MAX_DOUBLINGS = 4


def wait_s(times: int, second_s: float) -> float:
    """Give the least seconds from the last of ``times`` evictions to return.

    None after the first: whoever has room takes it. ``second_s`` after the
    second, doubled with each further one, up to 16 times.
    """
    if times < 2:
        return 0.0
    return second_s * float(1 << min(times - 2, _MAX_DOUBLINGS))
