# SPDX-License-Identifier: Apache-2.0
"""How long a server may stay once it was told: pure.

The deadline is remembered in the server's metadata, so that it outlives this
service. It counts only for the stay that it was given in: Nova lets nobody
clear the metadata of a shelved server. Its tenant can write there what it
likes. An earlier deadline costs only the tenant itself; a later one, or none,
gains at most the full notice counted from now; nothing else in it is believed.
"""

import hashlib
import json
import math
from typing import Any

from nova_desktop import model
from nova_desktop.reclaim import nouns

KEY = 'desktop_notice'
ACK_KEY = 'desktop_ack'
_MAX_VALUE = 255


def full_notice_s(guest: model.Tolerance, settings: nouns.Settings) -> float:
    """Give the notice that a flavor's guests get, within the bounds."""
    return max(settings.grace_min_s, min(guest.notice_s, settings.grace_max_s))


def parse(text: object) -> dict[str, Any]:
    """Take what is usable of a notice in metadata; empty if nothing is."""
    if not isinstance(text, str):
        return {}
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(fields, dict):
        return {}
    deadline = fields.get('deadline')
    # A comparison with NaN is false: it is refused here too.
    usable = isinstance(deadline, int | float) and 0 < deadline < 2**40
    return fields if usable else {}


def place(server: nouns.Server) -> str:
    """Give a mark of a server's stay on its host, which no tenant may know."""
    stay = f'{server.host}/{server.id}/{server.since_unix_s}'
    return hashlib.sha256(stay.encode()).hexdigest()[:8]


def render(
    action: str, deadline_unix_s: float, reason: str, where: str
) -> str:
    """Give a notice as Nova's metadata can hold it; ``where`` is its place."""
    fields = {
        'action': action,
        'deadline': math.ceil(deadline_unix_s),
        'place': where,
        'reason': reason,
    }
    spare = _MAX_VALUE - len(json.dumps({**fields, 'reason': ''}))
    while len(json.dumps(fields['reason'])) - 2 > spare:
        fields['reason'] = str(fields['reason'])[:-1]
    return json.dumps(fields)


def remembered(
    server: nouns.Server, now_unix_s: float, settings: nouns.Settings
) -> float | None:
    """Give the deadline of a notice that was given before and still counts."""
    fields = parse(server.metadata.get(KEY))
    if fields.get('place') != place(server):
        return None
    deadline = float(fields['deadline'])
    stale = deadline < now_unix_s - settings.notice_stale_s
    return None if stale else deadline


def early_unix_s(
    expected_unix_s: float,
    told_unix_s: float,
    full_s: float,
    before: float | None = None,
) -> float:
    """Give the deadline of a notice that is given before anybody needs it.

    That is when the owner is expected, but never less than the full notice
    after the guest was first told, nor sooner than it was told before.
    """
    return max(expected_unix_s, told_unix_s + full_s, before or 0.0)


def deadline_unix_s(
    server: nouns.Server,
    now_unix_s: float,
    settings: nouns.Settings,
    early: float | None = None,
) -> float:
    """Give when a server's grace ends.

    ``early`` is the deadline of an early notice, which has run since. A whole
    second, as it is told: nobody is to go sooner, and another worker is not
    to come to another one. Who gets no notice does not wait for that.
    """
    latest = now_unix_s + full_notice_s(server.tolerance, settings)
    soonest = now_unix_s + settings.grace_min_s
    before = remembered(server, now_unix_s, settings)
    told = [when for when in (before, early) if when is not None]
    end = min([latest, *(max(when, soonest) for when in told)])
    return end if end <= now_unix_s else float(math.ceil(end))


def acknowledged(server: nouns.Server) -> bool:
    """Say whether the tenant lets the server go before its time."""
    return bool(server.metadata.get(ACK_KEY))


def agreed(text: str, deadline: float) -> bool:
    """Say whether what a guest wrote agrees to the notice in force.

    It writes the deadline that it agrees to: what is left of a former notice
    counts for nothing.
    """
    return text == str(math.ceil(deadline))
