# SPDX-License-Identifier: Apache-2.0
"""What the driver asks of the host's domains beyond Nova's own questions."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from nova import exception as nova_exception
from nova.virt.libvirt import guest as libvirt_guest
from oslo_log import log as logging

from nova_desktop.virt import guest_files, partition, threads

LOG = logging.getLogger(__name__)

_KIB_PER_MIB = 1024


def memory_mib(host: Any) -> int:
    """Add up the memory of the guests that run or are paused."""
    total_kib = 0
    for guest in host.list_guests(only_running=True):
        try:
            total_kib += guest._domain.maxMemory()
        except libvirt_guest.libvirt.libvirtError as error:
            _raise_unless_gone(error)
    return total_kib // _KIB_PER_MIB


class Domains:
    """This host's domains, for whoever ends them."""

    def __init__(self, host: Any) -> None:
        self._host = host

    def loose(self, fenced: Collection[str]) -> list[str]:
        """Give those that run, or may: they are not among ``fenced``."""
        return [
            guest.uuid
            for guest in self._host.list_guests(only_running=True)
            if guest.uuid not in fenced
            or not is_paused(self._host, guest.uuid)
        ]

    def power_off(self, server_id: str) -> None:
        """Destroy a domain; nothing happens where there is none."""
        for guest in self._host.list_guests(only_running=True):
            if guest.uuid == server_id:
                guest.poweroff()


def warn_of_those_outside(host: Any) -> list[str]:
    """Say in the log which guests no limit reaches; give their ids.

    They were started before this driver was, and libvirt does not move a
    running guest to another group.
    """
    outside = []
    for guest in host.list_guests(only_running=True):
        try:
            if not partition.is_inside(guest.get_xml_desc()):
                outside.append(guest.uuid)
        except libvirt_guest.libvirt.libvirtError as error:
            _raise_unless_gone(error)
    if outside:
        LOG.warning(
            'Servers %s were started by another driver and run outside the '
            'limits that protect the owner, until they are live-migrated, '
            'rebooted hard or stopped',
            ', '.join(outside),
        )
    return outside


def is_paused(host: Any, server_id: str) -> bool:
    """Say whether one of this host's servers stands still."""
    try:
        domain = host.get_connection().lookupByUUIDString(server_id)
        state = domain.info()[0]
    except libvirt_guest.libvirt.libvirtError as error:
        _raise_unless_gone(error)
        return False
    return bool(state == libvirt_guest.libvirt.VIR_DOMAIN_PAUSED)


def agent_of(host: Any, server_id: str, timeout_s: float) -> guest_files.Ask:
    """Give the QEMU guest agent of one of this host's servers."""
    try:
        domain = host.get_connection().lookupByUUIDString(server_id)
    except libvirt_guest.libvirt.libvirtError as error:
        _raise_unless_gone(error)
        raise nova_exception.InstanceNotFound(instance_id=server_id) from None

    def ask(command: str, arguments: Mapping[str, Any]) -> Any:
        text = json.dumps({'execute': command, 'arguments': dict(arguments)})
        # libvirt counts whole seconds, and takes 0 for not waiting at all.
        wait_s = max(1, round(timeout_s))
        try:
            answer = threads.native(_agent_command, domain, text, wait_s)
        except libvirt_guest.libvirt.libvirtError as error:
            raise guest_files.GuestAgentFailed(
                f'{command}: {error}'
            ) from error
        return json.loads(answer).get('return')

    return ask


def _agent_command(domain: Any, text: str, wait_s: int) -> str:
    answer: str | None = (
        libvirt_guest.libvirtmod_qemu.virDomainQemuAgentCommand(
            domain._o, text, wait_s, 0
        )
    )
    if answer is None:
        raise libvirt_guest.libvirt.libvirtError('no answer')
    return answer


def _raise_unless_gone(error: Any) -> None:
    if error.get_error_code() != libvirt_guest.libvirt.VIR_ERR_NO_DOMAIN:
        raise error
