# SPDX-License-Identifier: Apache-2.0
"""A host that sleeps: real guests, a real bus, real locks."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import libvirt

from sandbox import private_libvirt
from tests.functional.agent import host, logind
from tests.functional.hypervisor import host as guests

LONGEST_S = 3.0
# What the process and the bus need on a busy machine.
PROMPT_S = 1.5
ASLEEP = ('PrepareForSleep', True)
AWAKE = ('PrepareForSleep', False)


def paused(domain: Any) -> bool:
    """Ask libvirt."""
    return bool(domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED)


class DepartingCase(guests.HostCase):
    """A host with guests, whose logind says what the test has it say."""

    def setUp(self) -> None:
        super().setUp()
        self.dir.chmod(0o755)
        # The agent of the test before was killed with its limit in force,
        # in which guests would take minutes to start.
        group = self.host.tree.group(private_libvirt.GROUP)
        (group / 'cpu.cfs_quota_us').write_text('-1')
        (self.dir / 'input').mkdir()
        os.mkfifo(self.dir / 'input/event0')
        (self.dir / 'input/by-path').mkdir()
        (self.dir / 'input/by-path/event0-event-kbd').symlink_to(
            self.dir / 'input/event0'
        )
        self.config = self.dir / 'agent.conf'
        self.config.write_text(
            host.CONFIG.format(dir=self.dir, parent=self.host.name)
            + f'[ladder]\nlibvirt_uri = {self.host.uri}\n'
            'resume_stagger_s = 0\n[agent]\nuse_own_group = false\n'
        )
        self.fence_file = self.dir / 'state/fence.json'
        self.bus = host.Bus(self.dir)
        self.addCleanup(self.bus.stop)
        self.bus.start_bus()
        self.logind = logind.Logind(self.bus.socket, LONGEST_S)
        self.logind.start()
        self.addCleanup(self.logind.stop)
        self.agent: subprocess.Popen[bytes] | None = None
        self.addCleanup(self.kill)

    def start(self) -> None:
        """Start the agent, and wait until it holds the lock."""
        with (self.dir / 'log').open('ab') as log:
            self.agent = self.command(stdout=log, stderr=log)
        host.wait_for(self.bus.has_agent, 'the agent on the bus')

    def command(self, *options: str, **others: Any) -> subprocess.Popen[Any]:
        """Start the agent's command."""
        return subprocess.Popen(
            [
                *(sys.executable, '-m', 'nova_desktop.cmd.agent'),
                *('--config-file', self.config, *options),
            ],
            env=os.environ | self.bus.env | {'PYTHONPATH': str(host.ROOT)},
            **others,
        )

    def serve(self) -> None:
        self.start()
        self.logind.wait(held=True)
        # Away: whoever is paused is so by the fence alone.
        host.wait_for(lambda: self.status()['Admit'], 'admission')

    def kill(self) -> None:
        self.logind.on_release = lambda: None
        if self.agent is not None:
            self.agent.kill()
            self.agent.wait()
            self.agent = None

    def boot(self, *names: str) -> list[Any]:
        return [self.host.boot(name) for name in names]

    def fall_asleep(self) -> float:
        """Announce sleep, and wait until nothing delays it; give seconds."""
        began_s = self.logind.announce(*ASLEEP)
        return self.logind.wait(held=False) - began_s

    def wake(self) -> None:
        self.logind.announce(*AWAKE)
        host.wait_for(lambda: not self.status()['Departing'], 'the waking')

    def fenced(self) -> set[str]:
        """Read who is behind the fence on the disk."""
        if not self.fence_file.exists():
            return set()
        found = json.loads(self.fence_file.read_text())
        return {each['uuid'] for each in found['guests']}

    def status(self) -> dict[str, Any]:
        reply = host.call(
            self.bus.socket,
            'GetAll',
            's',
            host.NAME,
            interface='org.freedesktop.DBus.Properties',
        )
        return {name: each.value for name, each in reply.body[0].items()}

    def ask(self, member: str, text: str) -> None:
        reply = host.call(self.bus.socket, member, 's', text)
        self.assertIsNone(reply.error_name, reply.body)

    def runs_soon(self, domain: Any) -> None:
        host.wait_for(lambda: not paused(domain), f'{domain.name()} runs')

    def log(self) -> str:
        return (self.dir / 'log').read_text()


