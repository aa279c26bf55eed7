# SPDX-License-Identifier: Apache-2.0
"""A private system bus with the logind double on it, for tests."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).parents[3]
DEBIAN_PYTHON = '/usr/bin/python3'
WAIT_S = 10.0
CONFIG = """<busconfig>
  <type>system</type>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow user="*"/> <allow own="*"/>
    <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
"""


def has_double() -> bool:
    """Say whether Debian's Python has what the double needs."""
    try:
        command = [DEBIAN_PYTHON, '-c', 'import dbusmock, gi']
        return not subprocess.run(command, capture_output=True).returncode
    except OSError:
        return False


class BusTest(unittest.TestCase):
    """A test with a directory, a bus and a logind of its own."""

    def setUp(self) -> None:
        super().setUp()
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.dir = pathlib.Path(temporary.name)
        self.address = f'unix:path={self.dir}/bus'
        self.env = {
            **os.environ,
            'DBUS_SYSTEM_BUS_ADDRESS': self.address,
            'PYTHONPATH': str(ROOT),
        }
        config = self.dir / 'bus.conf'
        config.write_text(CONFIG.format(path=self.dir / 'bus'))
        self.spawn('dbus-daemon', '--nofork', f'--config-file={config}')
        self.wait_for(lambda: (self.dir / 'bus').exists())

    def start_logind(self) -> None:
        self.spawn(DEBIAN_PYTHON, '-m', 'sandbox.logind_double')
        self.wait_for(lambda: 'c1' in self.call('Manager.ListSessions'))

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a process that ends with the test."""
        log = (self.dir / 'log').open('ab')
        self.addCleanup(log.close)
        process = subprocess.Popen(
            command, env=self.env, stdout=log, stderr=log
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process

    def call(self, method: str, *values: str, session: bool = False) -> str:
        """Call logind; return what dbus-send prints, '' if it fails."""
        path = '/org/freedesktop/login1' + '/session/c1' * session
        interface = '' if '.DBus.' in method else 'org.freedesktop.login1.'
        return subprocess.run(
            [
                *('dbus-send', '--system', '--print-reply'),
                *('--dest=org.freedesktop.login1', path),
                *(interface + method, *values),
            ],
            env=self.env,
            capture_output=True,
            text=True,
        ).stdout

    def property(self, interface: str, name: str) -> str:
        """Return the last word of what a property holds."""
        interface = f'org.freedesktop.login1.{interface}'
        return self.call(
            'org.freedesktop.DBus.Properties.Get',
            f'string:{interface}',
            f'string:{name}',
            session=interface.endswith('Session'),
        ).split()[-1]

    def wait_for(self, condition: object) -> None:
        """Wait until a callable says true."""
        assert callable(condition)
        limit = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > limit:
                log = (self.dir / 'log').read_text()
                raise AssertionError(f'waited {WAIT_S} s in vain: {log}')
            time.sleep(0.02)
