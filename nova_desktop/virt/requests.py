# SPDX-License-Identifier: Apache-2.0
"""Ask the control plane to take guests away, and tell when they may return."""

import dataclasses
import time
import uuid
from collections.abc import Callable

from oslo_log import log as logging

from nova_desktop import messages, model
from nova_desktop.virt import threads

LOG = logging.getLogger(__name__)

# What tenants may read. The agent's own reason tells when a key was pressed,
# and stays on the owner's machine.
REASONS = {
    model.Presence.AWAY: 'the owner is away',
    model.Presence.IDLE: 'the owner has been here lately',
    model.Presence.ACTIVE: 'the owner needs the workstation',
    model.Presence.UNKNOWN: 'it cannot be told whether the owner is here',
}
_LESS = 'the owner lends less of the workstation now'
_SHUT_DOWN = 'the workstation is being shut down'
_NOT_SHUT_DOWN = 'the workstation is not shut down after all'


def why_leave(presence: model.Presence) -> str:
    """Word for tenants why guests must go: an absent owner may say so too."""
    return REASONS[presence] if presence.owner_may_be_here else _LESS


@dataclasses.dataclass(frozen=True, slots=True)
class _Wish:
    """What guests may keep of the host, and how soon."""

    keep: model.Cap
    within_s: float
    reason: str
    departs: bool = False


class Requester:
    """Repeat a reclaim request for as long as the guests hold too much."""

    def __init__(
        self,
        host: str,
        status: Callable[[], model.Status | None],
        guests_memory_mib: Callable[[], int],
        client: Callable[[], messages.ReclaimClient],
        placement_follows: Callable[[], bool],
        repeat_s: float,
        within_s: float,
        shutdown_within_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._status = status
        self._guests_memory_mib = guests_memory_mib
        self._client = client
        self._placement_follows = placement_follows
        self._repeat_s = repeat_s
        self._within_s = within_s
        self._shutdown_within_s = shutdown_within_s
        self._clock = clock
        self._gone_at_s: float | None = None
        self._cancelled = False
        self._request_id: str | None = None
        self._due: model.Status | None = None
        self._admitted = False
        self._heard = True
        self._worker = threads.Worker('desktop-reclaim', self.step, repeat_s)
        self.wake = self._worker.wake

    def start(self) -> None:
        """Ask from now on."""
        self._worker.start()

    def stop(self) -> None:
        """Ask no more."""
        self._worker.stop()

    def step(self) -> float | None:
        """Send what the agent's latest word calls for."""
        status = self._status()
        if status is not None:
            self._note_shutdown(status)
            self._tell_if_open(status)
            leaves = status.reclaim_due or self._gone_at_s is not None
            self._due = status if leaves else None
        # A silent agent takes nothing back of what it had asked for.
        if self._due is None:
            self._request_id = None
            opened = status is not None and status.cap.admit
            untold = self._cancelled or (opened and not self._admitted)
            return self._repeat_s if untold else None
        return self._ask_if_over(self._due)

    def _note_shutdown(self, status: model.Status) -> None:
        """See that a shutdown has begun, or that it was cancelled."""
        if status.departing == 'shutdown':
            if self._gone_at_s is None:
                self._gone_at_s = self._clock() + self._shutdown_within_s
                self._request_id = None
            return
        if self._gone_at_s is not None:
            self._gone_at_s = self._request_id = None
            self._cancelled = True
        # Its owner may be here: nothing else would withdraw the request.
        if self._cancelled:
            self._cancelled = not self._give_back(_NOT_SHUT_DOWN)

    def _wish(self, status: model.Status) -> _Wish:
        if self._gone_at_s is None:
            why = why_leave(status.presence)
            return _Wish(status.cap, self._within_s, why)
        left_s = max(0.0, self._gone_at_s - self._clock())
        return _Wish(model.NOTHING, left_s, _SHUT_DOWN, departs=True)

    def _ask_if_over(self, status: model.Status) -> float:
        used, wish = self._guests_memory_mib(), self._wish(status)
        if used > wish.keep.memory_mib:
            self._ask(status, wish, used)
        # A guest may still arrive by a path that cannot be refused.
        return self._repeat_s

    def _ask(self, status: model.Status, wish: _Wish, used: int) -> None:
        if self._request_id is None:
            self._request_id = str(uuid.uuid4())
            LOG.info(
                'Guests hold %(used)d MiB and may keep %(keep)d: asking the '
                'reclaim service, every %(repeat)g s: %(why)s',
                {
                    'used': used,
                    'keep': wish.keep.memory_mib,
                    'repeat': self._repeat_s,
                    'why': status.reason,
                },
            )
        request = messages.ReclaimRequest(
            request_id=self._request_id,
            host=self._host,
            keep_cpus=wish.keep.cpus,
            keep_memory_mib=wish.keep.memory_mib,
            within_s=wish.within_s,
            reason=wish.reason,
            departs=wish.departs,
        )
        self._told(self._client().reclaim(request))

    def _tell_if_open(self, status: model.Status) -> None:
        if not status.cap.admit:
            self._admitted = False
        elif not self._admitted and self._placement_follows():
            # Told earlier, the service would look for room in vain.
            self._admitted = self._give_back(REASONS[status.presence])

    def _give_back(self, why: str) -> bool:
        returned = messages.CapacityReturned(self._host, why)
        return self._told(self._client().capacity_returned(returned))

    def _told(self, heard: bool) -> bool:
        if self._heard and not heard:
            LOG.warning(
                'The reclaim service does not answer or refuses, and is asked '
                'every %g s until it hears',
                self._repeat_s,
            )
        self._heard = heard
        return heard
