# SPDX-License-Identifier: Apache-2.0
"""Whether and how gladly a workstation takes a guest, from what it tells."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

from nova_desktop import model
from nova_desktop.policy import spread

STATS_VERSION = 1
"""The version of the statistics that is understood here."""

# Free minutes to expect of a host without a forecast. An owner who has left
# tends to stay away for a while, one who has just stopped typing does not.
_UNTOLD_FREE_MIN = {
    model.Presence.AWAY: 30.0,
    model.Presence.IDLE: 5.0,
}

_STATS = (
    'desktop_version',
    'desktop_presence',
    'desktop_admit',
    'desktop_cap_cpus',
    'desktop_cap_memory_mib',
    'desktop_demand',
    *(f'desktop_forecast_{horizon}' for horizon in model.HORIZONS_MIN),
)
EVICTED = 'desktop_evicted'
"""Which servers had to leave a host lately: ``SERVER:TIMES,...``."""

_KNOWN = 'desktop_offer'
"""The attribute of Nova's host state that keeps what was read."""

_TRUE_OR_FALSE = {'True': True, 'False': False}


@dataclasses.dataclass(frozen=True)
class Offer:
    """What a workstation told Nova's scheduler, up to a minute ago.

    ``demand`` is the share of the last hours in which its owner needed it.
    """

    presence: model.Presence
    cap: model.Cap
    forecast: Mapping[int, float] = dataclasses.field(default_factory=dict)
    demand: float = 0.0

    @functools.cached_property
    def free_min(self) -> float:
        """Give the minutes that the owner is expected to stay away.

        Time beyond the last horizon does not count.
        """
        if self.presence.owner_may_be_here:
            return 0.0
        if self.forecast:
            return _area(self.forecast)
        return _UNTOLD_FREE_MIN[self.presence]

    @functools.cached_property
    def returns(self) -> spread.Returns:
        """Give the chances of the owner's return by when it would be."""
        return spread.returns(self.forecast)


@dataclasses.dataclass(frozen=True, slots=True)
class Guest:
    """What is asked for: a flavor's size and what its guests tolerate."""

    tolerance: model.Tolerance
    vcpus: int
    memory_mib: int


def offer_of(host_state: Any) -> Offer | None:
    """Give what a host offers, or None if it is no workstation.

    ``host_state`` is Nova's, of which there is one for each host and
    request: what was read of its ``stats`` once stays with it. Raises
    ValueError saying what is wrong with the statistics.
    """
    known: Offer | None = getattr(host_state, _KNOWN, None)
    if known is not None:
        return known
    stats = host_state.stats or {}
    if not is_desktop(stats):
        return None
    offer = read(stats)
    setattr(host_state, _KNOWN, offer)
    return offer


def is_desktop(stats: Mapping[str, str]) -> bool:
    """Say whether a host's statistics are those of a workstation."""
    return 'desktop_version' in stats


def read(stats: Mapping[str, str]) -> Offer:
    """Read a workstation's statistics; raise ValueError saying what is wrong.

    Nova turns the values into text on their way.
    """
    try:
        return _read(tuple(map(stats.get, _STATS)))
    except TypeError as error:
        raise ValueError(
            f'desktop statistics are malformed: {error}'
        ) from None


# A host says the same for minutes, to each request for a guest.
@functools.lru_cache(maxsize=1 << 15)
def _read(values: tuple[str | None, ...]) -> Offer:
    stats = {
        name: value
        for name, value in zip(_STATS, values, strict=True)
        if value is not None
    }
    version = stats.get('desktop_version')
    if str(version) != str(STATS_VERSION):
        raise ValueError(f'desktop_version {version!r} is not understood')
    try:
        cap = model.Cap(
            cpus=_number(stats['desktop_cap_cpus']),
            memory_mib=int(_number(stats['desktop_cap_memory_mib'])),
            admit=_TRUE_OR_FALSE[str(stats['desktop_admit'])],
        )
        presence = model.Presence(stats['desktop_presence'])
        forecast = {
            horizon: _number(stats[f'desktop_forecast_{horizon}'])
            for horizon in model.HORIZONS_MIN
            if f'desktop_forecast_{horizon}' in stats
        }
        demand = _number(stats.get('desktop_demand', 0.0))
    except (KeyError, ValueError) as error:
        raise ValueError(
            f'desktop statistics are malformed: {error}'
        ) from None
    if any(share > 1 for share in (demand, *forecast.values())):
        raise ValueError('a desktop forecast or demand is above 1')
    return Offer(presence, cap, forecast, demand)


def evictions(stats: Mapping[str, str], server_id: str) -> float:
    """Give how often a server had to leave a host lately.

    What cannot be read counts as never: it is a hint.
    """
    for entry in str(stats.get(EVICTED, '')).split(','):
        name, _, times = entry.partition(':')
        if name == server_id and times.isdecimal():
            return float(times)
    return 0.0


def _number(text: object) -> float:
    number = float(str(text))
    if not math.isfinite(number) or number < 0:
        raise ValueError(f'{text!r} is no amount')
    return number


def data_centre_refusal(
    tolerance: model.Tolerance, preemptible_allowed: bool
) -> str | None:
    """Say why a host that is no workstation does not take a guest."""
    if tolerance.preemptible and not preemptible_allowed:
        return 'preemptible instances run on workstations only'
    return None


def desktop_refusal(
    guest: Guest, offer: Offer, confidence: float
) -> str | None:
    """Say why a workstation does not take a guest; ``None`` if it does.

    What a workstation told while it was closed is not held against it: it
    can be a minute old, and a host is only asked about when Placement, which
    is told at once, offers it again.
    """
    cap = offer.cap
    if not guest.tolerance.preemptible:
        return 'the flavor does not say that its instances are preemptible'
    if not cap.admit:
        return None
    if guest.vcpus > cap.cpus:
        return f'{guest.vcpus} vCPUs do not fit a cap of {cap.cpus:g}'
    if guest.memory_mib > cap.memory_mib:
        return f'{guest.memory_mib} MiB do not fit a cap of {cap.memory_mib}'
    return _runtime_refusal(guest.tolerance.runtime_min, offer, confidence)


def _runtime_refusal(
    runtime_min: int | None, offer: Offer, confidence: float
) -> str | None:
    if runtime_min is None or not offer.forecast:
        return None
    horizons = sorted(offer.forecast)
    # The first horizon that covers the runtime, or the longest there is.
    horizon = next((h for h in horizons if h >= runtime_min), horizons[-1])
    probability = offer.forecast[horizon]
    if probability >= confidence:
        return None
    return (
        f'the owner stays away for {horizon} minutes with a probability of '
        f'{probability:g}, below {confidence:g}'
    )


def expected_free_min(offer: Offer, enough_min: float | None = None) -> float:
    """Give the minutes of an offer that are worth something to a guest.

    Those beyond ``enough_min`` are not: a short guest needs no host that is
    free for long.
    """
    free = offer.free_min
    return free if enough_min is None else min(free, enough_min)


def _area(forecast: Mapping[int, float]) -> float:
    """Integrate the chance of being away, linear between the horizons."""
    area, before_min, before = 0.0, 0, 1.0
    for horizon, probability in sorted(forecast.items()):
        area += (horizon - before_min) * (before + probability) / 2
        before_min, before = horizon, probability
    return area
