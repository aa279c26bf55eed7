# SPDX-License-Identifier: Apache-2.0
"""Guests behind the agent's fence: confirmed by Nova, or powered off.

While the host slept, or was cut off, Nova may have started them elsewhere.
None runs again before Nova said that it belongs here.
"""

import time
from collections.abc import Callable, Collection
from typing import Protocol

from oslo_log import log as logging

from nova_desktop import model
from nova_desktop.virt import belonging, deadman, declared, link, threads

LOG = logging.getLogger(__name__)

_LOOK_S = 2.0
_FALL_ASLEEP_S = 0.2
_RETRY_MAX_S = 60.0
# An evacuation that was asked for while we still counted as down has left
# its mark on the server by then.
SETTLE_S = 2.0
# Nova takes a host for down a minute after its last sign of life.
_PROOF_S = 30.0


class Guests(Protocol):
    """This host's domains."""

    def loose(self, fenced: Collection[str]) -> Collection[str]:
        """Give those that run, or may: they are not among ``fenced``."""

    def power_off(self, server_id: str) -> None:
        """Destroy a domain; nothing happens where there is none."""


class Fence:
    """Follow the host into its sleep, and the guests out of it."""

    def __init__(
        self,
        agent: link.Link,
        nova: belonging.Nova,
        guests: Guests,
        promises: declared.Declared,
        dead_man: deadman.DeadMan,
        retry_s: float,
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agent = agent
        self._nova = nova
        self._guests = guests
        self._promises = promises
        self._dead_man = dead_man
        self._retry_s = retry_s
        self._settle_s = settle_s
        self._clock = clock
        self._attempts = 0
        self._asleep = False
        self._fenced: frozenset[str] = frozenset()
        self._signs: int | None = None
        self._up_since_s: float | None = None
        self._said: dict[str, str] = {}
        self._worker = threads.Worker('desktop-fence', self.step, retry_s)
        self.wake = self._worker.wake

    def start(self) -> None:
        """Follow from now on."""
        self._worker.start()

    def stop(self) -> None:
        """Follow no longer; who is fenced stays so."""
        self._worker.stop()

    def step(self) -> float | None:
        """Do what the agent's latest word calls for."""
        status = self._agent.status
        if status is None:
            return None
        try:
            if status.departing == 'sleep':
                return self._fall_asleep(status.fenced)
            return self._awake(status.fenced)
        except Exception as failure:  # noqa: BLE001
            # Whatever Nova or keystoneauth raises: they stay fenced.
            self._say('', f'Nova or Placement does not answer: {failure}')
            return self._wait()

    def _fall_asleep(self, fenced: Collection[str]) -> float | None:
        self._begin(fenced)
        if self._guests.loose(fenced):
            return _FALL_ASLEEP_S
        self._asleep = True
        self._promises.promise(model.ASLEEP)
        return None

    def _begin(self, fenced: Collection[str]) -> None:
        """Take nothing for confirmed that was so before."""
        self._fenced = frozenset(fenced)
        self._signs = self._up_since_s = None
        self._attempts = 0
        self._said.clear()

    def _awake(self, fenced: Collection[str]) -> float | None:
        if not set(fenced) <= self._fenced:
            self._begin(fenced)
        self._fenced = frozenset(fenced)
        if not fenced:
            if self._asleep:
                self._promises.take_back(model.ASLEEP)
                self._asleep = False
            return None
        wait_s = self._until_up()
        if wait_s is not None:
            return wait_s
        if not self._dead_man.holds():
            self._dead_man.wake()
            return _LOOK_S
        self._promises.take_back(model.ASLEEP)
        self._asleep = False
        return None if self._settle(fenced) else self._wait()

    def _until_up(self) -> float | None:
        """Give the seconds to wait until Nova has us for up; ``None``: it has.

        Nova evacuates from no host that is up, so a sign of life that is new
        ends what could still begin.
        """
        if self._up_since_s is None:
            signs = self._nova.signs_of_life()
            if signs is None:
                self._say('', 'this host is forced down')
                return self._wait()
            before, self._signs = self._signs, signs
            if before is None or signs <= before:
                return _LOOK_S
            self._up_since_s = self._clock()
        left_s = self._up_since_s + self._settle_s - self._clock()
        return left_s if left_s > 0 else None

    def _settle(self, fenced: Collection[str]) -> bool:
        """Deal with each guest; say whether none is left."""
        return all([self._one(server_id) for server_id in fenced])

    def _one(self, server_id: str) -> bool:
        place, why = self._nova.place(server_id)
        if place is belonging.Place.UNCLEAR:
            self._say(server_id, why)
            return False
        if place is belonging.Place.HERE:
            return self._let_run(server_id, why)
        self._guests.power_off(server_id)
        LOG.warning(
            'Server %(server)s is powered off here: %(why)s. Its files go at '
            'the next start of nova-compute',
            {'server': server_id, 'why': why},
        )
        return True

    def _let_run(self, server_id: str, why: str) -> bool:
        since_s = self._up_since_s
        if since_s is None or self._clock() - since_s > _PROOF_S:
            return False
        if not self._agent.unfence(server_id):
            return False
        self._say(server_id, f'it may run: {why}')
        return True

    def _say(self, server_id: str, why: str) -> None:
        if self._said.get(server_id) == why:
            return
        self._said[server_id] = why
        LOG.info(
            'Behind the fence, %(who)s: %(why)s',
            {'who': server_id or 'all guests', 'why': why},
        )

    def _wait(self) -> float:
        # What proved that we are up is too old at the next attempt.
        self._signs = self._up_since_s = None
        self._attempts += 1
        growth = 2.0 ** min(self._attempts - 1, 30)
        return min(_RETRY_MAX_S, self._retry_s * growth)
