# SPDX-License-Identifier: Apache-2.0
"""Somebody who does one thing after the other at random."""

import collections
import random
import threading
from collections.abc import Callable, Mapping

import libvirt

from tests.chaos import rig

Action = Callable[[], None]


class Actor:
    """Does its actions, with pauses in between, on a thread of its own.

    The seed alone decides in which order; ``random`` is for what else there
    is to choose, such as one of the guests.
    """

    name = ''
    pause_s = (0.1, 0.5)

    def __init__(self, at: rig.Rig, seed: int) -> None:
        self.rig = at
        self.random = random.Random(f'{self.name} {seed}')
        self._order = random.Random(f'order of {self.name} {seed}')
        self.count: collections.Counter[str] = collections.Counter()
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name)

    def actions(self) -> Mapping[Action, int]:
        """Give what can be done, and how often."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing any more."""
        self.over.set()

    def join(self, within_s: float) -> None:
        """Wait until the last action has ended."""
        if self._thread.ident is None:  # it never began
            return
        self._thread.join(within_s)
        if self._thread.is_alive():
            self.rig.violate(f'the {self.name} still waits for an answer')

    def _run(self) -> None:
        choices = self.actions()
        while not self.over.wait(self._order.uniform(*self.pause_s)):
            (action,) = self._order.choices(
                list(choices), list(choices.values())
            )
            name = action.__name__
            self.count[name] += 1
            self.rig.note(f'{self.name} {name}')
            try:
                action()
            except libvirt.libvirtError as error:
                self.rig.note(f'{self.name} {name} was refused: {error}')
            except Exception as error:  # noqa: BLE001 - told as the verdict
                self.rig.violate(f'{self.name} {name}: {error!r}')
