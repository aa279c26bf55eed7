# SPDX-License-Identifier: Apache-2.0
"""What a flavor's ``desktop:`` extra specs say its guests tolerate."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from nova_desktop import model
from nova_desktop.policy import lease

NAMESPACE = 'desktop:'
TRUSTS = ('standard', 'trusted')
WAIT, EVACUATE = LOST = ('wait', 'evacuate')
PRIORITY_MAX = 1000
NOTICE_MAX_S = 3600
RUNTIME_MAX_MIN = 60 * 24 * 365


def _boolean(text: str) -> bool:
    if text.lower() in ('true', 'yes', '1'):
        return True
    if text.lower() in ('false', 'no', '0'):
        return False
    raise ValueError('true or false')


def _integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f'a whole number from {low} to {high}')
        return int(text)

    return parse


def _actions(text: str) -> tuple[model.ReclaimAction, ...]:
    names = [name.strip() for name in text.split(',')]
    known = [action.value for action in model.ReclaimAction]
    if not set(names) <= set(known) or len(set(names)) != len(names):
        raise ValueError('a comma-separated list of ' + ', '.join(known))
    return tuple(model.ReclaimAction(name) for name in names)


def _word(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError('one of ' + ', '.join(allowed))
        return text

    return parse


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One extra spec: its field in Tolerance, how it is read, what it does."""

    field: str
    parse: Callable[[str], Any]
    effect: str


KEYS: Mapping[str, Key] = {
    'preemptible': Key(
        'preemptible',
        _boolean,
        'Whether instances may run on a workstation and be evicted from it.',
    ),
    'priority': Key(
        'priority',
        _integer(0, PRIORITY_MAX),
        'Instances of a lower priority are evicted first.',
    ),
    'on_reclaim': Key(
        'actions',
        _actions,
        'What to do with an instance whose host is needed back: the first '
        'that works.',
    ),
    'notice': Key(
        'notice_s',
        _integer(0, NOTICE_MAX_S),
        'Seconds between the notice and the eviction.',
    ),
    'runtime': Key(
        'runtime_min',
        _integer(1, RUNTIME_MAX_MIN),
        'Minutes that an instance is expected to run; hosts whose owner '
        'should stay away that long are preferred.',
    ),
    'trust': Key(
        'trust',
        _word(*TRUSTS),
        'Which hosts may see the instance: standard any, trusted only hosts '
        'with the trait CUSTOM_DESKTOP_TRUSTED.',
    ),
    'lease': Key(
        'lease_s',
        lease.duration_s,
        'How long an instance may run; its end is told before.',
    ),
    'lease_end': Key(
        'lease_then',
        lease.then_of,
        'What becomes of an instance at the end of its lease.',
    ),
    'lease_max': Key(
        'lease_max_s',
        lease.duration_s,
        'Up to how long its tenant may extend the lease.',
    ),
    'on_lost': Key(
        'on_lost',
        _word(*LOST),
        'What becomes of an instance whose host is lost: wait for it, or '
        'evacuate, which starts it anew from its image elsewhere.',
    ),
}
"""Every key of the namespace, without its prefix."""

LEASE_KEYS = ('lease', 'lease_end', 'lease_max')


def parse(
    extra_specs: Mapping[str, str],
) -> tuple[model.Tolerance, tuple[str, ...]]:
    """Read a flavor's extra specs.

    Returns the tolerance and a sentence for each key that cannot be
    believed; a flavor with any is to be treated as not preemptible.
    """
    fields: dict[str, Any] = {}
    problems = []
    for name, text in sorted(extra_specs.items()):
        if not name.startswith(NAMESPACE):
            continue
        key = KEYS.get(name.removeprefix(NAMESPACE))
        if key is None:
            problems.append(f'{name} is not a key that nova_desktop knows')
            continue
        try:
            fields[key.field] = key.parse(text)
        except ValueError as allowed:
            problems.append(f'{name} = {text!r} is not valid: {allowed}')
    if problems:
        return model.Tolerance(), tuple(problems)
    return model.Tolerance(**fields), ()
