# SPDX-License-Identifier: Apache-2.0
"""The script for instances, in real shells, with real curl and real HTTP."""

import http.server
import json
import math
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

from nova_desktop import messages, model
from nova_desktop.policy import lease
from nova_desktop.reclaim import foreseen, notice, nouns, vendordata
from tests.unit.reclaim import fakes

GUEST = pathlib.Path(__file__).parents[3] / 'guest'
SCRIPT = GUEST / 'nova-desktop-notice'
SERVER = str(uuid.uuid4())
WAIT_S = 15.0
HOOK = """#!/bin/sh
echo "$NOTICE_EVENT $NOTICE_ACTION $NOTICE_DEADLINE $NOTICE_SECONDS_LEFT \
odds=$NOTICE_ODDS $NOTICE_REASON" >>"$HOOK_LOG"
"""

LEASE = lease.Lease(0.0, 4e9, model.ReclaimAction.SHELVE)


class Metadata(http.server.ThreadingHTTPServer):
    """Answers as Nova does, with what the reclaim service says."""

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Handler)
        self.table = notice.Table()
        self.foreseen = foreseen.Foreseen(nouns.Clock())
        self.app = vendordata.Application(
            self.table,
            fakes.settings(),
            lambda server_id: LEASE,
            self.foreseen,
        )
        self.fails = False
        self.asked = threading.Event()

    def entry(self) -> dict:
        """Give our entry; Nova shows an empty one when it gets no answer."""
        if self.fails:
            return {}
        return self.app.notice(SERVER, {}) | self.app.lease(SERVER)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Metadata

    def do_GET(self) -> None:
        answer = {
            'first': {'event': 'notice', 'action': 'no', 'deadline': 1},
            'desktop': self.server.entry(),
            'last': {'event': 'notice', 'action': 'no', 'deadline': 2},
        }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.server.asked.set()

    def log_message(self, *args) -> None:
        """Say nothing."""


class Script:
    """The script, running, and its folders."""

    def __init__(self, shell: tuple[str, ...], url: str) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.run, self.hooks = self.folder / 'run', self.folder / 'notice.d'
        self.run.mkdir()
        self.hooks.mkdir()
        self.log = self.folder / 'log'
        self.log.write_text('')
        self.shell = shell
        self.environment = {
            'PATH': '/usr/bin:/bin:/usr/sbin:/sbin',
            'HOOK_LOG': str(self.log),
            'NOVA_DESKTOP_CONF': str(self.folder / 'no.conf'),
            'NOVA_DESKTOP_HOOKS': str(self.hooks),
            'NOVA_DESKTOP_RUN': str(self.run),
            'NOVA_DESKTOP_URL': url,
            'NOVA_DESKTOP_POLL_S': '1',
        }
        self.add_hook('50-log', HOOK)

    def add_hook(self, name: str, text: str, mode: int = 0o755) -> None:
        path = self.hooks / name
        path.write_text(text)
        path.chmod(mode)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*self.shell, SCRIPT], env=self.environment
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WAIT_S)

    def ack(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.shell, SCRIPT, 'ack'],
            env=self.environment,
            capture_output=True,
            text=True,
        )

    def write(self, told: messages.Notice) -> None:
        """Write the file as the QEMU guest agent does."""
        text = json.dumps(told.to_guest(), sort_keys=True) + '\n'
        (self.run / 'notice').write_text(text)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    def wait(self, count: int) -> list[str]:
        """Wait for so many lines of the hook; give them."""
        end = time.monotonic() + WAIT_S
        while len(self.lines()) < count and time.monotonic() < end:
            time.sleep(0.05)
        found = self.lines()
        if len(found) != count:
            raise AssertionError(f'{count} lines expected: {found}')
        return found


def soon(seconds: float = 100.0) -> float:
    return time.time() + seconds


def told(deadline: float, action: str = 'shelve', **more) -> messages.Notice:
    return messages.Notice(
        SERVER, action, deadline, more.pop('reason', 'the owner'), **more
    )


