# SPDX-License-Identifier: Apache-2.0
"""The owner's say: real agent, real bus and cgroups, polkit's double."""

import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import dbus_fast
import dbus_fast.aio

from tests.functional.agent import host, test_agent

ALL = test_agent.ALL
ACTIVE_US = test_agent.ACTIVE_US
LEAST_US = 1000  # the smallest quota that the kernel takes
NOBODY = 65534
ACTIONS = 'org.openstack.novadesktop1'
FLOOD = """
import asyncio, sys, dbus_fast.aio
from tests.functional.agent import host
async def ask(bus):
    while True:
        await bus.call(dbus_fast.Message(
            destination=host.NAME, path=host.PATH, member='GetAll',
            interface='org.freedesktop.DBus.Properties',
            signature='s', body=[host.NAME]))
async def main():
    bus = dbus_fast.aio.MessageBus(sys.argv[1])
    await bus.connect()
    await asyncio.gather(*(ask(bus) for _ in range(100)))
asyncio.run(main())
"""


def _obey_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class SayCase(test_agent.AgentCase):
    def setUp(self) -> None:
        super().setUp()
        self.host.serve()
        self.host.quota_is(ALL)

    def start(
        self, *words: str, uid: int = 0, **streams: int
    ) -> subprocess.Popen[str]:
        """Start the owner's command."""
        return subprocess.Popen(
            [sys.executable, '-m', 'nova_desktop.cmd.owner', *words],
            env=os.environ
            | self.host.bus.env
            | {'PYTHONPATH': str(host.ROOT)},
            text=True,
            user=uid,
            group=uid,
            extra_groups=[],
            # A shell's background job ignores Ctrl-C, and so would this.
            preexec_fn=_obey_interrupts,
            **streams,
        )

    def say(
        self, *words: str, uid: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run the owner's command to its end."""
        pipe = subprocess.PIPE
        running = self.start(*words, uid=uid, stdout=pipe, stderr=pipe)
        out, problems = running.communicate(timeout=30)
        return subprocess.CompletedProcess(
            words, running.returncode, out, problems
        )

    def said(self, *words: str, uid: int = 0) -> dict[str, object]:
        """Run a command that has to succeed, and give its JSON."""
        done = self.say(*words, '--json', uid=uid)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)

    def restart(self) -> None:
        """Kill the agent and start it again."""
        self.host.end(signal.SIGKILL)
        self.host.start()
        host.wait_for(self.host.bus.has_agent, 'the agent on the bus')


