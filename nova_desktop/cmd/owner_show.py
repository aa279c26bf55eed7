# SPDX-License-Identifier: Apache-2.0
"""Word for the owner what the agent says."""

import dataclasses
import json
import time
from typing import Any

from nova_desktop import model

_HERE = {
    model.Presence.AWAY: 'You are away.',
    model.Presence.IDLE: 'You are here, and idle.',
    model.Presence.ACTIVE: 'You are here.',
    model.Presence.UNKNOWN: 'Nothing certain is known, so you count as here.',
}


def describe(status: model.Status, say: model.Say | None = None) -> str:
    """Word a status, and what the owner said, for the owner."""
    cap = status.cap
    lines = [
        _HERE[status.presence],
        f'Guests of the cloud may use {cap.cpus:g} CPUs and '
        f'{cap.memory_mib} MiB; new ones are '
        f'{"taken" if cap.admit else "not taken"}.',
        f'Why: {status.reason}.',
        *(_said(say) if say is not None else ()),
        *_held(status),
        *_fenced(status),
    ]
    if status.reclaim_due:
        lines.append('Guests that use more are being moved away.')
    if any(status.forecast.values()):
        odds = ', '.join(
            f'{minutes} min {odd:.0%}'
            for minutes, odd in sorted(status.forecast.items())
        )
        lines.append(f'You are expected to stay away for: {odds}.')
    for name, state in sorted(status.sources.items()):
        if state != 'ok':
            lines.append(f'Not working: {name}: {state}.')
    return '\n'.join(lines)


def _held(status: model.Status) -> list[str]:
    held = '; '.join(f'{name} {text}' for name, text in status.limits.items())
    return [f'What holds guests: {held}.'] if held else []


def _fenced(status: model.Status) -> list[str]:
    if not status.fenced:
        return []
    since = clock(status.fenced_since_unix_s or 0.0)
    return [
        f'Paused since {since} until nova-compute hears from the cloud that '
        f'they still belong here: {", ".join(status.fenced)}.'
    ]


def _said(say: model.Say) -> list[str]:
    lines = []
    if say.pause is not None:
        lines.append(f'You paused the lending {_until(say.pause)}.')
    if say.lend is not None:
        lines.append(f'You lend it, wherever you are, {_until(say.lend)}.')
    parts = [
        f'{part:.3g} % of {what}'
        for part, what in (
            (say.cpu and say.cpu * 100, 'the CPUs'),
            (say.memory and say.memory * 100, 'the memory'),
        )
        if part is not None
    ]
    if parts:
        lines.append(f'You lend at most {" and ".join(parts)}.')
    return lines


def _until(spell: model.Spell) -> str:
    if spell.until_unix_s is None:
        return 'until you say: nova-desktop resume'
    return f'until {clock(spell.until_unix_s)}'


def one_line(change: model.Change) -> str:
    """Word a change in a line."""
    return (
        f'{clock(change.at_unix_s)}  {change.what}: '
        f'{change.before} -> {change.after}'
    )


def clock(unix_s: float) -> str:
    """Word a moment in local time."""
    return time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(unix_s))


def status_as_data(status: model.Status, say: model.Say) -> dict[str, Any]:
    """Lay a status and the owner's say out for JSON."""
    return dataclasses.asdict(status) | {'say': dataclasses.asdict(say)}


def as_json(data: Any) -> str:
    """Word data for programs."""
    return json.dumps(data, indent=2)
