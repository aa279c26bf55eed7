# SPDX-License-Identifier: Apache-2.0
"""Say what is done and how long it took; show the log of what failed."""

import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_STARTED = time.monotonic()
_TAIL_LINES = 15


class StepFailed(Exception):
    """A step did not work; carries the log that says why."""

    def __init__(self, what: str, log: Path | None = None) -> None:
        super().__init__(what)
        self.log = log


def say(text: str) -> None:
    """Print a line with the seconds since the start."""
    print(f'[{time.monotonic() - _STARTED:6.1f} s] {text}', flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step and say how long it took."""
    start = time.monotonic()
    say(f'{what} ...')
    yield
    say(f'{what}: done in {time.monotonic() - start:.1f} s')


def tail(log: Path) -> list[str]:
    """Give the last lines of a log file."""
    if not log.exists():
        return [f'({log} was never written)']
    with log.open(errors='replace') as lines:
        return [line.rstrip() for line in deque(lines, _TAIL_LINES)]


def report(failure: StepFailed) -> None:
    """Print a failure, the end of its log and how to see the rest."""
    print(f'\nFAILED: {failure}', file=sys.stderr)
    if failure.log is None:
        return
    for line in tail(failure.log):
        print(f'    {line}', file=sys.stderr)
    print(f'see all of it: less {failure.log}', file=sys.stderr)


def run(
    command: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str] | None = None,
    timeout_s: float = 900,
) -> None:
    """Run a command with its output in a log; raise StepFailed with it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open('ab') as out:
        try:
            done = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StepFailed(
                f'{command[0]} took longer than {timeout_s:.0f} s', log
            ) from None
    if done.returncode != 0:
        text = ' '.join(str(part) for part in command)
        raise StepFailed(f'{text} ended with {done.returncode}', log)
