# SPDX-License-Identifier: Apache-2.0
"""What a cloud needs so that it can use workstations, as plain data."""

import dataclasses
from collections.abc import Mapping

from nova_desktop.policy.asked import TRAIT, TRUSTED

TRAITS = (TRAIT, TRUSTED)

AGGREGATE = 'desktops'
"""Of the workstations; closed to whoever does not ask for the trait."""

ISOLATION = (f'trait:{TRAIT}', 'required')
"""Key and value of its metadata."""


@dataclasses.dataclass(frozen=True, slots=True)
class Flavor:
    """A flavor; ``description`` marks it as one of ours."""

    name: str
    vcpus: int
    ram_mib: int
    disk_gib: int
    description: str
    extra_specs: Mapping[str, str]

    @property
    def size(self) -> dict[str, int]:
        """Give what Nova never changes of a flavor, by Nova's names."""
        return {
            'vcpus': self.vcpus,
            'ram': self.ram_mib,
            'disk': self.disk_gib,
        }


_LENT = {
    'desktop:preemptible': 'true',
    f'trait:{TRAIT}': 'required',
}
_KEPT = _LENT | {
    'desktop:on_reclaim': 'live-migrate,shelve',
    'desktop:priority': '100',
}
_STATELESS = _LENT | {
    'desktop:on_reclaim': 'delete',
    'desktop:notice': '30',
    'desktop:priority': '0',
}
_TRUSTED = _KEPT | {
    'desktop:trust': 'trusted',
    f'trait:{TRUSTED}': 'required',
}

_MOVED = 'On a workstation; moved or shelved when its owner needs it'

FLAVORS = (
    Flavor('desktop.tiny', 1, 512, 5, _MOVED, _KEPT),
    Flavor('desktop.small', 1, 2048, 20, _MOVED, _KEPT),
    Flavor('desktop.medium', 2, 4096, 40, _MOVED, _KEPT),
    Flavor('desktop.large', 4, 8192, 80, _MOVED, _KEPT),
    Flavor(
        'desktop.stateless',
        2,
        4096,
        20,
        'On a workstation; deleted when its owner needs it',
        _STATELESS,
    ),
    Flavor(
        'desktop.trusted',
        2,
        4096,
        40,
        'On a trusted workstation; moved or shelved when its owner needs it',
        _TRUSTED,
    ),
)
