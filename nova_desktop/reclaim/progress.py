# SPDX-License-Identifier: Apache-2.0
"""What a server's state says of the action under way: pure.

Nova answers 202 and then may fail silently, so only the state counts: while
``task_state`` is set it works; after that the server is elsewhere or not.
"""

import enum

from nova_desktop import model
from nova_desktop.reclaim import nouns

_SHELVING = frozenset(
    {model.ReclaimAction.SHELVE, model.ReclaimAction.REBUILD}
)
_AT_REST = {
    model.ReclaimAction.SUSPEND: 'suspended',
    model.ReclaimAction.STOP: 'stopped',
}


class Progress(enum.Enum):
    """How far a server has got on its way out."""

    WORKING = 'working'
    LEFT = 'left'
    FAILED = 'failed'
    CONFIRM = 'confirmResize'
    OFFLOAD = 'shelveOffload'


def has_left(server: nouns.Server | None, host: str) -> bool:
    """Say whether a server no longer uses the memory of its host."""
    if server is None:
        return True
    return server.host != host or not server.holds_memory


def _after_cold_migration(
    server: nouns.Server, host: str, confirm: bool
) -> Progress:
    if server.vm_state == 'resized' and server.host != host:
        return Progress.CONFIRM if confirm else Progress.LEFT
    return Progress.LEFT if server.host != host else Progress.FAILED


def _after_shelving(server: nouns.Server) -> Progress:
    return {
        'shelved_offloaded': Progress.LEFT,
        'shelved': Progress.OFFLOAD,
    }.get(server.vm_state, Progress.FAILED)


def of(
    action: model.ReclaimAction,
    server: nouns.Server | None,
    host: str,
    confirm: bool = True,
) -> Progress:
    """Judge a server that an action was started on at a host."""
    if server is None or server.vm_state in ('deleted', 'soft-delete'):
        return Progress.LEFT
    if server.task_state is not None:
        return Progress.WORKING
    if action is model.ReclaimAction.COLD_MIGRATE:
        return _after_cold_migration(server, host, confirm)
    if server.host and server.host != host:
        return Progress.LEFT
    if action in _SHELVING:
        return _after_shelving(server)
    rests = _AT_REST.get(action) == server.vm_state
    return Progress.LEFT if rests else Progress.FAILED
