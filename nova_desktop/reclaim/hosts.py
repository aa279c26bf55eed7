# SPDX-License-Identifier: Apache-2.0
"""What each workstation wants back, and which servers are leaving it."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator

from nova_desktop import messages
from nova_desktop.reclaim import nouns
from nova_desktop.reclaim.host import Host, Need, Victim
from nova_desktop.reclaim.rests import Rest, Rests


class Hosts:
    """All workstations that asked; safe to use from any thread."""

    def __init__(self, settings: nouns.Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._rests = Rests(settings.retry_after_s)
        self._under_way = 0
        self._swept_unix_s = 0.0
        self.stopping = False

    @contextlib.contextmanager
    def planning(self, host: str) -> Iterator[None]:
        """Have one plan at a time made for a host."""
        with self._lock:
            entry = self._hosts.setdefault(host, Host())
            entry.planners += 1
        try:
            with entry.planning:
                yield
        finally:
            with self._lock:
                entry.planners -= 1
                self._tidy(host, entry)

    def asked(self, request: messages.ReclaimRequest, now: float) -> bool:
        """Remember what a host wants back; say whether that is news."""
        with self._lock:
            self._sweep(now)
            entry = self._hosts.setdefault(request.host, Host())
            known, entry.need = entry.need, Need(request, now)
            return known is None or known.request != request

    def drained(self, request: messages.ReclaimRequest, now: float) -> bool:
        """Remember that a host is to be empty; say whether that is news."""
        with self._lock:
            entry = self._hosts.setdefault(request.host, Host())
            known, entry.drain = entry.drain, Need(request, now)
            return known is None or known.request != request

    def undrained(self, host: str, reason: str) -> None:
        """Withdraw what was only for the drain of a host."""
        with self._lock:
            entry = self._hosts.get(host)
            if entry is None or entry.drain is None:
                return
            entry.drain = None
            if entry.need is None:
                entry.withdraw(reason)
            self._tidy(host, entry)

    def all_drained(self) -> set[str]:
        """Give the hosts that are to be empty."""
        with self._lock:
            return {name for name, entry in self._hosts.items() if entry.drain}

    def need(self, host: str, now: float) -> Need | None:
        """Give what a host wants back or is drained for, None for nothing.

        What it wants itself goes first: it may be in a greater hurry. One that
        fell silent wants nothing any more: it repeats what it needs.
        """
        with self._lock:
            entry = self._hosts.get(host)
            if entry is None:
                return None
            own = None if self._silent_s(entry, now) else entry.need
            return own or entry.drain

    def why_none(self, host: str, now: float) -> str:
        """Say why a host wants nothing back."""
        with self._lock:
            entry = self._hosts.get(host)
            silent_s = self._silent_s(entry, now) if entry else 0.0
        if silent_s:
            return f'the host has not asked for {silent_s:.0f} s'
        return 'the host needs nothing back'

    def _silent_s(self, entry: Host, now: float) -> float:
        """Give for how long a host has not asked, 0 where that is usual."""
        if entry.need is None:
            return 0.0
        silent_s = now - entry.need.asked_unix_s
        return silent_s if 0 < self._settings.request_fresh_s < silent_s else 0

    def _sweep(self, now: float) -> None:
        """Forget hosts that fell silent, but for those with victims.

        Their victims are told why they stay, when their grace is over.
        """
        fresh_s = self._settings.request_fresh_s
        if not fresh_s or now - self._swept_unix_s < fresh_s:
            return
        self._swept_unix_s = now
        for host, entry in list(self._hosts.items()):
            if not entry.victims and self._silent_s(entry, now):
                entry.need = None
                self._tidy(host, entry)

    def victims(self, host: str) -> list[Victim]:
        """Give the victims of a host that have not come to their end."""
        with self._lock:
            entry = self._hosts.get(host)
            return list(entry.victims.values()) if entry else []

    def leaving(self, host: str) -> set[str]:
        """Give the servers on their way out of a host."""
        return {v.id for v in self.victims(host) if not v.withdrawn}

    def under_way(self) -> int:
        """Count the victims of all hosts."""
        with self._lock:
            return self._under_way

    def add(self, victim: Victim) -> bool:
        """Note a victim; say no when it is one already, or at the end."""
        with self._lock:
            entry = self._hosts.setdefault(victim.host, Host())
            if self.stopping or victim.id in entry.victims:
                return False
            entry.victims[victim.id] = victim
            self._under_way += 1
            return True

    def remove(self, victim: Victim) -> None:
        """Forget a victim, and its host when that leaves nothing to know."""
        with self._lock:
            entry = self._hosts.get(victim.host)
            if entry and entry.victims.get(victim.id) is victim:
                del entry.victims[victim.id]
                self._under_way -= 1
                self._leave_queue(victim, entry)
                self._tidy(victim.host, entry)

    def _tidy(self, host: str, entry: Host) -> None:
        if entry.idle and self._hosts.get(host) is entry:
            del self._hosts[host]

    def returned(self, host: str, reason: str) -> list[Victim]:
        """Withdraw what a host asked for; give all its victims.

        While it is drained they go on.
        """
        with self._lock:
            entry = self._hosts.get(host)
            if entry is None:
                return []
            entry.need = None
            concerned = list(entry.victims.values())
            if entry.drain is None:
                entry.withdraw(reason)
            self._tidy(host, entry)
            return concerned

    def all(self) -> dict[str, Host]:
        """Give a copy of all that is known of each."""
        with self._lock:
            return {
                name: dataclasses.replace(
                    entry,
                    victims=dict(entry.victims),
                    acting=set(entry.acting),
                    queue=list(entry.queue),
                )
                for name, entry in self._hosts.items()
            }

    def all_rests(self, now: float) -> dict[tuple[str, str], Rest]:
        """Give who is left alone for a while, and where."""
        with self._lock:
            return self._rests.all(now)

    def stop(self) -> None:
        """Take no more victims; notices stay in force."""
        with self._lock:
            self.stopping = True

    def take_turn(self, victim: Victim) -> bool:
        """Say whether a victim may act: fewer than ``per_host`` do.

        One that may not is woken when that may have changed.
        """
        with self._lock:
            entry = self._hosts.setdefault(victim.host, Host())
            if len(entry.acting) < self._settings.per_host:
                entry.acting.add(victim.id)
                self._leave_queue(victim, entry)
                return True
            if victim not in entry.queue:
                entry.queue.append(victim)
            return False

    @staticmethod
    def _leave_queue(victim: Victim, entry: Host) -> None:
        if victim in entry.queue:
            entry.queue.remove(victim)

    def end_turn(self, victim: Victim) -> None:
        """Let others act."""
        with self._lock:
            entry = self._hosts.get(victim.host)
            if entry is None:
                return
            entry.acting.discard(victim.id)
            # All of them: the first may find that it need not go any more.
            for waiting in entry.queue:
                waiting.wake()

    def failed(
        self,
        server_id: str,
        now: float,
        host: str = '',
        no_room: bool = False,
    ) -> float:
        """Leave a server alone for a while; give how long in seconds.

        ``host`` is the one that it could not leave; empty where it could not
        be brought back, with ``no_room`` because no host took it.
        """
        with self._lock:
            return self._rests.failed(server_id, now, host, no_room)

    def succeeded(self, server_id: str) -> None:
        """Forget a server's failures."""
        with self._lock:
            self._rests.forget(server_id)

    def room_again(self) -> None:
        """Let those try again that no host had taken."""
        with self._lock:
            self._rests.room_again()

    def resting(self, now: float, host: str = '') -> set[str]:
        """Give the servers to leave alone on a host; see ``failed``."""
        with self._lock:
            return self._rests.resting(now, host)
