# SPDX-License-Identifier: Apache-2.0
"""How long a server is left alone that fails, or leaves, again and again."""

WINDOW_S = 3600.0
"""Evictions of longer ago do not count."""

_MAX_DOUBLINGS = 4


def doubled(first_s: float, times: int) -> float:
    """Give ``first_s``, doubled ``times`` times, up to 16 times of it."""
    return first_s * float(1 << min(times, _MAX_DOUBLINGS))


def wait_s(times: int, second_s: float) -> float:
    """Give the least seconds from the last of ``times`` evictions to return.

    None after the first: whoever has room takes it. ``second_s`` after the
    second, doubled with each further one, up to 16 times.
    """
    if times < 2:
        return 0.0
    return doubled(second_s, times - 2)
