# SPDX-License-Identifier: Apache-2.0
"""Run every kind of test and add up what passed.

    python -m sandbox.testing [PART...]

Parts: checks, unit, functional, demo, recovery; all of them by default. The
last line is ``N passed, N failed, N skipped``.
"""

import dataclasses
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox import layout, progress

BIN = layout.BIN
# Folders whose tests measure nothing and mostly wait.
_AT_ONCE = {'guest': 4, 'manage': 2, 'nova': 2, 'reclaim': 2, 'schedules': 2}
_TOTALS = re.compile(r'^ - (Passed|Failed|Skipped): (\d+)', re.MULTILINE)
# What stestr says about all that failed, between this title and its totals.
_FAILURES = re.compile(
    r'^Failed \d+ tests - output below:\n=+\n(.*?)\n=+\nTotals$',
    re.MULTILINE | re.DOTALL,
)
_FAILED = re.compile(r'^\{\d+\} (\S+) .*\.\.\. FAILED$', re.MULTILINE)
_LOG_LINE = re.compile(r'^\s*\d{4}-\d\d-\d\d .*\n', re.MULTILINE)
# Of each command that failed, so much is said again at the end.
_TAIL_CHARS = 6000


@dataclasses.dataclass(slots=True)
class Count:
    """How many tests passed, failed and were skipped, and why they failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: list[str] = dataclasses.field(default_factory=list)

    def add(self, other: 'Count') -> None:
        """Add another count to this one."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons


def _shown(command: Sequence[str | Path]) -> tuple[int, str]:
    """Run a command, showing its output; give its exit code and the output."""
    env = {**os.environ, 'PATH': f'{BIN}:{os.environ["PATH"]}'}
    lines = []
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=layout.SOURCE,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end='', flush=True)
            lines.append(line)
    return process.returncode, ''.join(lines)


def single(*command: str | Path) -> Count:
    """Run a command that counts as one test."""
    line = f'$ {" ".join(str(part) for part in command)}'
    print(line, flush=True)
    code, output = _shown(command)
    if not code:
        return Count(passed=1)
    return Count(failed=1, reasons=[f'{line}\n{output[-_TAIL_CHARS:]}'])


def stestr(folder: str, *options: str) -> Count:
    """Run a folder of tests and take stestr's totals."""
    path = f'./tests/{folder}'
    code, output = _shown(
        [BIN / 'stestr', '--test-path', path, 'run', *options]
    )
    found = {
        name.lower(): int(count) for name, count in _TOTALS.findall(output)
    }
    count = Count(
        found.get('passed', 0), found.get('failed', 0), found.get('skipped', 0)
    )
    if code and not count.failed:
        count.failed = 1
    if count.failed:
        names = '\n'.join(_FAILED.findall(output))
        said = _FAILURES.search(output)
        reason = _LOG_LINE.sub('', said[1] + '\n') if said else output
        count.reasons.append(f'{path}\n{names}\n{reason[-_TAIL_CHARS:]}')
    return count


def checks() -> Count:
    """Run what reads the source: ruff and mypy."""
    total = Count()
    trees = ('nova_desktop', 'nova/virt', 'sandbox', 'benchmarks', 'tests')
    total.add(single(BIN / 'ruff', 'check', *trees))
    total.add(single(BIN / 'ruff', 'format', '--check', *trees))
    total.add(single(BIN / 'mypy'))
    return total


def functional() -> Count:
    """Run each folder of functional tests in a process of its own.

    Nova decides for threads or for greenlets when it is first loaded, and
    keeps its options for the whole process: what one folder needs of that
    must not be what another one gets. One test at a time where some measure
    how fast the agent is.
    """
    total = Count()
    root = layout.SOURCE / 'tests' / 'functional'
    for path in sorted(root.glob('*/__init__.py')):
        begin = time.monotonic()
        workers = _AT_ONCE.get(path.parent.name, 1)
        count = stestr(
            f'functional/{path.parent.name}', f'--concurrency={workers}'
        )
        total.add(count)
        progress.say(
            f'functional/{path.parent.name}: {count.passed} passed in '
            f'{time.monotonic() - begin:.0f} s'
        )
    return total


def demo() -> Count:
    """Play the story on the sandbox, on eventlet and on native threads."""
    play = (layout.SOURCE / 'tools' / 'sandbox', 'demo')
    total = single(*play, '--eventlet')
    total.add(single(*play, '--json', layout.ROOT / 'demo.json'))
    return total


def recovery() -> Count:
    """Kill what the sandbox runs, one at a time; then take it all down."""
    sandbox = layout.SOURCE / 'tools' / 'sandbox'
    total = single(sandbox, 'up')
    total.add(stestr('sandbox', '--serial'))
    total.add(single(sandbox, 'down'))
    return total


PARTS: dict[str, Callable[[], Count]] = {
    'checks': checks,
    'unit': lambda: stestr('unit'),
    'functional': functional,
    'demo': demo,
    'recovery': recovery,
}


def main(names: list[str]) -> int:
    """Run the parts that were named, or all."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f'no part {unknown[0]!r}, only {", ".join(PARTS)}')
        return 2
    total = Count()
    times = []
    for name in names or PARTS:
        begin = time.monotonic()
        progress.say(f'part {name}')
        total.add(PARTS[name]())
        times.append(f'{name} {time.monotonic() - begin:.0f} s')
    # A log of an hour is cut by whoever keeps it; its end is what stays.
    for reason in total.reasons:
        print(f'failed: {reason}\n')
    print('took: ' + ', '.join(times))
    print(
        f'{total.passed} passed, {total.failed} failed, '
        f'{total.skipped} skipped'
    )
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
