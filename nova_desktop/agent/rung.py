# SPDX-License-Identifier: Apache-2.0
"""One rung of the ladder on a thread of its own.

Most rungs wait for the kernel, for libvirt or for a guest, and the loop must
wait for none of them. Each has a thread, and of the targets that come while
it works the last one counts.
"""

import contextlib
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from oslo_log import log as logging

from nova_desktop import exception
from nova_desktop.mechanism import base

LOG = logging.getLogger(__name__)

TargetT = TypeVar('TargetT')

# What fails is tried again, ever less often.
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 60.0
_STOP_S = 0.2


class Listener(Protocol):
    """Who hears of a rung, on the loop's own thread."""

    def settled(self, name: str) -> None:
        """Hear that a target is in force, or that it has failed."""

    def meddled(self, name: str, found: object, want: object) -> None:
        """Hear that somebody else had changed what was in force."""


class Rung(Generic[TargetT]):
    """Holds guests to the latest target of one mechanism.

    ``neutral`` is the target that holds nobody: while it is wanted nothing
    is looked at. Otherwise what is in force is read back each
    ``reconcile_s`` seconds, and on ``poke``. ``post`` runs a call on the
    loop's thread.
    """

    def __init__(
        self,
        name: str,
        mechanism: base.Mechanism[TargetT],
        neutral: TargetT,
        post: Callable[[Callable[[], None]], object],
        reconcile_s: float = 10.0,
    ) -> None:
        self.name = name
        self.problem = ''
        self._mechanism = mechanism
        # Asked once: the question takes longer than all the rest of ``want``.
        self._interruptible = (
            mechanism if isinstance(mechanism, base.Interruptible) else None
        )
        self._unfinished = (
            mechanism if isinstance(mechanism, base.Unfinished) else None
        )
        self._neutral = neutral
        self._post = post
        self._reconcile_s = reconcile_s
        self._wanted: TargetT | None = None
        self._done: TargetT | None = None
        self._failed: TargetT | None = None
        self._poked = False
        self._stopping = False
        self._changed = threading.Condition()
        self._retry_s = _FIRST_RETRY_S
        self._listener: Listener | None = None
        self._thread = threading.Thread(
            target=self._run, name=f'rung-{name}', daemon=True
        )

    def start(self, listener: Listener) -> None:
        """Begin to hold what is wanted."""
        self._listener = listener
        self._thread.start()

    def want(self, target: TargetT) -> None:
        """Have the guests held to a target; return at once."""
        with self._changed:
            if target == self._wanted:
                return
            self._wanted, self._poked = target, True
            self._retry_s = _FIRST_RETRY_S
            self._interrupt()
            self._changed.notify()

    def poke(self) -> None:
        """Have it looked at again: guests have come or gone."""
        with self._changed:
            self._poked = True
            self._changed.notify()

    def has_done(self, target: TargetT) -> bool:
        """Say whether a target is in force, or has failed."""
        with self._changed:
            return target in (self._done, self._failed)

    @property
    def is_settled(self) -> bool:
        """Say whether what is wanted is in force, or has failed."""
        return self._wanted is None or self.has_done(self._wanted)

    def stop(self) -> None:
        """Hold no new target; what is in force stays so."""
        with self._changed:
            self._stopping = True
            self._interrupt()
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, self._wait_s())
                if self._stopping:
                    return
                target, poked = self._wanted, self._poked
                idle = self._done == target and self._is_at_rest()
                self._poked = False
                if self._interruptible is not None:
                    self._interruptible.go_on()
            if target is not None and not idle:
                self._turn(target, poked)

    def _interrupt(self) -> None:
        """End what may be under way; under the lock that begins it."""
        if self._interruptible is not None:
            self._interruptible.interrupt()

    def _has_work(self) -> bool:
        return self._stopping or self._poked

    def _wait_s(self) -> float | None:
        if self.problem:
            return self._retry_s
        return None if self._is_at_rest() else self._reconcile_s

    def _is_at_rest(self) -> bool:
        """Say whether nobody is held, and nothing is owed to anybody."""
        if self._done != self._neutral:
            return False
        return self._unfinished is None or self._unfinished.is_released

    def _turn(self, target: TargetT, poked: bool) -> None:
        problem = ''
        try:
            self._hold(target, poked)
        except exception.DesktopError as error:
            problem = str(error)
        except Exception as error:
            LOG.exception('Rung %s is not in force', self.name)
            problem = repr(error)
        with self._changed:
            if problem and target != self._wanted:
                self._done = self._failed = None
                return  # it was interrupted, or would have been
            self.problem = problem
            self._done = None if problem else target
            self._failed = target if problem else None
            # One outage does not slow down the end of the next.
            self._retry_s = (
                min(2 * self._retry_s, _LONGEST_RETRY_S)
                if problem
                else _FIRST_RETRY_S
            )
        self._tell(lambda to: to.settled(self.name))

    def _hold(self, target: TargetT, poked: bool) -> None:
        if target == self._done:
            found = self._mechanism.current()
            if found == target:
                return
            if not poked:  # else a guest came, and nobody has meddled
                self._tell(lambda to: to.meddled(self.name, found, target))
        self._mechanism.apply(target)

    def _tell(self, call: Callable[[Listener], None]) -> None:
        listener = self._listener
        if listener is None:
            return
        # The loop may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            self._post(lambda: call(listener))
