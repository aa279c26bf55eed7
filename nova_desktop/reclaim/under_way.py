# SPDX-License-Identifier: Apache-2.0
"""What this worker has under way, in rows for an operator: pure reading."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from nova_desktop import messages
from nova_desktop.messages import fields
from nova_desktop.reclaim.api_show import time_of
from nova_desktop.reclaim.host import Host, Need
from nova_desktop.reclaim.parts import Parts
from nova_desktop.reclaim.rests import Rest

Rows = list[messages.Row]


def told(
    parts: Parts, checks: Mapping[str, str], question: str, now: float
) -> messages.WorkerTold:
    """Give all of it; ``checks`` is what its health has shown."""
    known = parts.hosts.all()
    lists: dict[str, Rows] = {
        'checks': [{'name': k, 'state': v} for k, v in checks.items()],
        'needs': [row for name in known for row in _needs(name, known[name])],
        'victims': [
            row for name in known for row in _victims(name, known[name])
        ],
        'resting': _resting(parts.hosts.all_rests(now)),
        'waiting': [
            {
                'server': guest.server.id,
                'state': guest.server.vm_state,
                'since': time_of(guest.away.since_unix_s),
            }
            for guest in parts.returning.waiting
        ],
    }
    most = messages.MAX_ROWS
    return messages.WorkerTold(
        worker=parts.journal.worker,
        question=question,
        since=time_of(parts.journal.since_unix_s),
        lists={name: tuple(rows[:most]) for name, rows in lists.items()},
        omitted=sum(max(0, len(rows) - most) for rows in lists.values()),
    )


def _needs(name: str, host: Host) -> Rows:
    wanted = (('host', host.need), ('operator', host.drain))
    return [_need(name, by, need) for by, need in wanted if need is not None]


def _need(name: str, by: str, need: Need) -> messages.Row:
    request = need.request
    return {
        'host': name,
        'asked_by': by,
        'asked_at': time_of(need.asked_unix_s),
        'keep_memory_mib': request.keep_memory_mib,
        'within_s': None if request.within_s == math.inf else request.within_s,
        'departs': request.departs,
        'reason': request.reason,
    }


def _victims(name: str, host: Host) -> Rows:
    return [
        {
            'server': victim.id,
            'host': name,
            'step': host.step_of(victim),
            'action': victim.action,
            'deadline': time_of(victim.deadline_unix_s)
            if victim.noticed_unix_s
            else '',
            'reason': (victim.withdrawn or victim.reason)[: fields.MAX_TEXT],
        }
        for victim in host.victims.values()
    ]


def _resting(rests: Mapping[tuple[str, str], Rest]) -> Rows:
    return [
        {
            'server': server_id,
            'host': where,
            'failures': rest.times,
            'until': time_of(rest.until),
        }
        for (server_id, where), rest in rests.items()
    ]


def shown(
    answers: Iterable[messages.WorkerTold], silent: Mapping[str, float]
) -> dict[str, Any]:
    """Give the API's answer; ``silent`` is when those that are were heard."""
    rows: list[dict[str, Any]] = [
        {
            'worker': each.worker,
            'answers': True,
            'since': each.since,
            'omitted': each.omitted,
            **each.lists,
        }
        for each in answers
    ]
    for name, heard in sorted(silent.items()):
        heard_at = time_of(heard)
        rows.append({'worker': name, 'answers': False, 'heard_at': heard_at})
    return {'workers': rows}