class SleepTest(DepartingCase):
    def test_paused_and_on_the_disk_before_the_lock_ends(self) -> None:
        took_ms = []
        domains = self.boot(*'abc')
        uuids = {each.UUIDString() for each in domains}
        seen: list[tuple[set[str], list[bool]]] = []
        watcher = libvirt.open(self.host.uri)
        self.addCleanup(watcher.close)

        def look() -> None:
            now = [watcher.lookupByUUIDString(uuid) for uuid in sorted(uuids)]
            seen.append((self.fenced(), list(map(paused, now))))

        self.serve()
        self.logind.on_release = look
        for _ in range(5):
            took_ms.append(self.fall_asleep() * 1000)
            self.assertEqual((uuids, [True] * 3), seen.pop())
            self.assertEqual('sleep', self.status()['Departing'])
            self.wake()
            self.logind.wait(held=True)
            self.assertEqual(sorted(uuids), self.status()['Fenced'])
            for domain in domains:
                self.assertTrue(paused(domain))
                self.ask('Unfence', domain.UUIDString())
                self.runs_soon(domain)
            self.assertEqual([], self.status()['Fenced'])
            self.assertFalse(self.fence_file.exists())
            host.wait_for(lambda: self.status()['Admit'], 'admission')
        took_ms.sort()
        print(
            f'\nsleep announced -> 3 guests paused, lock released: '
            f'p50 {took_ms[2]:.0f} ms, max {took_ms[-1]:.0f} ms',
            file=sys.stderr,
        )
        self.assertLess(took_ms[-1] / 1000, PROMPT_S)

    def test_only_who_is_confirmed_goes_on(self) -> None:
        ours, lost, tenants = self.boot(*'abc')
        tenants.suspend()
        self.serve()
        self.fall_asleep()
        self.wake()
        self.ask('Unfence', ours.UUIDString())
        self.ask('Unfence', tenants.UUIDString())
        self.runs_soon(ours)
        time.sleep(1.0)  # nothing tells that nobody is resumed
        self.assertEqual(
            [False, True, True], list(map(paused, (ours, lost, tenants)))
        )
        self.assertEqual([lost.UUIDString()], self.status()['Fenced'])
        lost.resume()
        host.wait_for(lambda: paused(lost), 'it is paused again')
        lost.destroy()
        host.wait_for(lambda: not self.status()['Fenced'], 'it is out')
        changes = host.call(self.bus.socket, 'Explain', 'u', 100).body[0]
        told = [each[3] for each in changes if lost.UUIDString() in each[1]]
        self.assertEqual(['fenced', 'gone'], told)

    def test_no_guest_is_no_wait(self) -> None:
        self.serve()
        self.assertLess(self.fall_asleep(), PROMPT_S)
        self.wake()
        self.logind.wait(held=True)
        host.wait_for(lambda: not self.fence_file.exists(), 'no fence')

    def test_shutdown_pauses_nobody(self) -> None:
        (domain,) = self.boot('a')
        self.serve()
        began_s = self.logind.announce('PrepareForShutdown', True)
        self.assertLess(self.logind.wait(held=False) - began_s, PROMPT_S)
        status = self.status()
        self.assertEqual(
            ('shutdown', False, []),
            (status['Departing'], status['Admit'], status['Fenced']),
        )
        self.assertFalse(paused(domain))
        self.logind.announce('PrepareForShutdown', False)
        self.logind.wait(held=True)


