# SPDX-License-Identifier: Apache-2.0
"""A workstation that wants its guests gone, and the victims chosen there."""

import dataclasses
import threading
from collections.abc import Callable

from nova_desktop import messages
from nova_desktop.reclaim import nouns


@dataclasses.dataclass(eq=False)
class Victim:
    """A server on its way out; ``wake`` is called when there is news for it.

    ``old_ack`` says that its metadata holds an acknowledgement from before the
    notice, which could not be deleted yet; ``place`` is what the notice is
    known by where that is not the server's stay on its host; ``left_by`` is
    the action that it left by in the end; ``by_agent`` that its guest agent
    may have taken the notice; ``agrees`` that the guest lets itself be taken
    sooner.
    """

    server: nouns.Server
    host: str
    reason: str
    action: str = ''
    noticed_unix_s: float = 0.0
    deadline_unix_s: float = 0.0
    withdrawn: str = ''
    old_ack: bool = False
    left_by: str = ''
    place: str = ''
    by_agent: bool = False
    agrees: bool = False
    wake: Callable[[], None] = lambda: None

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
class Host:
    """What one wants back, and for whom; ``drain`` is what the operator wants.

    The two come and go without one another.
    """

    planners: int = 0
    planning: threading.Lock = dataclasses.field(
        default_factory=threading.Lock
    )
    need: Need | None = None
    drain: Need | None = None
    victims: dict[str, Victim] = dataclasses.field(default_factory=dict)
    acting: set[str] = dataclasses.field(default_factory=set)
    queue: list[Victim] = dataclasses.field(default_factory=list)

    @property
    def idle(self) -> bool:
        """Say whether there is nothing to know of it."""
        known = self.victims or self.acting or self.need or self.drain
        return not known and not self.planners

    def withdraw(self, reason: str) -> None:
        """Let all victims stay who can."""
        for victim in self.victims.values():
            victim.withdrawn = victim.withdrawn or reason
            victim.wake()

    def step_of(self, victim: Victim) -> str:
        """Say how far a victim has come."""
        if victim.id in self.acting:
            return 'leaving'
        if victim.withdrawn:
            return 'withdrawn'
        if victim in self.queue:
            return 'waits for its turn'
        return 'in its grace' if victim.noticed_unix_s else 'chosen'
