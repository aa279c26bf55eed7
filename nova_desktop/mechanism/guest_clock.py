# SPDX-License-Identifier: Apache-2.0
"""The clocks of guests that were paused.

The hypervisor hides a pause from a guest's monotonic time, and its wall
clock stands still meanwhile.
"""

import collections
import contextlib
import threading
from typing import Any

from oslo_log import log as logging

from nova_desktop.mechanism import hypervisor, libvirt_link

LOG = logging.getLogger(__name__)

libvirt = libvirt_link.libvirt

_ANSWER_S = 2


class GuestClocks:
    """Sets clocks by QEMU's guest agent, one after the other.

    On a thread of its own: an agent that is dead takes seconds to be found
    out, and the next guest is not to wait for it.
    """

    def __init__(self) -> None:
        self._todo: collections.deque[hypervisor.Guest] = collections.deque()
        self._busy = threading.Lock()
        self._working = False
        self._told: set[hypervisor.Key] = set()

    def set_soon(self, guest: hypervisor.Guest) -> None:
        """Have a guest's clock set; return at once."""
        with self._busy:
            self._todo.append(guest)
            if self._working:
                return
            self._working = True
        threading.Thread(
            target=self._work, name='guest-clocks', daemon=True
        ).start()

    def _work(self) -> None:
        while (guest := self._next()) is not None:
            try:
                _set(guest.domain)
            except libvirt.libvirtError as error:
                if not hypervisor.has_ended(error):
                    self._tell(guest, error)

    def _next(self) -> hypervisor.Guest | None:
        with self._busy:
            if not self._todo:
                self._working = False
                return None
            return self._todo.popleft()

    def _tell(self, guest: hypervisor.Guest, error: Exception) -> None:
        if guest.key in self._told:
            return
        self._told.add(guest.key)
        LOG.warning(
            'The wall clock of guest %s is behind by the time for which it '
            'was paused, until its own time service sets it: %s',
            guest.uuid,
            error,
        )


def _set(domain: Any) -> None:
    """Set it from the guest's own hardware clock, which went on."""
    domain.agentSetResponseTimeout(_ANSWER_S)
    try:
        domain.setTime(flags=libvirt.VIR_DOMAIN_TIME_SYNC)
    finally:
        # The timeout is the guest's, not the call's: freezing its disks for
        # a snapshot of Nova's may take longer.
        with contextlib.suppress(libvirt.libvirtError):
            domain.agentSetResponseTimeout(
                libvirt.VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK
            )
