# SPDX-License-Identifier: Apache-2.0
"""What became of a server, read from Nova's instance actions: pure.

A tenant cannot forge them: they name the user who asked. What failed is not
counted, whoever asked.
"""

import dataclasses
from collections.abc import Sequence

from nova_desktop.policy import comeback, wish
from nova_desktop.reclaim import nouns

_ENDED_BY = {
    'shelved_offloaded': 'shelve',
    'suspended': 'suspend',
    'stopped': 'stop',
}
_AS_BEFORE = {
    'suspended': 'suspend',
    'stopped': 'stop',
    'paused': 'pause',
}

Records = Sequence[nouns.ActionRecord]


@dataclasses.dataclass(frozen=True, slots=True)
class Away:
    """A server that this service put away.

    ``times`` is how often it did in the last hour, this time included.
    """

    since_unix_s: float
    times: int


def _deeds(records: Records, user: str) -> list[wish.Deed]:
    return [
        wish.Deed(record.action, record.user_id == user)
        for record in records
        if not record.failed
    ]


def away(
    server: nouns.Server, records: Records, user: str, now_unix_s: float
) -> Away | None:
    """Say since when and how often ``user`` put a server away.

    ``records`` are the newest first. None if somebody else did, or if it is
    as its tenant had left it.
    """
    wished = wish.of(_deeds(records, user))
    name = _ENDED_BY.get(server.vm_state)
    last = next(
        (r for r in records if r.action == name and not r.failed), None
    )
    if last is None or last.user_id != user or server.vm_state == wished:
        return None
    # Stopping what its tenant had stopped before is no eviction.
    again = _AS_BEFORE.get(wished)
    ours = [
        record
        for record in records
        if record.action in _ENDED_BY.values()
        and record.action != again
        and record.user_id == user
        and not record.failed
    ]
    since = now_unix_s - comeback.WINDOW_S
    times = sum(record.start_unix_s > since for record in ours)
    return Away(last.start_unix_s, times)


def to_restore(server: nouns.Server, records: Records, user: str) -> str:
    """Give the state in which its tenant had left what we unshelved.

    Empty if that runs as it shall, or if somebody did something since.
    """
    if server.vm_state != wish.RUNS or server.task_state is not None:
        return ''
    deeds = _deeds(records, user)
    last = next((deed for deed in deeds if wish.says(deed)), None)
    if last != wish.Deed('unshelve', ours=True):
        return ''
    wished = wish.of(deeds)
    return wished if wished in _AS_BEFORE else ''