class SayTest(SayCase):
    def test_pause_is_in_force_at_once_and_ends(self) -> None:
        status = self.said('pause')
        self.assertEqual(LEAST_US, self.host.cgroups.quota())
        self.assertEqual(0, status['cap']['cpus'])
        self.assertFalse(status['cap']['admit'])
        self.assertEqual({'until_unix_s': None}, status['say']['pause'])
        self.assertIn('You paused the lending', self.say('status').stdout)
        self.said('resume')
        self.host.quota_is(ALL)

    def test_survives_a_kill(self) -> None:
        self.said('cap', 'memory=50%')
        before = self.said('pause', 'until', '12:00')['say']
        self.restart()
        self.assertEqual(before, self.said('status')['say'])
        self.assertEqual(LEAST_US, self.host.cgroups.quota())
        self.said('lend', 'for', '2h')
        self.restart()
        after = self.said('status')['say']
        self.assertIsNone(after['pause'])
        self.assertIsNotNone(after['lend'])
        self.assertEqual(0.5, after['memory'])
        self.host.quota_is(ALL)

    def test_what_cannot_be_read_is_a_pause(self) -> None:
        self.host.end(signal.SIGKILL)
        (self.host.dir / 'state/say.json').write_text('{"pau')
        self.host.start()
        host.wait_for(self.host.bus.has_agent, 'the agent on the bus')
        status = self.said('status')
        self.assertEqual(LEAST_US, self.host.cgroups.quota())
        self.assertIn('cannot be read', status['reason'])
        self.said('resume')
        self.host.quota_is(ALL)
        self.restart()
        self.host.quota_is(ALL)

    def test_lend_at_the_keyboard(self) -> None:
        self.host.bus.add_session()
        self.host.touch()
        self.host.quota_is(ACTIVE_US)
        status = self.said('lend')
        everything = (ALL, (os.cpu_count() or 1) * 100_000)
        self.assertIn(self.host.cgroups.quota(), everything)
        self.assertTrue(status['cap']['admit'])
        self.host.touch()
        time.sleep(0.2)
        self.assertIn(self.host.cgroups.quota(), everything)
        self.said('resume')
        self.host.touch()
        self.host.quota_is(ACTIVE_US)

    def test_cap_narrows_what_is_lent(self) -> None:
        cpus = os.cpu_count() or 1
        status = self.said('cap', 'cpus=50%', 'memory=512M')
        self.assertEqual(cpus / 2, status['cap']['cpus'])
        self.assertIn(status['cap']['memory_mib'], (511, 512))
        self.assertEqual(cpus * 50_000, self.host.cgroups.quota())
        status = self.said('cap', 'memory=none')
        self.assertEqual(0.5, status['say']['cpu'])
        self.assertIsNone(status['say']['memory'])
        self.said('resume')
        self.assertEqual(cpus * 50_000, self.host.cgroups.quota())
        self.said('cap', 'none')
        self.host.quota_is(ALL)

    def test_expires_by_itself_and_tells(self) -> None:
        signals = asyncio.run(self._paused_for_a_moment())
        self.host.quota_is(ALL)
        paused = [each['PausedUntil'].value for each in signals]
        self.assertGreater(paused[0], time.time() - 10)
        self.assertEqual(0, paused[-1])

    async def _paused_for_a_moment(self) -> list[dict[str, object]]:
        """Pause, and give the signals until it is over."""
        address = f'unix:path={self.host.bus.socket}'
        bus = await dbus_fast.aio.MessageBus(address).connect()
        seen: list[dict[str, object]] = []
        over = asyncio.Event()

        def hear(message: dbus_fast.Message) -> None:
            if message.member != 'PropertiesChanged':
                return
            changed = message.body[1]
            if 'PausedUntil' in changed:
                seen.append(changed)
                if changed['PausedUntil'].value == 0:
                    over.set()

        async def call(name: str, member: str, *body: object) -> None:
            path = f'/{name.replace(".", "/")}'
            kind = {'Pause': 't', 'AddMatch': 's'}[member]
            reply = await bus.call(
                dbus_fast.Message(
                    destination=name,
                    path=path,
                    interface=name,
                    member=member,
                    signature=kind,
                    body=list(body),
                )
            )
            self.assertIsNone(reply.error_name, reply.body)

        bus.add_message_handler(hear)
        rule = f"type='signal',sender='{host.NAME}'"
        await call('org.freedesktop.DBus', 'AddMatch', rule)
        await call(host.NAME, 'Pause', int(time.time()) + 2)
        self.assertEqual(LEAST_US, self.host.cgroups.quota())
        await asyncio.wait_for(over.wait(), 5)
        bus.disconnect()
        return seen

    def test_bad_values_are_named(self) -> None:
        nan = float('nan')
        year_s = 366 * 86400
        for member, signature, body, name in (
            ('Pause', 't', (int(time.time()) - 5,), 'until_unix'),
            ('Lend', 't', (int(time.time()) + year_s + 60,), 'until_unix'),
            ('Lend', 't', (2**64 - 1,), 'until_unix'),
            ('SetCap', 'dd', (1.5, -1.0), 'cpu'),
            ('SetCap', 'dd', (-1.0, nan), 'memory'),
        ):
            reply = host.call(self.host.bus.socket, member, signature, *body)
            self.assertEqual(f'{host.NAME}.Error.BadValue', reply.error_name)
            self.assertIn(f'{name} = ', reply.body[0])
        self.assertEqual(ALL, self.host.cgroups.quota())
        done = self.say('pause', 'for', '5x')
        self.assertEqual(2, done.returncode)
        self.assertIn("'5x' is not a time such as", done.stderr)

    def test_watch_shows_it_a_line_a_change(self) -> None:
        watch = self.start('watch', '--json', stdout=subprocess.PIPE)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        assert watch.stdout is not None
        first = json.loads(watch.stdout.readline())
        self.assertEqual('away', first['status']['presence'])
        self.said('pause')
        for line in watch.stdout:
            found = json.loads(line)
            if 'paused' in found['status']['reason']:
                break
        self.assertEqual(0, found['status']['cap']['cpus'])
        watch.send_signal(signal.SIGINT)
        self.assertEqual(0, watch.wait(5))

    def test_is_in_the_record(self) -> None:
        self.said('pause')
        changes = self.said('explain')['changes']
        (found,) = [each for each in changes if each['what'] == 'say']
        self.assertEqual('nothing', found['before'])
        self.assertEqual('paused until resumed', found['after'])
        self.assertEqual('user 0 said so', found['why'])
        (cap,) = [
            each
            for each in changes
            if each['what'] == 'cap' and each['after'].startswith('0 CPUs')
        ]
        self.assertIn('the owner paused the lending', cap['why'])


