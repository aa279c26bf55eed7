# SPDX-License-Identifier: Apache-2.0
"""What each workstation wants back, and which servers are leaving it."""

import dataclasses
import threading
from collections.abc import Callable

from nova_desktop import messages
from nova_desktop.reclaim import nouns

_MAX_DOUBLINGS = 4


@dataclasses.dataclass(eq=False)
class Victim:
    """A server on its way out; ``wake`` is set when there is news for it.

    ``old_ack`` says that its metadata holds an acknowledgement from before the
    notice, which could not be deleted yet; ``by_agent`` that its guest agent
    took the notice; ``agrees`` that the guest lets itself be taken sooner.
    """

    server: nouns.Server
    host: str
    reason: str
    action: str = ''
    noticed_unix_s: float = 0.0
    deadline_unix_s: float = 0.0
    withdrawn: str = ''
    old_ack: bool = False
    by_agent: bool = False
    agrees: bool = False
    wake: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def id(self) -> str:
        """Give the server's id."""
        return self.server.id


@dataclasses.dataclass
class Need:
    """The latest request of a host, and when it came in unix seconds."""

    request: messages.ReclaimRequest
    asked_unix_s: float


@dataclasses.dataclass
class _Host:
    planning: threading.Lock = dataclasses.field(
        default_factory=threading.Lock
    )
    need: Need | None = None
    victims: dict[str, Victim] = dataclasses.field(default_factory=dict)
    acting: int = 0


class Hosts:
    """All workstations that asked; safe to use from any thread."""

    def __init__(self, settings: nouns.Settings) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._hosts: dict[str, _Host] = {}
        self._rest: dict[str, tuple[int, float]] = {}
        self.stopping = False

    def planning(self, host: str) -> threading.Lock:
        """Give the lock under which one plan at a time is made for a host."""
        with self._changed:
            return self._hosts.setdefault(host, _Host()).planning

    def asked(self, request: messages.ReclaimRequest, now: float) -> None:
        """Remember what a host wants back."""
        with self._changed:
            entry = self._hosts.setdefault(request.host, _Host())
            entry.need = Need(request, now)

    def need(self, host: str) -> Need | None:
        """Give what a host wants back, None when nothing."""
        with self._changed:
            entry = self._hosts.get(host)
            return entry.need if entry else None

    def victims(self, host: str) -> list[Victim]:
        """Give the victims of a host that have not come to their end."""
        with self._changed:
            entry = self._hosts.get(host)
            return list(entry.victims.values()) if entry else []

    def leaving(self, host: str) -> set[str]:
        """Give the servers on their way out of a host."""
        return {v.id for v in self.victims(host) if not v.withdrawn}

    def add(self, victim: Victim) -> bool:
        """Note a victim; say no when it is one already, or at the end."""
        with self._changed:
            entry = self._hosts.setdefault(victim.host, _Host())
            if self.stopping or victim.id in entry.victims:
                return False
            entry.victims[victim.id] = victim
            return True

    def remove(self, victim: Victim) -> None:
        """Forget a victim, and its host when that leaves nothing to know."""
        with self._changed:
            entry = self._hosts.get(victim.host)
            if entry and entry.victims.get(victim.id) is victim:
                del entry.victims[victim.id]
                self._tidy(victim.host, entry)
            self._changed.notify_all()

    def _tidy(self, host: str, entry: _Host) -> None:
        idle = not entry.victims and not entry.acting
        if idle and entry.need is None and not entry.planning.locked():
            del self._hosts[host]

    def returned(self, host: str, reason: str) -> list[Victim]:
        """Withdraw all that a host asked for; give whom it concerns."""
        with self._changed:
            entry = self._hosts.get(host)
            if entry is None:
                return []
            entry.need = None
            concerned = list(entry.victims.values())
            for victim in concerned:
                victim.withdrawn = victim.withdrawn or reason
                victim.wake.set()
            self._tidy(host, entry)
            self._changed.notify_all()
            return concerned

    def stop(self) -> None:
        """Let every waiting victim's task end; notices stay in force."""
        with self._changed:
            self.stopping = True
            for entry in self._hosts.values():
                for victim in entry.victims.values():
                    victim.wake.set()
            self._changed.notify_all()

    def _turn_or_news(self, victim: Victim, entry: _Host) -> bool:
        free = entry.acting < self._settings.per_host
        return free or bool(victim.withdrawn) or self.stopping

    def in_turn(self, victim: Victim, act: Callable[[], None]) -> None:
        """Act once fewer than ``per_host`` of the host do, or on news."""
        with self._changed:
            entry = self._hosts.setdefault(victim.host, _Host())
            self._changed.wait_for(lambda: self._turn_or_news(victim, entry))
            entry.acting += 1
        try:
            act()
        finally:
            with self._changed:
                entry.acting -= 1
                self._changed.notify_all()

    def failed(self, server_id: str, now: float) -> float:
        """Leave a server alone for a while; give how long in seconds."""
        with self._changed:
            times = self._rest.get(server_id, (0, 0.0))[0]
            doubled: int = 1 << min(times, _MAX_DOUBLINGS)
            pause = self._settings.retry_after_s * doubled
            self._rest[server_id] = (times + 1, now + pause)
            return pause

    def succeeded(self, server_id: str) -> None:
        """Forget a server's failures."""
        with self._changed:
            self._rest.pop(server_id, None)

    def resting(self, now: float) -> set[str]:
        """Give the servers to leave alone; forget failures of long ago."""
        with self._changed:
            old = now - 86400
            self._rest = {
                server_id: entry
                for server_id, entry in self._rest.items()
                if entry[1] > old
            }
            return {i for i, (_, until) in self._rest.items() if until > now}
