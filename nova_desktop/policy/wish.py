# SPDX-License-Identifier: Apache-2.0
"""How a server's tenant left it, from Nova's record of who did what.

Nothing that a tenant can forge: instance actions name the user who asked.
"""

import dataclasses
from collections.abc import Iterable

RUNS = 'active'

_EFFECT = {
    'create': RUNS,
    'start': RUNS,
    'reboot': RUNS,
    'unpause': RUNS,
    'resume': RUNS,
    'unrescue': RUNS,
    'unshelve': RUNS,
    'stop': 'stopped',
    'pause': 'paused',
    'suspend': 'suspended',
}


@dataclasses.dataclass(frozen=True, slots=True)
class Deed:
    """One instance action that has not failed, and whether it was ours."""

    action: str
    ours: bool


def says(deed: Deed) -> bool:
    """Say whether a deed decides whether the server runs."""
    return deed.action in _EFFECT


def of(newest_first: Iterable[Deed]) -> str:
    """Give the vm_state that somebody other than the service last asked for.

    What keeps a server as it is, such as a resize or a rebuild, has no say.
    """
    for deed in newest_first:
        if not deed.ours and says(deed):
            return _EFFECT[deed.action]
    return RUNS
