# SPDX-License-Identifier: Apache-2.0
"""What is computed from measured times; pure."""

import itertools
import math
import statistics
from collections.abc import Sequence

Point = tuple[float, int]
"""A moment in seconds, and the progress of all guests until then."""


def percentile(values: Sequence[float], percent: int) -> float:
    """Give a percentile (1 to 99) of at least one value.

    Interpolates between neighbours and never goes beyond what was measured.
    """
    if len(values) == 1:
        return values[0]
    cuts = statistics.quantiles(values, n=100, method='inclusive')
    return cuts[percent - 1]


def milliseconds(seconds: float) -> float:
    """Turn seconds into milliseconds as they are reported."""
    return round(seconds * 1000, 3)


def rate(points: Sequence[Point]) -> float:
    """Give the progress per second from the first point to the last."""
    (begin_s, before), (end_s, after) = points[0], points[-1]
    return (after - before) / (end_s - begin_s)


def held_at(
    points: Sequence[Point], window_s: float, most: float
) -> float | None:
    """Give where the first window begins that holds the guests to a rate.

    Each point begins a window; its end is the first point that is at least
    ``window_s`` later. None where no such window is among the points.
    """
    end = 0
    for begin, (begin_s, _progress) in enumerate(points):
        while end < len(points) and points[end][0] < begin_s + window_s:
            end += 1
        if end == len(points):
            return None
        if rate((points[begin], points[end])) <= most:
            return begin_s
    return None


def share_of(
    points: Sequence[Point], begin_s: float, length_s: float, full: float
) -> float:
    """Give the rate within a stretch of time as a part of the full one.

    The stretch is widened to the points around it, which must exist.
    """
    before = [point for point in points if point[0] <= begin_s]
    after = [point for point in points if point[0] >= begin_s + length_s]
    return rate((before[-1], after[0])) / full


def longest_gap(points: Sequence[Point]) -> float:
    """Give the longest time between two points in a row."""
    pairs = itertools.pairwise(points)
    return max((end[0] - begin[0] for begin, end in pairs), default=0.0)


def next_tick(now_s: float, first_s: float, period_s: float) -> float:
    """Give the next moment, not before now, at which a poller looks."""
    periods = max(0, math.ceil((now_s - first_s) / period_s))
    return first_s + periods * period_s


def parts(total: int, count: int) -> list[int]:
    """Split a number into ``count`` parts that differ by one at most."""
    cuts = [total * each // count for each in range(count + 1)]
    return [end - begin for begin, end in itertools.pairwise(cuts)]
