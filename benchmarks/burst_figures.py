# SPDX-License-Identifier: Apache-2.0
"""What comes of the rounds of a burst; pure."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence

from benchmarks import result
from benchmarks.burst_serial import Seen

WRONGS = ('unmet', 'twice', 'without_notice', 'early', 'told')
"""Of these the books must have none when all is over."""


@dataclasses.dataclass(frozen=True, slots=True)
class Round:
    """One burst: times, answers, the stand-in's books, and each worker."""

    requests: int
    hosts: int
    burst_s: float
    settle_s: float
    took_ms: list[float]
    refused: int
    unheard: int
    repeated: int
    books: Mapping[str, int]
    before_mib: list[float]
    peak_mib: list[float]
    after_mib: list[float]

    @property
    def requests_per_s(self) -> float:
        """Give how many were answered in a second."""
        return (len(self.took_ms) + self.refused) / self.burst_s

    def wrongs(self) -> dict[str, int]:
        """Give what the books hold against the service."""
        return {name: self.books[name] for name in WRONGS if self.books[name]}


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


def metrics(
    rounds: Sequence[Round], serial: Sequence[Seen]
) -> dict[str, float]:
    """Give the medians of the rounds, and the serial method's beside."""
    spreads = [result.spread('answer', each.took_ms) for each in rounds]
    found = {
        'requests_per_s': _median([each.requests_per_s for each in rounds]),
        'settle_s': _median([each.settle_s for each in rounds]),
        **{
            name: _median([spread[name] for spread in spreads])
            for name in spreads[0]
        },
        'hosts_freed_per_s': _median([_freed(each) for each in rounds]),
        **_counts(rounds),
        **_memory(rounds),
    }
    if serial:
        found |= _serial(rounds, serial)
    return found


def _freed(each: Round) -> float:
    return each.hosts / each.settle_s


def _counts(rounds: Sequence[Round]) -> dict[str, float]:
    return {
        'overtaken_count': _median([each.refused for each in rounds]),
        'unheard_count': _median([each.unheard for each in rounds]),
        'repeated_count': _median([each.repeated for each in rounds]),
        **{
            f'{name}_count': _median([each.books[name] for each in rounds])
            for name in ('told_again', 'conflicts', 'deletes_repeated')
        },
        **{
            f'{name}_count': sum(each.books[name] for each in rounds)
            for name in WRONGS
        },
    }


def _memory(rounds: Sequence[Round]) -> dict[str, float]:
    """Give the worst worker's memory, over all rounds and in the last."""
    first, last = rounds[0], rounds[-1]
    latest = zip(last.before_mib, last.after_mib, strict=True)
    pairs = zip(first.before_mib, first.after_mib, last.after_mib, strict=True)
    growth, again = zip(
        *((end - begin, end - once) for begin, once, end in pairs), strict=True
    )
    return {
        'rss_before_mib': max(first.before_mib),
        'rss_peak_mib': max(max(each.peak_mib) for each in rounds),
        'rss_after_mib': max(last.after_mib),
        'rss_growth_mib': round(max(growth), 1),
        'rss_growth_after_first_mib': round(max(again), 1),
        'rss_growth_last_mib': round(max(e - b for b, e in latest), 1),
    }


def _serial(
    rounds: Sequence[Round], serial: Sequence[Seen]
) -> dict[str, float]:
    """Compare pair by pair; the burst of the serial one is extrapolated."""
    work_s = [statistics.mean(each.work_ms) / 1000 for each in serial]
    idle_s = [statistics.mean(each.idle_ms) / 1000 for each in serial]
    rates, ratios = [], []
    for ours, work, idle in zip(rounds, work_s, idle_s, strict=True):
        repeats = max(0, ours.requests - ours.hosts)
        rates.append(ours.requests / (ours.hosts * work + repeats * idle))
        ratios.append(_freed(ours) * work)
    return {
        'serial_hosts_freed_per_s': _median([1 / each for each in work_s]),
        'serial_requests_per_s': _median(rates),
        'serial_settle_s': _median(
            [
                ours.hosts * work
                for ours, work in zip(rounds, work_s, strict=True)
            ]
        ),
        'hosts_freed_ratio': _median(ratios),
    }


def samples(
    rounds: Sequence[Round], serial: Sequence[Seen]
) -> dict[str, list[float]]:
    """Give each reading, in the order of measuring."""
    found = {
        'requests_per_s': [round(each.requests_per_s, 3) for each in rounds],
        'settle_s': [round(each.settle_s, 3) for each in rounds],
        'answer_ms': [ms for each in rounds for ms in each.took_ms],
        'serial_work_ms': [ms for each in serial for ms in each.work_ms],
        'serial_idle_ms': [ms for each in serial for ms in each.idle_ms],
    }
    for name in ('before_mib', 'peak_mib', 'after_mib'):
        found[f'rss_{name}'] = [
            mib for each in rounds for mib in getattr(each, name)
        ]
    return {name: values for name, values in found.items() if values}
