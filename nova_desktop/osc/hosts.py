# SPDX-License-Identifier: Apache-2.0
"""One row for each workstation, from what Nova and Placement told: pure."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    'Host',
    'State',
    'Status',
    'Admits',
    'vCPUs Lent',
    'vCPUs Used',
    'Memory Lent MiB',
    'Memory Used MiB',
    'Instances',
)
LONG_COLUMNS = (
    *COLUMNS,
    'vCPUs Total',
    'Memory Total MiB',
    'Disabled Reason',
    'Provider',
)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A workstation; ``None`` is for what nobody told.

    What is lent is what Placement offers: total less reserved, times the
    allocation ratio.
    """

    host: str
    state: str | None
    status: str | None
    admits: bool
    vcpus_lent: int
    vcpus_used: int | None
    memory_lent_mib: int
    memory_used_mib: int | None
    instances: int | None
    vcpus: int | None
    memory_mib: int | None
    disabled_reason: str | None
    provider: str

    def with_usages(self, usages: Mapping[str, int]) -> 'Row':
        """Give the row with what is used of it."""
        return dataclasses.replace(
            self,
            vcpus_used=usages.get('VCPU', 0),
            memory_used_mib=usages.get('MEMORY_MB', 0),
        )


def _row(
    provider: str,
    name: str,
    offer: Mapping[str, Mapping[str, int]] | None,
    node: Mapping[str, Any],
) -> Row:
    service = node.get('service', {})
    resources = offer or {}
    vcpus = resources.get('VCPU', {})
    memory = resources.get('MEMORY_MB', {})
    return Row(
        host=service.get('host', name),
        state=node.get('state'),
        status=node.get('status'),
        admits=offer is not None,
        vcpus_lent=vcpus.get('capacity', 0),
        vcpus_used=vcpus.get('used'),
        memory_lent_mib=memory.get('capacity', 0),
        memory_used_mib=memory.get('used'),
        instances=node.get('running_vms'),
        vcpus=node.get('vcpus'),
        memory_mib=node.get('memory_mb'),
        disabled_reason=service.get('disabled_reason'),
        provider=provider,
    )


def rows(
    workstations: Mapping[str, str],
    offers: Mapping[str, Mapping[str, Mapping[str, int]]],
    hypervisors: Iterable[Mapping[str, Any]],
) -> list[Row]:
    """Give the workstations, by name.

    The id of a compute node and of its provider is one and the same.
    """
    nodes = {each['id']: each for each in hypervisors}
    made = [
        _row(provider, name, offers.get(provider), nodes.get(provider, {}))
        for provider, name in workstations.items()
    ]
    return sorted(made, key=lambda row: row.host)
