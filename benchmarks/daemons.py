# SPDX-License-Identifier: Apache-2.0
"""Programs that serve one benchmark, in a folder that goes with them."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import workstation
from sandbox import programs

_STARTED_S = 60.0
_ENDED_S = 20.0
_LOOK_S = 0.05


def require(*names: str) -> None:
    """Raise Unready where a program is not installed."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise workstation.Unready(f'needs {", ".join(missing)}')


class Daemons:
    """Starts them in a folder; both are gone once the stack is closed."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        require('setpriv')
        self._stack = stack
        # On a disk, and with a short name because of sockets.
        folder = tempfile.TemporaryDirectory(prefix='nd-', dir='/var/tmp')
        self.folder = Path(stack.enter_context(folder))
        self.env = {'PATH': programs.PATH, 'PYTHONWARNINGS': 'ignore'}

    def log(self, name: str) -> Path:
        """Give where what is called ``name`` writes to."""
        return self.folder / f'{name}.log'

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        answers: Callable[[], bool],
        env: Mapping[str, str] | None = None,
    ) -> int:
        """Start one and wait until it answers; give its pid."""
        log = self.log(name)
        with log.open('wb') as out:
            process = subprocess.Popen(
                # A session of its own: Ctrl-C is ours, and it ends with us.
                ['setpriv', '--pdeathsig', 'KILL', *command],
                env=self.env | dict(env or {}),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._stack.callback(_end, process)
        workstation.wait_for(
            answers,
            f'{name} answers',
            lambda: log.read_text()[-2000:],
            _STARTED_S,
            _LOOK_S,
        )
        return process.pid


def children(pid: int) -> list[int]:
    """Give the processes that a process has started."""
    listed = Path(f'/proc/{pid}/task/{pid}/children').read_text()
    return [int(child) for child in listed.split()]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDED_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
