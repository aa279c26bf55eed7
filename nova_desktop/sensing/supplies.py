# SPDX-License-Identifier: Apache-2.0
"""Batteries and temperatures as the kernel shows them below /sys/class."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

_COOL_C = 5.0
"""How much colder than its limit a host must be that was too hot."""

_LIMITS = ('hot', 'critical')


@dataclasses.dataclass(frozen=True, slots=True)
class Battery:
    """What is known of the host's own batteries; None is not known."""

    present: bool | None = None
    discharging: bool | None = None
    percent: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Zone:
    """A temperature and its limit, in thousandths of a degree Celsius."""

    temperature: Path
    limit_mc: float


def battery(root: Path) -> Battery:
    """Read ``power_supply``; raises nothing.

    The host is on battery where one discharges and no supply is online, as
    UPower has it; a host without any is on mains.
    """
    try:
        found = sorted(root.iterdir())
    except FileNotFoundError:
        # A kernel without this class knows no battery.
        return Battery(present=False, discharging=False)
    except OSError:
        return Battery()
    batteries = [each for each in found if _is_battery(each)]
    if not batteries:
        return Battery(present=False, discharging=False)
    states = [_text(each / 'status') for each in batteries]
    charges = [_number(each / 'capacity') for each in batteries]
    known = [each for each in charges if each is not None]
    return Battery(
        present=True,
        discharging=_discharging(states, any(map(_online, found))),
        percent=min(known) if known else None,
    )


def zones(root: Path) -> tuple[Zone, ...]:
    """Find the zones of ``thermal`` that name a limit; raises nothing."""
    found = [
        Zone(each / 'temp', min(limits))
        for each in sorted(root.glob('thermal_zone*'))
        if (limits := _limits_mc(each))
    ]
    return tuple(found)


def too_hot(
    watched: Sequence[Zone], margin_c: float, before: bool
) -> bool | None:
    """Say whether a zone is within ``margin_c`` of its limit; raises nothing.

    ``before`` is what was said last: a host that was too hot must cool down
    by more. None where no zone can be read.
    """
    margins_c = [
        (zone.limit_mc - now_mc) / 1000
        for zone in watched
        if (now_mc := _number(zone.temperature)) is not None
    ]
    if not margins_c:
        return None
    return min(margins_c) <= margin_c + (_COOL_C if before else 0.0)


def _is_battery(supply: Path) -> bool:
    # A mouse or a headset has one too, of the scope Device.
    kind, scope = _text(supply / 'type'), _text(supply / 'scope')
    if kind not in ('Battery', 'UPS') or scope == 'Device':
        return False
    return _text(supply / 'present') != '0'


def _online(supply: Path) -> bool:
    kind, scope = _text(supply / 'type'), _text(supply / 'scope')
    if kind in ('Battery', 'UPS') or scope == 'Device':
        return False
    return _text(supply / 'online') in ('1', '2')


def _discharging(states: list[str], online: bool) -> bool | None:
    if online:
        return False
    if 'Discharging' in states:
        return True
    known = {'Charging', 'Full', 'Not charging'}
    return False if known.issuperset(states) else None


def _limits_mc(zone: Path) -> list[float]:
    """Read a zone's hot and critical limits; some firmware says 0 for none."""
    found = [
        _number(kind.with_name(kind.name.replace('_type', '_temp')))
        for kind in zone.glob('trip_point_*_type')
        if _text(kind) in _LIMITS
    ]
    return [each for each in found if each is not None and each > 0]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors='replace').strip()
    except OSError:
        return ''


def _number(path: Path) -> float | None:
    try:
        return float(int(_text(path)))
    except ValueError:
        return None
