# SPDX-License-Identifier: Apache-2.0
"""Ours and what others do with guests while an owner works.

Each has the owner at work from its beginning. ``alone``: no guest runs.
``ours``: the agent has held the guests since long. ``unthrottled``: beside
the owner in a group of the same weight, as virtual machines are by default.
``nice19``: the owner's own group, because a nice value has no effect beyond a
group. ``boinc``: runs in one second of as many as its share asks for.
``htcondor``: runs until the poll that sees the owner, then is frozen.
"""

import contextlib
import os
import random
import threading
from collections.abc import Callable, Iterator

from benchmarks import flat_out, peers, workstation
from benchmarks.flat_out import Place

ALONE, OURS = 'alone', 'ours'
_SETTLED_S = 120.0
_NAP_S = 0.25
_KEY_S = 0.25

Method = Callable[[], contextlib.AbstractContextManager[None]]


def least_s(name: str, share: float) -> float:
    """Say how long a method must be watched: once through what it does."""
    if name == 'boinc':
        return cycle(share) * peers.BOINC_S[0]
    if name == 'htcondor':
        return 2 * peers.HTCONDOR_S[0]
    return 0.0


def cycle(share: float) -> int:
    """Give how many seconds BOINC takes for one in which it computes."""
    return max(1, round(1 / share))


class Owner:
    """Types, and sees whether the guests are held meanwhile.

    Four keys a second, whatever is measured.
    """

    def __init__(self, host: workstation.Workstation) -> None:
        self._host = host
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._type, daemon=True)
        self.watches = False
        self.looks = 0
        self.unlimited = 0

    def __enter__(self) -> 'Owner':
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _type(self) -> None:
        while not self._ended.wait(_KEY_S):
            with contextlib.suppress(BlockingIOError):
                self._host.press()
            if self.watches:
                self.looks += 1
                free = self._host.quota_us() == workstation.NO_LIMIT
                self.unlimited += free


class Methods:
    """The methods by name; each a context in which a load is measured."""

    def __init__(
        self,
        host: workstation.Workstation,
        busy: flat_out.FlatOut,
        owner: Owner,
    ) -> None:
        self._host = host
        self._busy = busy
        self._owner = owner
        self._frozen = host.slices['freezer'] / 'freezer.state'
        self.share = 1.0
        self.not_active = 0
        self.by_name: dict[str, Method] = {
            ALONE: self.alone,
            OURS: self.ours,
            'unthrottled': self.unthrottled,
            'nice19': self.nice19,
            'boinc': self.boinc,
            'htcondor': self.htcondor,
        }

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """No guest runs."""
        self._busy.stop()
        yield

    @contextlib.contextmanager
    def ours(self) -> Iterator[None]:
        """Guests in the slice, and an agent that sees the owner."""
        self._busy.place(Place.SLICE)
        self._busy.run()
        self.wait_held()
        self._owner.watches = True
        try:
            yield
        finally:
            self._owner.watches = False
        self.not_active += self._host.status()['Presence'] != 'active'

    def wait_held(self) -> None:
        """Wait until an active owner's cap is in force, and no less.

        What owners suffer beside the guests of others makes the agent
        stricter for a while, which is not to be measured.
        """
        workstation.wait_for(
            self._is_held,
            'the cap of an active owner',
            self._host.log,
            _SETTLED_S,
            _NAP_S,
        )

    def _is_held(self) -> bool:
        if self._host.quota_us() == workstation.NO_LIMIT:
            return False
        status = self._host.status()
        self.share = status['CapCpus'] / (os.cpu_count() or 1)
        same = abs(self._host.cap_cpus() - status['CapCpus']) < 0.01
        return bool(status['Presence'] == 'active' and same)

    @contextlib.contextmanager
    def unthrottled(self) -> Iterator[None]:
        """Guests in a group of the same weight as the owner's."""
        self._free(Place.BESIDE)
        yield

    @contextlib.contextmanager
    def nice19(self) -> Iterator[None]:
        """Guests in the owner's group, with the highest nice value."""
        self._busy.renice(19)
        try:
            self._free(Place.OWNER)
            yield
        finally:
            self._busy.renice(0)

    @contextlib.contextmanager
    def boinc(self) -> Iterator[None]:
        """Guests that run for a second, then are stopped for several."""
        self._free(Place.BESIDE)
        with _beside(self._take_turns):
            yield

    @contextlib.contextmanager
    def htcondor(self) -> Iterator[None]:
        """Guests that are frozen when a poll has seen the owner."""
        self._free(Place.BESIDE)
        try:
            with _beside(self._freeze_late):
                yield
        finally:
            self._frozen.write_text('THAWED')

    def _free(self, place: Place) -> None:
        self._busy.place(place)
        self._busy.run()
        self._busy.wait_flat_out()

    def _take_turns(self, ended: threading.Event) -> None:
        # The owner comes at any second of the cycle.
        length = cycle(self.share)
        second = random.randrange(length)  # noqa: S311
        while not ended.is_set():
            if second % length:
                self._busy.pause()
            else:
                self._busy.run()
            second += 1
            ended.wait(peers.BOINC_S[0])

    def _freeze_late(self, ended: threading.Event) -> None:
        if not ended.wait(random.uniform(0, peers.HTCONDOR_S[0])):  # noqa: S311
            self._frozen.write_text('FROZEN')


@contextlib.contextmanager
def _beside(act: Callable[[threading.Event], None]) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=act, args=[ended], daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def order(names: list[str], rng: random.Random) -> list[str]:
    """Shuffle the methods; ours stays beside alone, in either order."""
    pair = [ALONE, OURS]
    rng.shuffle(pair)
    parts = [[each] for each in names if each not in pair] + [pair]
    rng.shuffle(parts)
    return [name for part in parts for name in part]
