# SPDX-License-Identifier: Apache-2.0
"""The agent as a process, on real cgroups, a real bus and logind's double."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import dbus_fast
import dbus_fast.aio

from tests.functional.agent import host

ALL = -1
CPUS = os.cpu_count() or 1
ACTIVE_US = round(0.02 * CPUS * 100_000)
LEAVING_US = 50_000


@unittest.skipUnless(
    (host.CGROUPS / 'cpu/cpu.cfs_quota_us').exists() and os.geteuid() == 0,
    'needs root and cgroup v1',
)
class AgentCase(unittest.TestCase):
    def setUp(self) -> None:
        self.host = host.Host()
        self.addCleanup(self.host.close)


class EnforceTest(AgentCase):
    def test_input_is_a_limit_in_milliseconds(self) -> None:
        self.host.serve()
        taken_ms = []
        for _ in range(20):
            self.host.quota_is(ALL)
            begin = time.perf_counter()
            self.host.touch()
            while self.host.cgroups.quota() == ALL:
                self.assertLess(time.perf_counter() - begin, 2)
                time.sleep(0.0001)
            taken_ms.append((time.perf_counter() - begin) * 1000)
            self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        taken_ms.sort()
        pid = self.host.agent.pid
        rss = host.pathlib.Path(f'/proc/{pid}/status').read_text()
        rss_kib = int(rss.partition('VmRSS:')[2].split()[0])
        print(
            f'\nevent -> limit in force: p50 {taken_ms[10]:.2f} ms, '
            f'max {taken_ms[-1]:.2f} ms; agent RSS {rss_kib} KiB',
            file=sys.stderr,
        )
        self.assertLess(taken_ms[10], 50)
        self.assertLess(rss_kib, 64 * 1024)

    def test_is_throttled_before_it_is_on_the_bus(self) -> None:
        self.host.key.unlink()
        with self.host.config.open('a') as config:
            config.write(f'[sensing]\ninput_dir = {self.host.dir}/none\n')
        self.host.serve()
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        idle = (self.host.cgroups.guests / 'cpu.idle').read_text()
        self.assertEqual('1', idle.strip())

    def test_killed_leaves_the_limit_and_restart_takes_over(self) -> None:
        self.host.serve()
        self.host.quota_is(ALL)
        self.host.touch()
        self.host.quota_is(ACTIVE_US)
        self.host.end(signal.SIGKILL)
        time.sleep(1.5)  # the agent would have given back long ago
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        self.host.start()
        self.host.quota_is(ALL)
        self.host.touch()
        self.host.quota_is(ACTIVE_US)

    def test_term_leaves_the_cap_of_an_unknown_owner(self) -> None:
        self.host.serve()
        self.host.quota_is(ALL)
        begin = time.monotonic()
        self.assertEqual(0, self.host.end())
        self.assertLess(time.monotonic() - begin, 1)
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        self.assertNotIn('Traceback', self.host.log.read_text())
        self.assertFalse(
            (self.host.cgroups.cpu / 'nova-desktop-agent').exists()
        )

    def test_somebody_else_changes_the_limit(self) -> None:
        self.host.serve()
        self.host.quota_is(ALL)
        self.host.touch()
        self.host.quota_is(ACTIVE_US)
        self.host.bus.add_session()
        quota = self.host.cgroups.guests / 'cpu.cfs_quota_us'
        for _ in range(3):
            self.host.touch()
            time.sleep(0.15)
            quota.write_text('-1')
            self.host.touch()
            self.host.quota_is(ACTIVE_US, 0.5)
        said = self.host.log.read_text().count('somebody else changed')
        self.assertIn(said, (1, 2))

    def test_a_changed_limit_does_not_wait_for_a_tick(self) -> None:
        with self.host.config.open('a') as config:
            config.write('[agent]\ntick_s = 10\n')
        self.host.serve()
        self.host.quota_is(ALL)
        quota = self.host.cgroups.guests / 'cpu.cfs_quota_us'
        quota.write_text('70000')
        self.host.quota_is(ALL, 0.2)
        quota.write_text('60000')
        time.sleep(0.3)
        # Whoever goes on is answered once in a second.
        self.assertEqual(60000, self.host.cgroups.quota())
        self.host.quota_is(ALL, 1.5)

    def test_a_guests_own_quota_does_not_bar_the_limit(self) -> None:
        self.host.serve()
        self.host.quota_is(ALL)
        guest = self.host.cgroups.guests / 'qemu-1/vcpu0'
        guest.mkdir(parents=True)
        (guest / 'cpu.cfs_quota_us').write_text('150000')
        self.host.touch()
        self.host.quota_is(ACTIVE_US)
        self.host.quota_is(ALL)
        own = (guest / 'cpu.cfs_quota_us').read_text().strip()
        self.assertEqual('150000', own)

    def test_own_group_has_the_highest_weight(self) -> None:
        self.host.serve()
        own = self.host.cgroups.cpu / 'nova-desktop-agent'
        self.assertEqual('262144', (own / 'cpu.shares').read_text().strip())
        members = (own / 'cgroup.procs').read_text().split()
        self.assertEqual([str(self.host.agent.pid)], members)

    def test_prepare_and_hold(self) -> None:
        done = self.host.run('--prepare')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        guests = self.host.cgroups.guests
        self.assertEqual('1\n', (guests / 'cpu.idle').read_text())
        self.assertEqual(ALL, self.host.cgroups.quota())
        parent = self.host.cgroups.parent
        for name in ('memory', 'cpuset', 'devices', 'unified'):
            path = host.CGROUPS / name / parent / 'novadesktop.partition'
            self.assertTrue(path.is_dir(), path)
        done = self.host.run('--hold')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())


class FaultTest(AgentCase):
    def refused(self, section: str, line: str) -> str:
        with self.host.config.open('a') as config:
            config.write(f'[{section}]\n{line}\n')
        done = self.host.run()
        self.assertEqual(2, done.returncode)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        return done.stderr

    def test_bad_number(self) -> None:
        said = self.refused('presence', 'away_after_s = soon')
        self.assertIn("[presence] away_after_s = 'soon'", said)

    def test_out_of_range(self) -> None:
        said = self.refused('agent', 'tick_s = 0')
        self.assertIn("[agent] tick_s = '0'", said)
        self.assertIn('0.05', said)

    def test_lends_more_to_the_nearer(self) -> None:
        said = self.refused('cap', 'active_cpu = 0.9')
        self.assertIn('[cap] active_cpu = 0.9', said)
        self.assertIn('idle_cpu', said)

    def test_no_cgroup_is_the_end(self) -> None:
        root = self.host.dir / 'cgroup'
        root.mkdir()
        with self.host.config.open('a') as config:
            config.write(f'[sensing]\ncgroup_root = {root}\n')
        done = self.host.run()
        self.assertEqual(1, done.returncode)
        self.assertIn('controller cpu', done.stderr)
        self.assertIn(str(root), done.stderr)
        self.assertIn('cgroup_root', done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)

    def test_no_parent_is_the_end(self) -> None:
        with self.host.config.open('a') as config:
            config.write('[slice]\nparent = not-there\n')
        done = self.host.run()
        self.assertEqual(1, done.returncode)
        self.assertIn('not-there', done.stderr)

    def test_unreadable_device_is_an_owner_until_it_is_gone(self) -> None:
        (self.host.dir / 'input/event7').symlink_to('nowhere')
        self.host.serve()
        status = self.status()
        self.assertEqual('unknown', status['Presence'])
        self.assertIn('event7', status['Sources']['input'])
        self.assertFalse(status['Admit'])
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        (self.host.dir / 'input/event7').unlink()
        self.host.quota_is(ALL)
        self.assertEqual('ok', self.status()['Sources']['input'])

    def test_no_bus_throttles_and_is_found_later(self) -> None:
        self.host.start()
        host.wait_for(self.host.cgroups.guests.exists, 'the slice')
        self.host.quota_is(ACTIVE_US)
        time.sleep(1)
        self.assertEqual(ACTIVE_US, self.host.cgroups.quota())
        log = self.host.log.read_text()
        self.assertEqual(1, log.count('not on the D-Bus system bus'))
        self.host.bus.start()
        host.wait_for(self.host.bus.has_agent, 'the agent on the bus')
        self.host.quota_is(ALL)

    def test_bus_lost_and_back(self) -> None:
        self.host.serve()
        self.host.quota_is(ALL)
        self.host.bus.stop()
        self.host.quota_is(ACTIVE_US)
        self.host.bus.start()
        host.wait_for(self.host.bus.has_agent, 'the agent on the bus')
        self.host.quota_is(ALL)

    def status(self) -> dict[str, object]:
        reply = host.call(
            self.host.bus.socket,
            'GetAll',
            's',
            host.NAME,
            interface='org.freedesktop.DBus.Properties',
        )
        return {name: each.value for name, each in reply.body[0].items()}


class CrowdTest(AgentCase):
    def test_a_crowd_does_not_drive_the_agent_off_the_bus(self) -> None:
        line = json.dumps([1.0, 'presence', 'away', 'active', 'why ' * 50])
        (self.host.dir / 'state/changes').write_text(f'{line}\n' * 1000)
        self.host.serve()
        errors = asyncio.run(self.crowd(100))
        refused = 'org.freedesktop.DBus.Error.LimitsExceeded'
        self.assertEqual({None, refused}, errors)
        self.assertNotIn('Traceback', self.host.log.read_text())

    async def crowd(self, size: int) -> set[str | None]:
        """Ask for all changes many times at once; give the errors."""
        address = f'unix:path={self.host.bus.socket}'
        bus = await dbus_fast.aio.MessageBus(address).connect()

        async def ask() -> set[str | None]:
            message = dbus_fast.Message(
                destination=host.NAME,
                path=host.PATH,
                interface=host.NAME,
                member='Explain',
                signature='u',
                body=[1000],
            )
            return {(await bus.call(message)).error_name for _ in range(20)}

        try:
            said = await asyncio.gather(*(ask() for _ in range(size)))
            return set().union(*said)
        finally:
            bus.disconnect()


class BusTest(AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.serve()

    def test_leave_grants_the_share_until_done(self) -> None:
        self.host.bus.add_session()
        self.host.touch()
        self.host.quota_is(ACTIVE_US)
        self.ask('Leave', 'su', 'a-server', 60)
        self.assertEqual(LEAVING_US, self.host.cgroups.quota())
        self.ask('LeaveDone', 's', 'a-server')
        self.assertNotEqual(LEAVING_US, self.host.cgroups.quota())

    def test_who_hears_gets_what_the_owner_leaves(self) -> None:
        self.host.bus.add_session()

        def typing_quota() -> int:
            self.host.touch()
            return self.host.cgroups.quota()

        host.wait_for(lambda: typing_quota() == ACTIVE_US, 'the owner')
        self.ask('Hear', 'su', 'a-server', 60)
        # Nothing of it where whatever else runs here is as busy as can be.
        host.wait_for(
            lambda: ACTIVE_US < typing_quota() <= LEAVING_US, 'the share'
        )
        idle = (self.host.cgroups.guests / 'cpu.idle').read_text()
        self.assertEqual('1', idle.strip())
        self.ask('Hear', 'su', 'a-server', 0)
        self.assertEqual(ACTIVE_US, typing_quota())

    def test_leave_ends_by_itself(self) -> None:
        self.host.quota_is(ALL)
        self.host.bus.stop()  # without logind the owner counts as present
        self.host.quota_is(ACTIVE_US)
        self.host.bus.start()
        host.wait_for(self.host.bus.has_agent, 'the agent on the bus')
        self.host.touch()
        self.ask('Leave', 'su', 'a-server', 1)
        host.wait_for(
            lambda: self.host.cgroups.quota() != LEAVING_US, 'the end', 3
        )

    def test_bad_value_names_the_argument(self) -> None:
        for member, signature, body, name in (
            ('Leave', 'su', ('a-server', 0), 'seconds'),
            ('Leave', 'su', ('', 5), 'server_uuid'),
            ('Hear', 'su', ('a-server', 601), 'seconds'),
            ('Hear', 'su', ('', 5), 'server_uuid'),
            ('Explain', 'u', (0,), 'count'),
        ):
            reply = host.call(self.host.bus.socket, member, signature, *body)
            self.assertEqual(f'{host.NAME}.Error.BadValue', reply.error_name)
            self.assertIn(f'{name} = ', reply.body[0])

    def test_explain_survives_a_restart(self) -> None:
        self.host.quota_is(ALL)
        self.host.touch()
        self.host.quota_is(ACTIVE_US)
        time.sleep(0.3)
        self.host.end(signal.SIGKILL)
        self.host.start()
        host.wait_for(self.host.bus.has_agent, 'the agent on the bus')
        changes = self.ask('Explain', 'u', 1000)[0]
        seen = [tuple(change[1:4]) for change in changes]
        self.assertIn(('presence', 'away', 'active'), seen)
        stamps = [change[0] for change in changes]
        self.assertEqual(sorted(stamps), stamps)

    def test_only_root_may_grant(self) -> None:
        for member in ('Leave', 'Hear'):
            reply = self.ask_as_nobody(member, '"su"', '"a-server", 5')
            self.assertIn('AccessDenied', reply)
        self.assertIn(
            'METHOD_RETURN', self.ask_as_nobody('Explain', '"u"', '5')
        )

    def ask(self, member: str, signature: str, *body: object) -> list:
        reply = host.call(self.host.bus.socket, member, signature, *body)
        self.assertIsNone(reply.error_name, reply.body)
        return reply.body

    def ask_as_nobody(self, member: str, signature: str, body: str) -> str:
        script = (
            'import pathlib, os; from tests.functional.agent import host;'
            'os.setgid(65534); os.setuid(65534);'
            f'r = host.call(pathlib.Path("{self.host.bus.socket}"),'
            f' "{member}", {signature}, {body});'
            'print(r.message_type, r.error_name)'
        )
        done = subprocess.run(
            [sys.executable, '-c', script],
            cwd=host.ROOT,
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr
