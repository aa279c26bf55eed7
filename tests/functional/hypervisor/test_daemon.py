# SPDX-License-Identifier: Apache-2.0
"""A daemon that is stopped, killed or started again."""

import os
import signal
import time

import libvirt

from nova_desktop import exception
from nova_desktop.mechanism import calls, pause
from nova_desktop.model import PauseTarget
from tests.functional.hypervisor import host

EVERYBODY = PauseTarget(everybody=True)
# Four keepalives of a second, or an attempt to connect, and some.
IMPATIENT = {'within_s': 2.0, 'keepalive_s': 1}
BOUND_S = 8.0


class DaemonTest(host.HostCase):
    def failing_s(self) -> float:
        """Give how long it takes to find out that nobody answers."""
        began_s = time.monotonic()
        with self.assertRaises(exception.MechanismFailed):
            self.guests.guests()
        return time.monotonic() - began_s

    def answers(self) -> bool:
        try:
            return len(self.guests.guests()) == 1
        except exception.MechanismFailed:
            return False

    def test_killed_and_started_again(self) -> None:
        self.host.boot('a')
        held = pause.GuestPause(self.guests, self.dir / 'paused')
        held.apply(EVERYBODY)
        (guest,) = self.guests.guests()
        self.host.stop()
        self.assertLess(self.failing_s(), 2.0)
        with self.assertRaises(exception.MechanismFailed):
            held.apply(PauseTarget())
        self.host.start()
        held.apply(PauseTarget())
        (again,) = self.guests.guests()
        self.assertEqual(guest.key, again.key)
        self.assertTrue(again.is_running)

    def test_no_daemon_and_no_guest(self) -> None:
        self.host.stop()
        self.addCleanup(self.host.start)
        self.assertEqual([], self.guests.guests())

    def test_stopped(self) -> None:
        self.host.boot('a')
        self.guests = self.host.hypervisor(**IMPATIENT)
        self.assertTrue(self.answers())
        fresh = self.host.hypervisor(**IMPATIENT)
        assert self.host.daemon is not None
        self.host.daemon.send_signal(signal.SIGSTOP)
        try:
            self.assertLess(self.failing_s(), BOUND_S)
            # It would take connections, and answer none.
            self.guests = fresh
            self.assertLess(self.failing_s(), BOUND_S)
            self.assertLess(self.failing_s(), 1.0)
        finally:
            self.host.daemon.send_signal(signal.SIGCONT)
        host.wait_for(self.answers)

    def test_guest_that_hangs_holds_up_no_other(self) -> None:
        hung, other = (self.host.boot(name) for name in ('a', 'b'))
        held = pause.GuestPause(self.guests, self.dir / 'paused')
        held._calls = calls.Calls(workers=2, within_s=1.0)
        process = int((self.host.dir / 'run' / 'qemu' / 'a.pid').read_text())
        os.kill(process, signal.SIGSTOP)
        try:
            with self.assertRaises(exception.MechanismFailed) as caught:
                held.apply(EVERYBODY)
        finally:
            os.kill(process, signal.SIGCONT)
        self.assertIn(hung.UUIDString(), str(caught.exception))
        self.assertNotIn(other.UUIDString(), str(caught.exception))
        self.assertEqual(libvirt.VIR_DOMAIN_PAUSED, other.state()[0])
        # What was asked for comes true late, and is ours to end.
        host.wait_for(lambda: held.current() == EVERYBODY)
        held.release()
        self.assertEqual(libvirt.VIR_DOMAIN_RUNNING, hung.state()[0])