class WhoTest(SayCase):
    def refused(self, *words: str) -> str:
        """Run a command of nobody's that has to be refused."""
        done = self.say(*words, uid=NOBODY)
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertEqual(ALL, self.host.cgroups.quota())
        return done.stderr

    def test_allowed_by_polkit_and_no_more(self) -> None:
        self.host.bus.start_polkit(f'{ACTIONS}.pause', f'{ACTIONS}.resume')
        self.said('pause', uid=NOBODY)
        self.assertEqual(LEAST_US, self.host.cgroups.quota())
        self.said('resume', uid=NOBODY)
        self.host.quota_is(ALL)
        text = self.refused('lend')
        self.assertIn(f'user {NOBODY} may not lend', text)
        self.assertIn(f'{ACTIONS}.lend', text)
        self.assertIn('set a cap', self.refused('cap', 'cpus=50%'))
        changes = self.said('explain', uid=NOBODY)['changes']
        why = [each['why'] for each in changes if each['what'] == 'say']
        self.assertEqual([f'user {NOBODY} said so'] * 2, why)

    def test_without_polkit_root_only(self) -> None:
        for words in (('pause',), ('resume',), ('lend',), ('cap', 'none')):
            self.assertIn('only root may', self.refused(*words))
        self.said('pause')
        self.assertEqual(LEAST_US, self.host.cgroups.quota())

    def test_polkit_that_hangs_bars_nobody_else(self) -> None:
        self.host.bus.start_polkit()
        self.host.bus.tell_polkit('SimulateHang', 'b', True)
        asking = [
            self.start('pause', uid=NOBODY, stderr=subprocess.PIPE)
            for _ in range(2)
        ]
        self.said('pause')
        self.said('resume')
        for each in asking:
            _, text = each.communicate(timeout=10)
            self.assertEqual(1, each.returncode)
            self.assertIn('polkit does not answer', text)

    def test_policy_names_the_actions(self) -> None:
        shipped = host.POLICY.with_suffix('.policy').read_text()
        for action in ('pause', 'resume', 'lend', 'set-cap'):
            self.assertIn(f'id="{ACTIONS}.{action}"', shipped)


class FloodTest(SayCase):
    def test_input_is_first_in_a_flood_of_questions(self) -> None:
        before_kib = self.rss_kib()
        flood = subprocess.Popen(
            [
                sys.executable,
                '-c',
                FLOOD,
                f'unix:path={self.host.bus.socket}',
            ],
            cwd=host.ROOT,
            stderr=subprocess.DEVNULL,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
        )
        self.addCleanup(flood.wait)
        self.addCleanup(flood.kill)
        time.sleep(1)  # as long as the flood's first burst may last
        taken_ms = sorted(self.reaction_ms() for _ in range(20))
        self.assertIsNone(flood.poll())
        print(
            f'\ninput under a flood: p50 {taken_ms[10]:.1f} ms, '
            f'max {taken_ms[-1]:.1f} ms',
            file=sys.stderr,
        )
        self.assertLess(taken_ms[10], 20)
        self.assertLess(taken_ms[-1], 60)
        self.assertLess(self.rss_kib() - before_kib, 4096)
        self.said('pause')  # others are still heard
        self.assertEqual(LEAST_US, self.host.cgroups.quota())

    def reaction_ms(self) -> float:
        self.host.quota_is(ALL)
        begin = time.perf_counter()
        self.host.touch()
        while self.host.cgroups.quota() == ALL:
            self.assertLess(time.perf_counter() - begin, 5)
            time.sleep(0.0002)
        return (time.perf_counter() - begin) * 1000

    def rss_kib(self) -> int:
        assert self.host.agent is not None
        path = pathlib.Path(f'/proc/{self.host.agent.pid}/status')
        return int(path.read_text().partition('VmRSS:')[2].split()[0])
