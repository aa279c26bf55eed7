# SPDX-License-Identifier: Apache-2.0
"""A workstation with an agent, a libvirt daemon and guests of its own."""

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import libvirt

from tests.chaos import desk
from tests.functional.agent import host as workstation
from tests.functional.hypervisor import host as hypervisor

GUEST_MIB = 160
_READY_S = 30.0
_LOOK_S = 0.002


class Rig:
    """Both sides, who broke what, and what was seen of it.

    ``lends`` is whether the owner said so, ``None`` where it is not known.
    ``generation`` counts the agents, ``ready`` is set while one holds the
    guests. ``meddled_s`` is when somebody last wrote to the slice by hand.
    ``tenants`` has the UUIDs of the guests that their tenants have paused,
    ``resized`` the runs of those that somebody gave another size by hand.
    """

    def __init__(self) -> None:
        # What fails is told by whoever called; libvirt would print it as well.
        libvirt.registerErrorHandler(lambda context, error: None, None)
        self.began_s = time.monotonic()
        self.actions: list[str] = []
        self.violations: list[str] = []
        self.took_ms: dict[str, list[float]] = {}
        self.lends: bool | None = False
        self.generation = 0
        self.ready = threading.Event()
        self.meddled_s = 0.0
        self.tenants: set[str] = set()
        self.resized: set[tuple[str, int]] = set()
        self._names = 0
        self._again: threading.Timer | None = None
        with contextlib.ExitStack() as made:
            self.guests = hypervisor.Host()
            made.callback(self.guests.remove)
            self.desk = desk.Desk()
            made.callback(self.desk.close)
            self.desk.settle_in(self.guests)
            self.desk.bus.start()
            self.desk.log_in()
            self._made = made.pop_all()

    def close(self) -> None:
        """Remove everything."""
        self._made.close()

    def note(self, text: str) -> None:
        """Remember what was done, or what came of it."""
        at_s = time.monotonic() - self.began_s
        self.actions.append(f'{at_s:8.3f} {text}')

    def violate(self, text: str) -> None:
        """Remember what must never be."""
        self.note(f'VIOLATION {text}')
        self.violations.append(text)

    def took(self, what: str, began_s: float) -> None:
        """Remember how long something took."""
        taken_ms = (time.monotonic() - began_s) * 1000
        self.took_ms.setdefault(what, []).append(taken_ms)

    # The guests' side.

    def boot(self) -> Any:
        """Start a guest that is defined, as Nova's are."""
        self._names += 1
        name = f'g{self._names}'
        tap = hypervisor.TAP.format(f'ndc{self._names}') + '</interface>'
        xml = self.guests.describe(name, tap, memory_mib=GUEST_MIB)
        domain = self.guests.admin.defineXML(xml)
        domain.create()
        return domain

    def active(self) -> list[Any]:
        """Give the guests that have a process; raise libvirtError."""
        active: list[Any] = self.guests.admin.listAllDomains(
            libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE
        )
        return active

    def recorded(self, file: str) -> set[tuple[str, int]]:
        """Give the guests that a record of the agent names."""
        try:
            text = (self.desk.dir / 'state' / file).read_text()
        except FileNotFoundError:
            return set()
        return {(x['uuid'], x['id']) for x in json.loads(text)['guests']}

    # The supervisor's side.

    def start_agent(self, most: float = float('inf')) -> None:
        """Start the agent; it holds the guests on return.

        It may not begin with more than ``most``, but where the owner says so.
        """
        self.desk.start()
        end_s = time.monotonic() + _READY_S
        while not self.desk.is_ready():
            now = self.desk.quota()
            if now > most and self.lends is False:
                self.violate(f'a new agent begins with {now}, not {most}')
                most = now
            if time.monotonic() > end_s:
                raise AssertionError(f'no agent within {_READY_S} s')
            time.sleep(_LOOK_S)
        self.generation += 1
        self.ready.set()
        workstation.wait_for(self.desk.bus.has_agent, 'the agent on the bus')

    def restart_agent(self, number: int, away_s: float) -> None:
        """End the agent and start it again as its unit does."""
        agent = self.desk.agent
        assert agent is not None
        self.ready.clear()
        before = self.desk.quota()
        agent.send_signal(number)
        agent.wait(10)
        began_s = time.monotonic()
        left = self.desk.quota()
        self._watch(lambda: time.monotonic() > began_s + away_s, left)
        holding = self.desk.hold()
        self._watch(lambda: holding.poll() is not None, left)
        if holding.returncode:
            self.violate(f'--hold exited with {holding.returncode}')
        self.start_agent(max(before, left))
        self.took('agent_back', began_s)

    def _watch(self, over: Callable[[], bool], held: float) -> None:
        """Wait; meanwhile nobody may loosen what is in force."""
        while not over():
            now = self.desk.quota()
            if now > held:
                self.violate(f'without an agent {held} became {now}')
            held = min(held, now)
            time.sleep(_LOOK_S)

    def stop_daemon(self, for_s: float, kill: bool) -> None:
        """Stop libvirt's daemon, or kill it; it is back by itself."""
        if kill:
            self.guests.stop()
            again = threading.Timer(for_s, self.guests.start)
        else:
            daemon = self.guests.daemon
            assert daemon is not None
            daemon.send_signal(signal.SIGSTOP)
            again = threading.Timer(
                for_s, lambda: daemon.send_signal(signal.SIGCONT)
            )
        again.start()
        self._again = again

    def daemon_is_back(self) -> None:
        """Wait until a daemon that was stopped or killed is back."""
        if self._again is not None:
            self._again.join()
