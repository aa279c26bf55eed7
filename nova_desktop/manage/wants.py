# SPDX-License-Identifier: Apache-2.0
"""What is wanted of each option of a control plane, and why: pure."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from nova_desktop.doctor.result import State

Judge = Callable[[Any], State]

_ATTEMPTS = 10
_DOWN_TIME_S = 60


@dataclasses.dataclass(frozen=True, slots=True)
class Want:
    """An option, what it should be and why; ``judge`` takes its value."""

    group: str
    option: str
    wanted: str
    why: str
    judge: Judge


def all_of(workstations: int | None) -> tuple[Want, ...]:
    """Give all wants; ``workstations`` is how many there are, if known."""
    return (*_SCHEDULER, _results(workstations), *_API)


def _attempts(value: int) -> State:
    # With one there is no other host: each refused build is an error.
    if value == 1:
        return State.PROBLEM
    return State.OK if value >= _ATTEMPTS else State.ADVICE


def _else(bad: State, good: Callable[[Any], bool]) -> Judge:
    return lambda value: State.OK if good(value) else bad


_SCHEDULER = (
    Want(
        'scheduler',
        'enable_isolated_aggregate_filtering',
        'True',
        'else Placement offers workstations to instances that they refuse',
        _else(State.PROBLEM, bool),
    ),
    Want(
        'scheduler',
        'max_attempts',
        f'{_ATTEMPTS} or more',
        'each workstation whose owner comes back during a build costs one',
        _attempts,
    ),
    Want(
        'scheduler',
        'discover_hosts_in_cells_interval',
        '0 or more',
        'else a new workstation waits for nova-manage cell_v2 discover_hosts',
        _else(State.ADVICE, lambda seconds: seconds >= 0),
    ),
)


def _results(workstations: int | None) -> Want:
    if workstations is None:
        wanted, judge = 'the number of workstations', lambda _: State.SKIPPED
    else:
        wanted = str(workstations)
        judge = _else(State.PROBLEM, lambda most: most >= workstations)
    return Want(
        'scheduler',
        'max_placement_results',
        f'{wanted} or more',
        'the forecasts of hosts beyond it are not looked at',
        judge,
    )


_API = (
    Want(
        'api',
        'vendordata_providers',
        'DynamicJSON among others',
        'without it instances cannot read their notice in vendor_data2.json',
        _else(State.ADVICE, lambda names: 'DynamicJSON' in names),
    ),
    Want(
        'api',
        'vendordata_dynamic_targets',
        'desktop@URL of nova-desktop-reclaim',
        'that is where the notice comes from',
        _else(State.ADVICE, lambda targets: any(map(_is_ours, targets))),
    ),
    Want(
        'DEFAULT',
        'shelved_offload_time',
        '0',
        'else an instance that its tenant shelves stays on the workstation',
        _else(State.ADVICE, lambda seconds: seconds == 0),
    ),
    Want(
        'DEFAULT',
        'reclaim_instance_interval',
        '0',
        'else one that is deleted holds the workstation in Placement as long',
        _else(State.ADVICE, lambda seconds: seconds <= 0),
    ),
    Want(
        'DEFAULT',
        'service_down_time',
        f'{_DOWN_TIME_S} or less',
        'the reclaim service counts on it before it evacuates',
        _else(State.PROBLEM, lambda seconds: seconds <= _DOWN_TIME_S),
    ),
)


def _is_ours(target: str) -> bool:
    return bool(re.fullmatch(r'desktop@https?://.+', target.strip()))
