# SPDX-License-Identifier: Apache-2.0
"""Real guests are paused and resumed, and only by whom they should be."""

import contextlib
import queue
import threading
import time
from typing import Any

import libvirt

from nova_desktop import exception
from nova_desktop.mechanism import pause
from nova_desktop.model import PauseTarget
from tests.functional.hypervisor import host

EVERYBODY = PauseTarget(everybody=True)
NOBODY = PauseTarget()
PAUSE_S = 3.0


def paused(domain: Any) -> bool:
    """Ask libvirt."""
    return domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED


class PauseTest(host.HostCase):
    def construct(self, stagger_s: float = 0.0) -> pause.GuestPause:
        return pause.GuestPause(self.guests, self.dir / 'paused', stagger_s)

    def test_killed_agent_and_a_pause_that_is_not_ours(self) -> None:
        ours, tenants = (self.host.boot(name) for name in ('a', 'b'))
        owners = self.host.boot('c', ours=False)
        tenants.suspend()
        before = self.construct()
        before.apply(EVERYBODY)
        self.assertEqual(
            [True, True, False], [paused(x) for x in (ours, tenants, owners)]
        )
        self.assertEqual(EVERYBODY, before.current())
        # What is left of a killed agent is its record.
        self.guests = self.host.hypervisor()
        after = self.construct()
        after.apply(NOBODY)
        self.assertEqual([False, True], [paused(ours), paused(tenants)])

    def test_resumed_by_hand_is_seen_at_once(self) -> None:
        changes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.guests.on_change = lambda: changes.put(None)
        domain = self.host.boot('a')
        held = self.construct()
        held.apply(EVERYBODY)
        domain.resume()
        while held.current() == EVERYBODY:
            changes.get(timeout=host.WAIT_S)
        held.apply(EVERYBODY)
        self.assertTrue(paused(domain))

    def test_one_after_the_other(self) -> None:
        domains = [self.host.boot(name) for name in 'abc']
        resumed: list[float] = []
        held = self.construct(stagger_s=0.3)
        held.apply(EVERYBODY)
        all_run = threading.Event()

        def note(*event: Any) -> None:
            if event[2] == libvirt.VIR_DOMAIN_EVENT_RESUMED:
                resumed.append(time.monotonic())
                if len(resumed) == len(domains):
                    all_run.set()

        watcher = libvirt.open(self.host.uri)
        self.addCleanup(watcher.close)
        watcher.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, note, None
        )
        held.apply(NOBODY)
        self.assertTrue(all_run.wait(host.WAIT_S))
        self.assertGreater(resumed[2] - resumed[0], 0.4)

    def test_interrupted_by_a_newer_target(self) -> None:
        domains = [self.host.boot(name) for name in 'ab']
        held = self.construct(stagger_s=host.WAIT_S)
        held.apply(EVERYBODY)

        def resume() -> None:
            with contextlib.suppress(exception.MechanismFailed):
                held.apply(NOBODY)

        resuming = threading.Thread(target=resume)
        resuming.start()
        host.wait_for(lambda: not all(map(paused, domains)))
        held.interrupt()
        resuming.join(host.WAIT_S)
        held.apply(EVERYBODY)
        self.assertEqual([True, True], list(map(paused, domains)))

    def test_clock(self) -> None:
        domain = self.host.boot('a', host.AGENT)
        self.host.booted('a')
        # The program by which the guest's agent reads the hardware clock.
        self.host.run_in_guest(
            domain, '/bin/ln', '-s', '/bin/busybox', '/sbin/hwclock'
        )
        self.assertLess(abs(self.behind_s(domain)), 2.0)
        held = self.construct()
        held.apply(EVERYBODY)
        time.sleep(PAUSE_S)
        held.apply(NOBODY)
        # Such a clock counts seconds, and is read and written as such.
        host.wait_for(lambda: self.behind_s(domain) < 2.0)

    def behind_s(self, domain: Any) -> float:
        told = domain.getTime()
        return time.time() - told['seconds'] - told['nseconds'] / 1e9
