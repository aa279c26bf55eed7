# SPDX-License-Identifier: Apache-2.0
"""The file of what the owner said."""

import json
from pathlib import Path
from typing import Any

from nova_desktop import model
from nova_desktop.mechanism import durable

_SPELLS = ('pause', 'lend')
_PARTS = ('cpu', 'memory')
_UNREADABLE = (ValueError, TypeError, LookupError, RecursionError)
# The end of the year 9999: what comes later cannot be shown as a date.
_LAST_UNIX_S = 253402300799


def read(path: Path) -> model.Say:
    """Read a say; raise OSError, or ValueError for what is none."""
    try:
        return _parse(json.loads(path.read_bytes()))
    except _UNREADABLE as error:
        raise ValueError(f'it holds no say: {error!r}') from error


def write(path: Path, said: model.Say) -> None:
    """Replace the file, as a whole also under a loss of power.

    Raise OSError.
    """
    durable.replace(path, _layout(said))


def _layout(said: model.Say) -> str:
    spells = {
        name: {'until_unix_s': spell.until_unix_s}
        for name in _SPELLS
        if (spell := getattr(said, name)) is not None
    }
    parts = {name: getattr(said, name) for name in _PARTS}
    return json.dumps(spells | parts) + '\n'


def _parse(found: Any) -> model.Say:
    """Take a say apart; raise one of what is unreadable."""
    if not isinstance(found, dict):
        raise ValueError('it is not a JSON object')
    unknown = set(found) - {*_SPELLS, *_PARTS}
    if unknown:
        raise ValueError(f'{sorted(unknown)[0]!r} is not known')
    pause, lend = (_parse_spell(found, name) for name in _SPELLS)
    if pause is not None and lend is not None:
        raise ValueError('pause and lend are both set')
    cpu, memory = (_parse_part(found, name) for name in _PARTS)
    return model.Say(pause=pause, lend=lend, cpu=cpu, memory=memory)


def _parse_spell(found: dict[str, Any], name: str) -> model.Spell | None:
    if name not in found:
        return None
    until = found[name]['until_unix_s']
    return model.Spell(
        None if until is None else _number(name, until, _LAST_UNIX_S)
    )


def _parse_part(found: dict[str, Any], name: str) -> float | None:
    part = found.get(name)
    if part is None:
        return None
    return _number(name, part, 1)


def _number(name: str, value: Any, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f'{name} = {value!r} is not a number')
    if not 0 <= value <= most:
        raise ValueError(f'{name} = {value!r} is not 0 to {most}')
    return float(value)
