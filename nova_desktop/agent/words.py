# SPDX-License-Identifier: Apache-2.0
"""What the ladder's targets are called, for the record and the owner."""

from collections.abc import Callable, Mapping
from typing import Any

from nova_desktop import model

_NO_LIMIT = 'no limit'


def of_slice(target: model.SliceTarget) -> str:
    """Word a target of the slice."""
    limit = _NO_LIMIT if target.cpus is None else f'{target.cpus:g} CPUs'
    return f'{limit}, {"idle" if target.idle else "normal"} class'


def _of_cores(target: model.CoreTarget) -> str:
    if target.cpus is None:
        return 'every CPU'
    return f'CPU {", ".join(map(str, target.cpus))}'


def _of_disk(target: model.DiskTarget) -> str:
    parts = []
    if target.bytes_per_s is not None:
        parts.append(f'{target.bytes_per_s / 1024**2:g} MiB/s')
    if target.operations_per_s is not None:
        parts.append(f'{target.operations_per_s} operations/s')
    return ' and '.join(parts) or _NO_LIMIT


def _of_memory(target: model.MemoryTarget) -> str:
    guests = 'all of theirs'
    if target.high_mib is not None:
        guests = f'{target.high_mib} MiB'
    kept = f'{target.owner_low_mib or 0} MiB'
    return f'guests keep {guests}, {kept} are kept for the owner'


def _of_balloon(target: model.BalloonTarget) -> str:
    if target.memory_mib is None:
        return 'all that guests were given'
    return f'at most {target.memory_mib} MiB'


def _of_network(target: model.NetworkTarget) -> str:
    if target.kib_per_s is None:
        return _NO_LIMIT
    return f'{target.kib_per_s} KiB/s for each guest'


def _of_pause(target: model.PauseTarget) -> str:
    if target.fence:
        return 'everybody until Nova confirms that he belongs here'
    if target.everybody:
        who = 'everybody'
    elif target.passthrough:
        who = 'guests with a device of the host'
    else:
        return 'nobody'
    count = len(target.spared)
    return f'{who} but {count} that leave' if count else who


_WORDS: Mapping[str, Callable[[Any], str]] = {
    'slice': of_slice,
    'cores': _of_cores,
    'disk': _of_disk,
    'memory': _of_memory,
    'balloon': _of_balloon,
    'network': _of_network,
    'pause': _of_pause,
}


def of(rung: str, target: Any) -> str:
    """Word the target of a rung that is named as in ``model.Hold``."""
    return _WORDS[rung](target)


def of_hold(hold: model.Hold) -> dict[str, str]:
    """Word the target of each rung."""
    return {rung: of(rung, getattr(hold, rung)) for rung in _WORDS}
