# SPDX-License-Identifier: Apache-2.0
"""The bodies of the API's answers: pure."""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from nova_desktop import messages
from nova_desktop.policy.lease import Lease
from nova_desktop.reclaim.journal import Journal


def time_of(unix_s: float) -> str:
    """Give a time as OpenStack's APIs do, in UTC."""
    # What a host may send goes further than the years of datetime.
    try:
        when = datetime.datetime.fromtimestamp(unix_s, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return ''
    return when.strftime('%Y-%m-%dT%H:%M:%SZ')


def version(url: str) -> dict[str, Any]:
    """Give the one version that there is."""
    return {
        'id': 'v1.0',
        'status': 'CURRENT',
        'links': [{'rel': 'self', 'href': url.rstrip('/') + '/v1/'}],
    }


def told(entry: messages.Told) -> dict[str, Any]:
    """Give what a host told the cloud at a time."""
    return {
        'at': time_of(entry.at_unix_s),
        'presence': entry.presence.value,
        'admit': entry.admit,
        'cpus': entry.cpus,
        'memory_mib': entry.memory_mib,
        'reason': entry.reason,
    }


def host(name: str, status: messages.HostStatus) -> dict[str, Any]:
    """Give what a host says now."""
    forecast = {str(key): value for key, value in status.forecast.items()}
    return {
        'host': {
            'name': name,
            'agent_answers': status.heard,
            'demand': status.demand,
            'reclaim_due': status.reclaim_due,
            'forecast': forecast,
            **told(status.now),
        }
    }


def history(entries: Iterable[messages.Told]) -> dict[str, Any]:
    """Give what a host told the cloud lately."""
    return {'history': [told(entry) for entry in entries]}


def _record(entry: messages.Entry, detailed: bool) -> dict[str, Any]:
    shown = {
        'at': time_of(entry.at_unix_s),
        'what': entry.what.value,
        'text': entry.text,
        'worker': entry.worker,
    }
    if detailed:
        shown |= {'host': entry.host, 'detail': entry.detail}
    return shown


def lease(
    agreed: Lease | None, ignored: Sequence[str], now_unix_s: float
) -> dict[str, Any] | None:
    """Give a server's lease, and what its tenant wrote of one in vain."""
    shown: dict[str, Any] = {'ignored': list(ignored)} if ignored else {}
    if agreed is None:
        return shown or None
    return {
        'start': time_of(agreed.start_unix_s),
        'end': time_of(agreed.ends_unix_s),
        'then': agreed.then.value,
        'over': agreed.ends_unix_s <= now_unix_s,
        'length_s': agreed.length_s,
        'longest_s': agreed.longest_s,
        **shown,
    }


def explained(
    server_id: str,
    service_user: str,
    journal: Journal,
    entries: Sequence[messages.Entry],
    lease_shown: dict[str, Any] | None,
    detailed: bool,
) -> dict[str, Any]:
    """Give what was decided about a server, and since when that is kept."""
    return {
        'server': {
            'id': server_id,
            'service_user_id': service_user,
            'worker': journal.worker,
            'kept_since': time_of(journal.since_unix_s),
            'lease': lease_shown,
            'records': [_record(entry, detailed) for entry in entries],
        }
    }
