# SPDX-License-Identifier: Apache-2.0
"""One rung on its thread: the last target wins, and what fails is retried."""

import queue
import threading
import unittest
from collections.abc import Callable
from unittest import mock

from nova_desktop import exception
from nova_desktop.agent import rung

PATIENCE_S = 10.0
NEUTRAL = 0


class Mechanism:
    """Applies numbers, as slowly and as badly as the test says."""

    def __init__(self) -> None:
        self.applied: queue.Queue[int] = queue.Queue()
        self.looks: queue.Queue[int] = queue.Queue()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.error: Exception | None = None
        self.in_force = -1
        self.interrupts = 0
        self.interrupted = False
        self.is_released = True

    def apply(self, target: int) -> None:
        self.applied.put(target)
        assert self.may_go_on.wait(PATIENCE_S)
        if self.interrupted:
            raise exception.MechanismFailed('there is something newer')
        if self.error is not None:
            raise self.error
        self.in_force = target

    def current(self) -> int:
        self.looks.put(self.in_force)
        return self.in_force

    def release(self) -> None:
        """Leave it."""

    def interrupt(self) -> None:
        self.interrupts += 1
        self.interrupted = True

    def go_on(self) -> None:
        self.interrupted = False


class Listener:
    """Hears on whatever thread; the test waits for it."""

    def __init__(self) -> None:
        self.settlings: queue.Queue[str] = queue.Queue()
        self.meddlings: queue.Queue[tuple[str, object, object]] = queue.Queue()

    def settled(self, name: str) -> None:
        self.settlings.put(name)

    def meddled(self, name: str, found: object, want: object) -> None:
        self.meddlings.put((name, found, want))


def post(call: Callable[[], None]) -> None:
    """Call it at once."""
    call()


class RungTest(unittest.TestCase):
    def setUp(self) -> None:
        self.mechanism = Mechanism()
        self.heard = Listener()

    def start(self, reconcile_s: float = 60.0) -> rung.Rung[int]:
        made = rung.Rung('test', self.mechanism, NEUTRAL, post, reconcile_s)
        made.start(self.heard)
        self.addCleanup(made.stop)
        self.addCleanup(self.mechanism.may_go_on.set)
        return made

    def applied(self) -> int:
        return self.mechanism.applied.get(timeout=PATIENCE_S)

    def settled(self) -> None:
        self.heard.settlings.get(timeout=PATIENCE_S)

    def test_first_target_is_applied_even_if_neutral(self) -> None:
        made = self.start()
        made.want(NEUTRAL)
        self.assertEqual(NEUTRAL, self.applied())
        self.settled()
        self.assertTrue(made.has_done(NEUTRAL))
        self.assertTrue(made.is_settled)

    def test_same_target_is_not_applied_again(self) -> None:
        made = self.start()
        for _ in range(3):
            made.want(7)
        self.settled()
        made.want(7)
        made.want(8)
        self.assertEqual([7, 8], [self.applied(), self.applied()])

    def test_last_of_those_that_come_meanwhile(self) -> None:
        made = self.start()
        self.mechanism.may_go_on.clear()
        made.want(1)
        self.assertEqual(1, self.applied())
        for target in (2, 3, 4):
            made.want(target)
        self.assertFalse(made.is_settled)
        self.assertEqual(4, self.mechanism.interrupts)
        self.mechanism.may_go_on.set()
        self.assertEqual(4, self.applied())
        self.settled()
        self.assertEqual(('', 4), (made.problem, self.mechanism.in_force))
        self.assertTrue(self.heard.settlings.empty())

    def test_failure_is_told_and_tried_again(self) -> None:
        made = self.start()
        self.mechanism.error = exception.MechanismFailed('no libvirt')
        with mock.patch.object(rung, '_FIRST_RETRY_S', 0.01):
            made.want(5)
            self.settled()
            self.assertEqual('no libvirt', made.problem)
            self.assertTrue(made.has_done(5))
            self.mechanism.error = None
            while made.problem:
                self.settled()
        self.assertEqual(5, self.mechanism.in_force)

    def test_next_outage_is_retried_as_soon_as_the_first(self) -> None:
        made = self.start()
        with mock.patch.object(rung, '_FIRST_RETRY_S', 0.01):
            self.mechanism.error = exception.MechanismFailed('no libvirt')
            made.want(5)
            for _ in range(3):
                self.settled()
            self.assertLess(0.01, made._retry_s)
            self.mechanism.error = None
            while made.problem:
                self.settled()
            self.assertEqual(0.01, made._retry_s)

    def test_new_target_does_not_wait_for_the_retry(self) -> None:
        made = self.start()
        self.mechanism.error = exception.MechanismFailed('no libvirt')
        made.want(5)
        self.settled()
        self.mechanism.error = None
        made.want(6)
        self.settled()
        self.assertEqual(('', 6), (made.problem, self.mechanism.in_force))

    def test_bug_is_logged_and_lived_through(self) -> None:
        made = self.start()
        self.mechanism.error = ZeroDivisionError('a bug')
        with self.assertLogs('nova_desktop.agent.rung', 'ERROR'):
            made.want(5)
            self.settled()
        self.assertIn('a bug', made.problem)

    def test_changed_by_somebody_else(self) -> None:
        made = self.start(reconcile_s=0.01)
        made.want(5)
        self.settled()
        self.mechanism.in_force = 9
        self.assertEqual(
            ('test', 9, 5), self.heard.meddlings.get(timeout=PATIENCE_S)
        )
        self.settled()
        self.assertEqual(5, self.mechanism.in_force)

    def test_poke_looks_again_but_not_where_nobody_is_held(self) -> None:
        made = self.start()
        made.want(5)
        self.settled()
        made.poke()
        self.assertEqual(5, self.mechanism.looks.get(timeout=PATIENCE_S))
        made.want(NEUTRAL)
        self.settled()
        self.settled()
        made.poke()
        made.want(6)
        self.settled()
        self.assertTrue(self.mechanism.looks.empty())

    def test_looks_on_while_something_is_owed(self) -> None:
        self.mechanism.is_released = False
        made = self.start(reconcile_s=0.01)
        made.want(NEUTRAL)
        for _ in range(3):
            self.mechanism.looks.get(timeout=PATIENCE_S)

    def test_stop_leaves_what_is_in_force(self) -> None:
        made = self.start()
        made.want(5)
        self.settled()
        made.stop()
        made.want(6)
        self.assertEqual(5, self.mechanism.in_force)
