# SPDX-License-Identifier: Apache-2.0
"""An X server with a login's helper on it, and a hand on its keyboard."""

import os
import shutil
import subprocess
import sys

import xcffib
import xcffib.xtest

from benchmarks import bus, workstation

SESSION_ID = 'c2'
IDLE_MS = 1000
_KEYCODE = 38  # the letter a
# KeyPress and KeyRelease of the X protocol.
_PRESS_AND_RELEASE = (2, 3)


class Screen:
    """Runs on a workstation until that is left."""

    def __init__(self, host: workstation.Workstation) -> None:
        if shutil.which('Xvfb') is None:
            raise workstation.Unready('needs Xvfb, which is not installed')
        self._host = host
        display = self._serve()
        self._connection = xcffib.Connection(display=display)  # type: ignore[no-untyped-call]
        host.stack.callback(self._connection.disconnect)
        self._xtest = self._connection(xcffib.xtest.key)
        self._help(display)

    def press(self) -> None:
        """Press a key and let go; the server has it on return."""
        for kind in _PRESS_AND_RELEASE:
            self._xtest.FakeInput(kind, _KEYCODE, 0, 0, 0, 0, 0)
        self._connection.flush()

    def _serve(self) -> str:
        server = subprocess.Popen(
            ['Xvfb', '-displayfd', '1', '-screen', '0', '320x240x8'],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._until_left(server)
        assert server.stdout is not None
        with server.stdout as number:
            return f':{number.readline().decode().strip()}'

    def _help(self, display: str) -> None:
        runtime = self._host.dir / 'runtime'
        runtime.mkdir(mode=0o700)
        env = os.environ | self._host.bus.env
        env |= {
            'DISPLAY': display,
            'PYTHONPATH': str(bus.ROOT),
            'XDG_RUNTIME_DIR': str(runtime),
        }
        command = [sys.executable, '-P', '-m', 'nova_desktop.cmd.session']
        options = [
            *('--backend', 'x11', '--session-id', SESSION_ID),
            *('--idle-ms', str(IDLE_MS), '--notify-every-s', '0'),
        ]
        with (self._host.dir / 'helper.log').open('wb') as log:
            helper = subprocess.Popen(
                [*command, *options], env=env, stdout=log, stderr=log
            )
        self._until_left(helper)

    def _until_left(self, process: subprocess.Popen[bytes]) -> None:
        self._host.stack.callback(process.wait)
        self._host.stack.callback(process.kill)
