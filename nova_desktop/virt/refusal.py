# SPDX-License-Identifier: Apache-2.0
"""Refuse what comes too late, each path in the way that Nova understands."""

from collections.abc import Callable, Mapping
from typing import Any

from nova import exception as nova_exception
from nova.compute import task_states
from oslo_log import log as logging

from nova_desktop.virt import inventory, link, requests

LOG = logging.getLogger(__name__)


class OwnerNeedsHost(
    nova_exception.GroupAffinityViolation  # type: ignore[misc]
):
    """A build came when the owner had taken the host back.

    By its base class Nova sends the build to the next host without counting
    a failed build against this one.
    """

    msg_fmt = 'The workstation takes no guest now: %(reason)s'


def why_not(
    agent: link.Link, instance: Any, used_mib: Callable[[], int]
) -> str | None:
    """Give the reason for not taking a guest; ``None`` when it is taken.

    Tenants may read it. The scheduler compared the guest with a cap that may
    have shrunk since.
    """
    status, flavor = agent.status, instance.flavor
    if status is None:
        return 'the agent of the workstation is silent'
    cap = status.cap
    if not cap.admit:
        return requests.why_leave(status.presence)
    if flavor.vcpus > cap.cpus:
        return f'{flavor.vcpus} vCPUs do not fit a cap of {cap.cpus:g}'
    used = used_mib()
    if used + flavor.memory_mb > cap.memory_mib:
        return (
            f'{flavor.memory_mb} MiB do not fit a cap of {cap.memory_mib} '
            f'beside guests that hold {used}'
        )
    return None


def check_start(
    agent: link.Link, instance: Any, used_mib: Callable[[], int], host: str
) -> None:
    """Refuse to build a guest on ``host`` or to evacuate one to it.

    Whatever else starts a guest is never refused: it belongs here already,
    and a rebuild has destroyed its disks by now. ``used_mib`` gives the
    memory that this host's guests hold.
    """
    building = instance.task_state == task_states.SPAWNING
    rebuilding = instance.task_state == task_states.REBUILD_SPAWNING
    if not building and (not rebuilding or instance.host == host):
        return
    why = why_not(agent, instance, used_mib)
    if why is None:
        return
    if building:
        LOG.info('A late build is refused: %s', why, instance=instance)
        raise OwnerNeedsHost(reason=why)
    LOG.info('An evacuation is refused: %s', why, instance=instance)
    raise nova_exception.ComputeResourcesUnavailable(reason=why)


def check_live_migration(
    agent: link.Link,
    instance: Any,
    used_mib: Callable[[], int],
    source: Mapping[str, Any],
) -> None:
    """Refuse a live migration to here, so that Nova tries the next host."""
    check_arrival(agent, instance, used_mib)
    if not inventory.told_by_desktop((source or {}).get('stats')):
        raise nova_exception.MigrationPreCheckError(
            reason='the instance comes from a host that is no workstation, '
            'and would run outside the limits that protect the owner'
        )


def check_arrival(
    agent: link.Link, instance: Any, used_mib: Callable[[], int]
) -> None:
    """Refuse a live migration that had to wait for its turn.

    Its guest then runs on where it is: Nova tries no other host by itself.
    """
    why = why_not(agent, instance, used_mib)
    if why is not None:
        raise nova_exception.MigrationPreCheckError(reason=why)
