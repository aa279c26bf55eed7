# SPDX-License-Identifier: Apache-2.0
"""What this host told the cloud: the latest changes, in memory.

Only what Placement, Nova and tenants are told anyway. The agent's own
reasons and record, which key and when, never leave the machine.
"""

import dataclasses
import time
from collections.abc import Callable, Sequence

from nova_desktop import messages, model
from nova_desktop.virt import boot, inventory, requests

KEPT = model.HISTORY

SILENT = "the workstation's agent is silent"


def _public_reason(status: model.Status | None) -> str:
    if status is None:
        return SILENT
    if status.cap.admit:
        return requests.REASONS[status.presence]
    return requests.why_leave(status.presence)


def entry_of(status: model.Status | None, at_unix_s: float) -> messages.Told:
    """Give what a status tells the cloud."""
    cap = inventory.cap_of(status)
    return messages.Told(
        at_unix_s=at_unix_s,
        presence=status.presence if status else model.Presence.UNKNOWN,
        admit=cap.admit,
        cpus=round(cap.cpus, 2),
        memory_mib=cap.memory_mib,
        reason=_public_reason(status),
    )


class Book:
    """Hold the changes; only the agent's native thread adds to them."""

    def __init__(
        self,
        status: Callable[[], model.Status | None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._status = status
        self._now = now
        # Replaced and never changed: readers of any thread need no lock.
        self._entries: tuple[messages.Told, ...] = ()

    def heard(self) -> None:
        """Note a change; called on the agent's native thread.

        No lock, no logging, no I/O here.
        """
        entry = entry_of(self._status(), self._now())
        last = self._entries[-1] if self._entries else None
        if last is not None and _same(last, entry):
            return
        self._entries = (*self._entries[1 - KEPT :], entry)

    def latest(self, limit: int) -> Sequence[messages.Told]:
        """Give so many changes, the latest first."""
        return self._entries[::-1][: max(0, limit)]

    def now(self) -> messages.HostStatus:
        """Give what the host tells at this moment."""
        status = self._status()
        odds = status.forecast if status else {}
        return messages.HostStatus(
            heard=status is not None,
            now=entry_of(status, self._now()),
            demand=status is not None and status.demand,
            reclaim_due=status is not None and status.reclaim_due,
            forecast={
                horizon: round(odds[horizon], 2)
                for horizon in model.HORIZONS_MIN
                if horizon in odds
            },
            booted_unix_s=boot.booted_unix_s(),
        )


def _same(one: messages.Told, other: messages.Told) -> bool:
    return dataclasses.replace(one, at_unix_s=other.at_unix_s) == other
