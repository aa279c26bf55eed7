# SPDX-License-Identifier: Apache-2.0
"""Why a server is where it is, in one sentence: pure."""

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from nova_desktop import model
from nova_desktop.osc.events import SERVICE, Event, line
from nova_desktop.policy import tolerance, wish

NOTICE = 'desktop_notice'

_ENDED_BY = {
    'SHELVED': ('shelve', 'shelved'),
    'SHELVED_OFFLOADED': ('shelve', 'shelved'),
    'SHUTOFF': ('stop', 'stopped'),
    'PAUSED': ('pause', 'paused'),
    'SUSPENDED': ('suspend', 'suspended'),
    'DELETED': ('delete', 'deleted'),
}
_BROUGHT_BY = {
    'live-migration': 'moved it here',
    'migrate': 'moved it here',
    'unshelve': 'brought it back',
    'start': 'started it again',
    'resume': 'resumed it',
}
_COMES_BACK = ('SHELVED', 'SHELVED_OFFLOADED', 'SUSPENDED', 'SHUTOFF')


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a server; ``server`` is None for a deleted one.

    ``unknown`` is why nobody can tell who the service is, or empty.
    """

    server: Mapping[str, Any] | None
    actions: Sequence[Event]
    records: Sequence[Mapping[str, Any]]
    unknown: str = ''

    @property
    def status(self) -> str:
        """Give Nova's word for its state."""
        return str(self.server['status']) if self.server else 'DELETED'


def tolerated(server: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give what a server's flavor tolerates, or what is wrong with it."""
    specs = ((server or {}).get('flavor') or {}).get('extra_specs')
    if specs is None:
        return {}
    guest, problems = tolerance.parse(specs)
    if problems:
        return {'preemptible': False, 'problems': '; '.join(problems)}
    return _words(guest) if guest.preemptible else {'preemptible': False}


def _words(guest: model.Tolerance) -> dict[str, Any]:
    return {
        'preemptible': True,
        'priority': guest.priority,
        'on_reclaim': ','.join(guest.actions),
        'notice_s': guest.notice_s,
        'trust': guest.trust,
    }


def notice_of(server: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the notice in a server's metadata, empty if there is none."""
    text = ((server or {}).get('metadata') or {}).get(NOTICE, '')
    try:
        fields = json.loads(text)
        until = datetime.datetime.fromtimestamp(
            fields['deadline'], datetime.UTC
        )
    except (
        ValueError,
        TypeError,
        KeyError,
        OverflowError,
        OSError,
        RecursionError,
    ):
        # Its tenant can write there what it likes.
        return {}
    return {
        'action': line(fields.get('action', '')),
        'deadline': until.strftime('%Y-%m-%dT%H:%M:%SZ'),
        'reason': line(fields.get('reason', '')),
    }


def why(known: Known, now: str) -> str:
    """Give the sentence; ``now`` is in the form of Event.at."""
    if known.status in _ENDED_BY:
        return _why_ended(known, *_ENDED_BY[known.status])
    if known.status != 'ACTIVE':
        return _why_otherwise(known)
    notice = notice_of(known.server)
    if notice and notice['deadline'] >= now:
        return (
            f'It has to leave its workstation by {notice["deadline"]}, by '
            f'{notice["action"]}: {notice["reason"]}.'
        )
    return _why_here(known)


def _why_ended(known: Known, action: str, done: str) -> str:
    found = _last(known, (action,))
    if found is None:
        return (
            f'It is {done}, and nobody asked Nova for that: from inside the '
            'guest, or by its host.'
        )
    if not found.ours:
        return f'It was {done} at {found.at} by {_somebody(found, known)}.'
    if _wished(known) == done:
        return (
            f'The {SERVICE} {done} it again at {found.at}, as its tenant had '
            'left it before it was shelved.'
        )
    back = ' It comes back once there is room.'
    return (
        f'The {SERVICE} {done} it at {found.at}: {_reason(known, found)}.'
        f'{back if known.status in _COMES_BACK else ""}'
    )


def _why_otherwise(known: Known) -> str:
    found = known.actions[-1] if known.actions else None
    asked = f': {found.what} at {found.at} by {found.who}' if found else ''
    return f'Nova has it as {line(known.status)}{asked}.'


def _why_here(known: Known) -> str:
    found = _last(known, tuple(_BROUGHT_BY))
    if found is not None and found.ours:
        did = _BROUGHT_BY[found.what]
        return f'The {SERVICE} {did} at {found.at}: {_reason(known, found)}.'
    if found is not None:
        return f'{found.what} at {found.at} by {_somebody(found, known)}.'
    guest = tolerated(known.server)
    if not guest:
        return 'It runs where the scheduler placed it.'
    if guest['preemptible']:
        return (
            'It runs where the scheduler placed it, which may be a '
            'workstation: its flavor tolerates being evicted.'
        )
    return (
        'It runs where the scheduler placed it, which is no workstation: '
        'its flavor is not preemptible.'
    )


def _last(known: Known, names: tuple[str, ...]) -> Event | None:
    found = [e for e in known.actions if e.what in names and not e.failed]
    return found[-1] if found else None


def _wished(known: Known) -> str:
    return wish.of(
        wish.Deed(event.what, event.ours)
        for event in reversed(known.actions)
        if not event.failed
    )


def _somebody(event: Event, known: Known) -> str:
    if known.unknown:
        return (
            f'{event.who}; whether that is the {SERVICE} cannot be told: '
            f'{known.unknown}'
        )
    return f'{event.who}, not by the {SERVICE}'


def _reason(known: Known, event: Event) -> str:
    """Give why the service acted: its record, or the notice that it left."""
    if event.what in ('unshelve', 'start', 'resume'):
        return 'there is room for it again'
    for record in reversed(known.records):
        if (
            record.get('what') == 'chosen'
            and str(record.get('at')) <= event.at
        ):
            return line(record.get('text'))
    notice = notice_of(known.server)
    return notice['reason'] if notice else 'its workstation was needed back'
