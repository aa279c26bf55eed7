# SPDX-License-Identifier: Apache-2.0
"""What the workstation's agent says, kept in memory."""

import functools
from collections.abc import Callable

from nova import utils
from oslo_log import log as logging

from nova_desktop import client, model
from nova_desktop.virt import inventory, threads

LOG = logging.getLogger(__name__)

_FENCE_TIMEOUT_S = 5.0

Wake = Callable[[], None]

MakeWatcher = Callable[
    [Callable[[model.Status | None], None], float], client.AgentWatcher
]


def watcher(
    on_status: Callable[[model.Status | None], None], ping_s: float
) -> client.AgentWatcher:
    """Give a watcher of the agent that suits Nova's concurrency mode."""
    eventlet = utils.get_eventlet()
    if eventlet is None:
        return client.AgentWatcher(on_status, ping_s)
    original = eventlet.patcher.original
    return client.AgentWatcher(
        on_status,
        ping_s,
        threading=original('threading'),
        selector=client.EpollSelector(original('select')),
    )


class Link:
    """Hold the agent's latest status; wake who wants to know of a new one."""

    def __init__(
        self, ping_s: float, make_watcher: MakeWatcher = watcher
    ) -> None:
        self._make_watcher = functools.partial(
            make_watcher, self._heard, ping_s
        )
        self._watcher: client.AgentWatcher | None = None
        self._wakes: list[Wake] = []
        self._status: model.Status | None = None
        self._told = 'not heard yet'
        self._first = threads.signal()
        self._teller = threads.Worker('desktop-agent-log', self._tell)

    @property
    def status(self) -> model.Status | None:
        """Give what the agent said last; ``None`` while it is silent."""
        return self._status

    @property
    def cap(self) -> model.Cap:
        """Give the cap in force."""
        return inventory.cap_of(self.status)

    def wake_on_change(self, wake: Wake) -> None:
        """Have ``wake`` called, on a native thread, at each change."""
        self._wakes.append(wake)

    def start(self, first_answer_s: float) -> None:
        """Listen from now on; wait so long for the first answer."""
        self._teller.start()
        self._watcher = self._make_watcher()
        self._watcher.start()
        if not self._first.wait(first_answer_s):
            LOG.error(
                'The agent does not answer: this host reserves everything '
                'in Placement until it does. Is nova-desktop-agent running '
                'and on the system bus?'
            )

    def stop(self) -> None:
        """Listen no longer."""
        if self._watcher is not None:
            threads.native(self._watcher.stop)
        self._teller.stop()

    def leave(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        """Have the agent let a guest run; say whether it will."""
        if self._watcher is None:
            return False
        granted: bool = threads.native(
            self._watcher.leave, server_id, seconds, timeout_s
        )
        return granted

    def leave_done(self, server_id: str) -> None:
        """Tell the agent that the guest has left, or stays."""
        if self._watcher is None:
            return
        threads.native(self._watcher.leave_done, server_id)

    def hear(self, server_id: str, seconds: int, timeout_s: float) -> bool:
        """Have the agent let a guest hear a notice; say whether it will."""
        if self._watcher is None:
            return False
        granted: bool = threads.native(
            self._watcher.hear, server_id, seconds, timeout_s
        )
        return granted

    def unfence(self, server_id: str) -> bool:
        """Say that a guest belongs here; say whether the agent knows now."""
        if self._watcher is None:
            return False
        known: bool = threads.native(
            self._watcher.unfence, server_id, _FENCE_TIMEOUT_S
        )
        return known

    def fence_in(self, seconds: int) -> bool:
        """Have all guests fenced then unless asked again; 0 for never.

        Says whether the agent will.
        """
        if self._watcher is None:
            return False
        armed: bool = threads.native(
            self._watcher.fence_in, seconds, _FENCE_TIMEOUT_S
        )
        return armed

    def _heard(self, status: model.Status | None) -> None:
        # On the watcher's own thread: no lock, no logging, no I/O here.
        self._status = status
        if status is not None:
            self._first.set()
        self._teller.wake()
        for wake in self._wakes:
            wake()

    def _tell(self) -> float | None:
        status = self._status
        now = _described(status)
        if now == self._told:
            return None
        LOG.info(
            'The owner: %(before)s -> %(now)s: %(why)s',
            {
                'before': self._told,
                'now': now,
                'why': status.reason if status else 'the agent is silent',
            },
        )
        self._told = now
        return None


def _described(status: model.Status | None) -> str:
    if status is None:
        return 'unknown, nothing lent'
    cap = status.cap
    admission = 'open' if cap.admit else 'closed'
    return (
        f'{status.presence}, {cap.cpus:g} CPUs and {cap.memory_mib} MiB '
        f'lent, admission {admission}'
    )
