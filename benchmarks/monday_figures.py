# SPDX-License-Identifier: Apache-2.0
"""What is computed from what the clients saw; pure."""

from collections.abc import Sequence

from benchmarks import figures
from benchmarks.monday_phase import Tally, Told

WINDOW_S = 5.0


def times(name: str, values_ms: Sequence[float]) -> dict[str, float]:
    """Give median, 99th percentile and maximum; nothing of no values."""
    if not values_ms:
        return {}
    cuts = {
        f'{name}_p{percent}_ms': round(
            figures.percentile(values_ms, percent), 3
        )
        for percent in (50, 99)
    }
    return cuts | {f'{name}_max_ms': max(values_ms)}


def paced(told: Told) -> dict[str, float]:
    """Give the figures of owners who come back one by one."""
    return {
        **times('owner_back', told.push_ms),
        **times('stock_periodic', told.stock_ms),
        'conflicts_percent': conflicts_percent(told.tally, 'push'),
        'tracker_conflicts_percent': conflicts_percent(told.tally, 'tracker'),
        'push_errors_count': errors(told.tally, 'push'),
        'failures_count': len(told.failures),
        **requests(told.tally),
    }


def conflicts_percent(tally: Tally, who: str) -> float:
    """Give the share of writes that met another generation."""
    return _percent(_count(tally, who, 'PUT', 409), _count(tally, who, 'PUT'))


def errors(tally: Tally, who: str) -> int:
    """Count answers that are neither good nor a conflict, and none."""
    return sum(
        count
        for (asker, _method, status), count in tally.items()
        if asker == who and not 200 <= status < 300 and status != 409
    )


def requests(tally: Tally) -> dict[str, float]:
    """Count what each kind of caller asked."""
    names = sorted({who for who, _method, _status in tally})
    return {f'{name}_requests_count': _count(tally, name) for name in names}


def rate(ended_s: Sequence[float], begin_s: float) -> float:
    """Give the updates per second from the first until the last."""
    return round(len(ended_s) / (max(ended_s) - begin_s), 2)


def rates(ended_s: Sequence[float], begin_s: float) -> list[float]:
    """Give the updates per second of each whole window."""
    windows = int((max(ended_s) - begin_s) / WINDOW_S)
    counts = [0] * windows
    for each_s in ended_s:
        window = int((each_s - begin_s) / WINDOW_S)
        if window < windows:
            counts[window] += 1
    return [round(count / WINDOW_S, 2) for count in counts]


def limit(cpu_percents: dict[str, float]) -> str:
    """Word which component used the most, and what was left idle."""
    names = ('placement', 'database', 'clients')
    most = max(names, key=lambda name: cpu_percents[name])
    return (
        f'flat out: {most} used the most, {cpu_percents[most]:g} % of a core; '
        f'{cpu_percents["idle"]:g} % of a core was idle'
    )


def _count(tally: Tally, who: str, method: str = '', status: int = 0) -> int:
    return sum(
        count
        for (asker, asked, answer), count in tally.items()
        if asker == who and method in ('', asked) and status in (0, answer)
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 3) if whole else 0.0