class Cases:
    """What has to hold in each shell."""

    shell: tuple[str, ...]

    def setUp(self) -> None:
        self.metadata = Metadata()
        threading.Thread(
            target=self.metadata.serve_forever, daemon=True
        ).start()
        self.addCleanup(self.metadata.server_close)
        self.addCleanup(self.metadata.shutdown)
        port = self.metadata.server_address[1]
        self.script = Script(self.shell, f'http://127.0.0.1:{port}/v')
        self.addCleanup(shutil.rmtree, self.script.folder)

    def start(self) -> None:
        self.script.start()
        self.addCleanup(self.script.stop)

    def polled(self) -> None:
        """Wait until the metadata was asked, and looked at, once more."""
        for _ in range(2):
            self.metadata.asked.clear()
            self.assertTrue(self.metadata.asked.wait(WAIT_S))
        time.sleep(1.2)

    def test_syntax(self) -> None:
        subprocess.run([*self.shell, '-n', SCRIPT], check=True)

    def test_by_metadata_once_and_withdrawn(self) -> None:
        deadline = soon()
        self.start()
        self.polled()
        self.metadata.table.put(told(deadline, reason='say "hi" } {'))
        [line] = self.script.wait(1)
        match = re.fullmatch(
            rf'notice shelve {math.ceil(deadline)} (\d+) odds= say "hi" \) \(',
            line,
        )
        self.assertTrue(match, line)
        self.assertGreater(int(match[1]), 85)
        self.polled()
        self.metadata.table.drop(SERVER)
        self.assertIn('withdrawn', self.script.wait(2)[1])

    def test_a_service_that_is_down_withdraws_nothing(self) -> None:
        self.metadata.table.put(told(soon()))
        self.start()
        self.script.wait(1)
        self.metadata.fails = True
        self.polled()
        self.assertEqual(1, len(self.script.lines()))

    def test_by_the_agent_first_and_then_by_metadata(self) -> None:
        deadline = soon()
        self.start()
        self.polled()
        self.script.write(told(deadline))
        self.script.wait(1)
        # The metadata still says that there is none.
        self.polled()
        self.metadata.table.put(told(deadline))
        self.polled()
        self.assertEqual(1, len(self.script.lines()))
        self.script.write(told(0.0, ''))
        self.assertIn('withdrawn', self.script.wait(2)[1])

    def test_at_risk_then_early_then_real(self) -> None:
        self.start()
        until = soon(500)
        self.script.write(told(until, '', odds=0.8))
        [line] = self.script.wait(1)
        self.assertIn(f'at-risk  {math.ceil(until)} ', line)
        self.assertIn('odds=0.8 the owner', line)
        early = soon(600)
        now = time.time()
        self.metadata.foreseen.put(
            foreseen.Risk('desk1', told(early, odds=0.8), until, now, now + 99)
        )
        self.assertIn(
            f'notice shelve {math.ceil(early)}', self.script.wait(2)[1]
        )
        self.script.write(told(early))
        self.polled()
        self.assertEqual(2, len(self.script.lines()), 'it is the same notice')
        self.script.write(told(early - 200))
        self.script.wait(3)

    def test_every_executable_is_run_whatever_the_others_do(self) -> None:
        self.script.add_hook('10-fails', '#!/bin/sh\nexit 3\n')
        self.script.add_hook('20-data', HOOK, 0o644)
        self.script.add_hook('60-second', HOOK)
        self.script.write(told(soon()))
        self.start()
        self.script.wait(2)

    def test_hooks_end_at_the_deadline(self) -> None:
        slow = (
            '#!/bin/sh\ntrap \'echo ended >>"$HOOK_LOG"; exit\' TERM\n'
            'sleep 60 & wait\n'
        )
        self.script.add_hook('90-slow', slow)
        self.script.write(told(soon(3)))
        began = time.monotonic()
        self.start()
        self.assertEqual('ended', self.script.wait(2)[1])
        self.assertLess(time.monotonic() - began, 8)

    def test_other_news_end_hooks_too(self) -> None:
        slow = (
            '#!/bin/sh\n[ $NOTICE_EVENT = at-risk ] || exit 0\n'
            'trap \'echo ended >>"$HOOK_LOG"; exit\' TERM\n'
            'sleep 60 & wait\n'
        )
        self.script.add_hook('10-slow', slow)
        self.script.write(told(soon(), '', odds=0.9))
        self.start()
        time.sleep(2)
        self.script.write(told(soon()))
        lines = self.script.wait(2)
        self.assertEqual(
            ['ended', 'notice'], sorted(x.split()[0] for x in lines)
        )

    def test_started_again_it_tells_nothing_twice(self) -> None:
        self.script.write(told(soon()))
        self.script.start()
        self.script.wait(1)
        self.script.stop()
        self.start()
        self.polled()
        self.assertEqual(1, len(self.script.lines()))

    def test_withdrawn_while_it_did_not_run(self) -> None:
        self.metadata.table.put(told(soon()))
        self.script.start()
        self.script.wait(1)
        self.script.stop()
        self.metadata.table.drop(SERVER)
        self.start()
        self.assertIn('withdrawn', self.script.wait(2)[1])

    def test_rubbish_is_survived(self) -> None:
        self.start()
        for text in (
            '',
            '{',
            '}\n',
            'x' * 9999 + '\n',
            '{"event": "notice", "deadline": $(touch /tmp/x)}\n',
            '{"event": "notice", "deadline": 1+a[0]}\n',
            '{"event": "notice", "deadline": "; exit}\n',
            '{"event": "notice"}\n',
            '{"event": "\n',
            '{"event": 7, "deadline": 99999999999999999999}\n',
            '\x00\xff}\n',
        ):
            (self.script.run / 'notice').write_text(text)
            time.sleep(1.1)
            self.assertIsNone(self.script.process.poll(), text)
        self.assertEqual([], self.script.lines())
        self.script.write(told(soon()))
        self.script.wait(1)

    def test_acknowledgement(self) -> None:
        done = self.script.ack()
        self.assertEqual(1, done.returncode)
        self.assertIn('no notice is in force', done.stderr)
        deadline = soon()
        self.script.write(told(deadline))
        self.start()
        self.script.wait(1)
        self.assertEqual(0, self.script.ack().returncode)
        text = (self.script.run / 'ack').read_text()
        self.assertEqual(f'{math.ceil(deadline)}\n', text)

    def test_a_hook_may_acknowledge(self) -> None:
        self.script.add_hook('99-ack', f'#!/bin/sh\nexec {SCRIPT} ack\n')
        self.script.write(told(soon()))
        self.start()
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if (self.script.run / 'ack').exists():
                return
            time.sleep(0.05)
        self.fail('no acknowledgement')

    def test_without_metadata(self) -> None:
        self.script.environment['NOVA_DESKTOP_URL'] = ''
        self.script.write(told(soon()))
        self.start()
        self.script.wait(1)
        self.assertFalse(self.metadata.asked.is_set())


@unittest.skipUnless(shutil.which('dash'), 'dash is not installed')
@unittest.skipUnless(shutil.which('curl'), 'curl is not installed')
class DashTest(Cases, unittest.TestCase):
    shell = ('dash',)


@unittest.skipUnless(shutil.which('busybox'), 'busybox is not installed')
@unittest.skipUnless(shutil.which('curl'), 'curl is not installed')
class BusyboxTest(Cases, unittest.TestCase):
    shell = ('busybox', 'sh')


@unittest.skipUnless(shutil.which('shellcheck'), 'no shellcheck')
class ShellcheckTest(unittest.TestCase):
    def test_clean(self) -> None:
        subprocess.run(['shellcheck', '-s', 'sh', SCRIPT], check=True)


if __name__ == '__main__':
    unittest.main()