class FaultTest(DepartingCase):
    def test_libvirt_that_hangs_does_not_hold_up_the_owner(self) -> None:
        (domain,) = self.boot('a')
        self.serve()
        # The rungs have looked, and hold a connection.
        assert self.host.daemon is not None
        self.host.daemon.send_signal(signal.SIGSTOP)
        try:
            took_s = self.fall_asleep()
            closed = json.loads(self.fence_file.read_text())['closed']
        finally:
            self.host.daemon.send_signal(signal.SIGCONT)
        print(f'\nlibvirtd stopped: released in {took_s:.2f} s',
              file=sys.stderr)  # fmt: skip
        self.assertLess(took_s, LONGEST_S)
        self.assertTrue(closed)
        self.wake()
        host.wait_for(lambda: paused(domain), 'it is paused late', 30)
        host.wait_for(
            lambda: self.fenced() == {domain.UUIDString()}, 'the fence'
        )

    def test_killed_between_announcement_and_wake(self) -> None:
        ours, lost = self.boot(*'ab')
        self.serve()
        self.fall_asleep()
        self.kill()
        self.logind.announced = ''
        self.start()
        self.logind.wait(held=True)
        self.assertEqual(2, len(self.status()['Fenced']))
        self.ask('Unfence', ours.UUIDString())
        self.runs_soon(ours)
        self.assertTrue(paused(lost))

    def test_killed_agent_holds_up_nobody(self) -> None:
        self.boot('a')
        self.serve()
        self.kill()
        self.logind.wait(held=False)

    def test_started_while_the_host_falls_asleep(self) -> None:
        (domain,) = self.boot('a')
        self.logind.announced = 'PrepareForSleep'
        self.start()
        host.wait_for(lambda: paused(domain), 'it is paused')
        self.assertEqual('sleep', self.status()['Departing'])
        self.assertEqual({domain.UUIDString()}, self.fenced())

    def test_somebody_else_who_announces_is_not_believed(self) -> None:
        (domain,) = self.boot('a')
        self.serve()
        impostor = logind.Logind(self.bus.socket, LONGEST_S)
        impostor.start()  # waits in the queue for the name
        self.addCleanup(impostor.stop)
        impostor.announce(*ASLEEP)
        time.sleep(0.5)  # nothing tells that nothing happens
        self.assertEqual('', self.status()['Departing'])
        self.assertFalse(paused(domain))


class CutOffTest(DepartingCase):
    def test_fenced_on_request_of_root(self) -> None:
        domains = self.boot(*'ab')
        self.serve()
        self.ask('Fence', 'the control plane is not seen')
        self.assertEqual([True, True], list(map(paused, domains)))
        self.assertEqual(2, len(self.fenced()))
        (new,) = self.boot('new')
        for domain in domains:
            self.ask('Unfence', domain.UUIDString())
            self.runs_soon(domain)
        self.assertFalse(paused(new))

    def test_bad_reason(self) -> None:
        self.serve()
        reply = host.call(self.bus.socket, 'Fence', 's', 'x' * 256)
        self.assertEqual(f'{host.NAME}.Error.BadValue', reply.error_name)


class SilenceTest(DepartingCase):
    """Nova-compute that says no more that all is well."""

    def fence_in(self, seconds: int) -> None:
        reply = host.call(self.bus.socket, 'FenceIn', 'u', seconds)
        self.assertIsNone(reply.error_name, reply.body)

    def test_fenced_after_the_last_word(self) -> None:
        (domain,) = self.boot('a')
        self.serve()
        for _ in range(4):
            self.fence_in(2)
            last_s = time.monotonic()
            time.sleep(0.8)  # in all longer than the time of one word
            self.assertFalse(paused(domain))
        host.wait_for(lambda: paused(domain), 'it is paused')
        self.assertTrue(1.9 < time.monotonic() - last_s < 2 + PROMPT_S)
        self.assertEqual({domain.UUIDString()}, self.fenced())

    def test_an_agent_that_is_started_again_goes_on_with_it(self) -> None:
        (domain,) = self.boot('a')
        self.serve()
        self.fence_in(2)
        self.kill()
        self.start()
        host.wait_for(lambda: paused(domain), 'it is paused')

    def test_taken_back(self) -> None:
        (domain,) = self.boot('a')
        self.serve()
        self.fence_in(1)
        self.fence_in(0)
        self.kill()
        self.start()
        time.sleep(1.5)  # nothing tells that nobody is paused
        self.assertFalse(paused(domain))

    def test_longer_than_it_may_be(self) -> None:
        self.serve()
        reply = host.call(self.bus.socket, 'FenceIn', 'u', 3601)
        self.assertEqual(f'{host.NAME}.Error.BadValue', reply.error_name)
