# SPDX-License-Identifier: Apache-2.0
"""Where Nova has a guest that this host holds paused.

Two copies of one server are worse than none for a while. Whatever is not
plain is therefore unclear, and looked at again later.
"""

import enum
from collections.abc import Collection
from typing import Any

from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.compute import task_states
from nova.objects import fields as nova_fields

_EVACUATING = ('accepted', 'pre-migrating')
_BEING_REBUILT = (
    task_states.REBUILDING,
    task_states.REBUILD_BLOCK_DEVICE_MAPPING,
    task_states.REBUILD_SPAWNING,
    task_states.MIGRATING,
)


class Place(enum.Enum):
    """Where a guest belongs."""

    HERE = 'here'
    ELSEWHERE = 'elsewhere'
    UNCLEAR = 'unclear'


def judge(
    instance: Any, host: str, evacuations: Collection[str]
) -> tuple[Place, str]:
    """Say where an instance belongs, and why.

    ``evacuations`` has the states of those that left from this host;
    ``instance`` is ``None`` where Nova knows of none, not even a deleted one.
    """
    if instance is None:
        return Place.UNCLEAR, 'Nova does not know it'
    if instance.deleted:
        return Place.ELSEWHERE, 'it was deleted meanwhile'
    task = instance.task_state
    if instance.host == host:
        if task in _BEING_REBUILT:
            return Place.UNCLEAR, f'Nova is at it: {task}'
        if set(evacuations) & set(_EVACUATING):
            return Place.UNCLEAR, 'it is being evacuated'
        return Place.HERE, 'Nova has it here'
    if task is not None:
        return Place.UNCLEAR, f'Nova is at it: {task}'
    return Place.ELSEWHERE, f'Nova has it on {instance.host or "no host"}'


class Nova:
    """Ask the control plane; every question may raise what Nova raises."""

    def __init__(self, host: str) -> None:
        self._host = host

    def signs_of_life(self) -> int | None:
        """Give how many this host has left with Nova; ``None``: forced down.

        A host that somebody has forced down may be evacuated at any moment.
        """
        service = objects.Service.get_by_compute_host(
            nova_context.get_admin_context(), self._host
        )
        return None if service.forced_down else int(service.report_count)

    def place(self, server_id: str) -> tuple[Place, str]:
        """Say where a server belongs now, and why."""
        context = nova_context.get_admin_context(read_deleted='yes')
        try:
            instance = objects.Instance.get_by_uuid(
                context, server_id, expected_attrs=[]
            )
        except nova_exception.InstanceNotFound:
            return judge(None, self._host, ())
        found = objects.MigrationList.get_by_filters(
            context,
            {
                'source_compute': self._host,
                'instance_uuid': server_id,
                'migration_type': nova_fields.MigrationType.EVACUATION,
            },
        )
        return judge(instance, self._host, [each.status for each in found])
