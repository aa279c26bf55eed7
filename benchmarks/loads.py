# SPDX-License-Identifier: Apache-2.0
"""What an owner does at a workstation, as loads that are timed."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SOURCE = Path(__file__).with_name('load.c')
PERIOD_US = 10_000
WORK_US = 3_000
COPY_MIB = 64
"""More than the caches of most machines hold."""
FILES = 8
_FUNCTIONS = 140

MAKEFILE = """objects := $(patsubst %.c,%.o,$(sort $(wildcard *.c)))
all: $(objects)
%.o: %.c
\tgcc -O2 -c -o $@ $<
"""

FUNCTION = """
static long step_{name}(long *table, long count)
{{
    long sum = {name};
    for (long at = 0; at < count; at++) {{
        switch ((table[at] ^ sum) & 7) {{
        case 0: sum += table[at] * {name}; break;
        case 1: sum ^= sum << 3; table[at] += sum; break;
        case 2: sum -= table[(at * 7) % count]; break;
        case 3: table[at] = sum >> 2; break;
        default: sum = sum * 31 + at;
        }}
    }}
    return sum;
}}
"""

Load = Callable[[float], list[float]]
"""Goes on for that many seconds; gives its readings in order."""


def source(number: int) -> str:
    """Write one of the C files that are compiled; the same each time."""
    names = [number * _FUNCTIONS + each for each in range(_FUNCTIONS)]
    steps = [f'step_{name}(table, count)' for name in names]
    return (
        ''.join(FUNCTION.format(name=name) for name in names)
        + f'\nlong all_{number}(long *table, long count)\n'
        + '{\n    return '
        + '\n        + '.join(steps)
        + ';\n}\n'
    )


class Loads:
    """The loads by name; built where the owner's files are.

    ``wake``: on each core 3 ms of work each 10 ms; milliseconds from when it
    was due until it was done, of every piece. ``batch``: a compile with as
    many jobs as cores; seconds of each. ``membw``: one task copies memory;
    its GB/s. ``fsync``: 4 KiB appended and made safe at a time; milliseconds
    of each.
    """

    def __init__(self, directory: Path) -> None:
        """Compile the program, and find how much work takes 3 ms.

        Nothing else should run meanwhile.
        """
        self.program = directory / 'load'
        to = ('-o', str(self.program), str(SOURCE), '-lm')
        subprocess.run(['gcc', '-O2', '-pthread', *to], check=True)
        self._sources = directory / 'sources'
        self._sources.mkdir()
        (self._sources / 'Makefile').write_text(MAKEFILE)
        for number in range(FILES):
            file = self._sources / f'file_{number}.c'
            file.write_text(source(number))
        self._file = directory / 'owner-file'
        self._steps = int(self._run('calibrate', WORK_US)[0])
        self.by_name: dict[str, Load] = {
            'wake': self.wake,
            'batch': self.batch,
            'membw': self.membw,
            'fsync': self.fsync,
        }

    def wake(self, seconds: float) -> list[float]:
        """Give the milliseconds of each piece of work, core after core."""
        late_ns = self._run('wake', seconds, PERIOD_US, self._steps)
        return [each / 1e6 for each in late_ns]

    def batch(self, seconds: float) -> list[float]:
        """Compile until the time is over; give the seconds of each."""
        command = ['make', '-B', '-s', f'-j{os.cpu_count()}']
        took_s: list[float] = []
        while sum(took_s) < seconds:
            begin_s = time.perf_counter()
            subprocess.run(command, cwd=self._sources, check=True)
            took_s.append(time.perf_counter() - begin_s)
        return took_s

    def membw(self, seconds: float) -> list[float]:
        """Give the gigabytes that were copied each second."""
        return [each / 1e9 for each in self._run('copy', seconds, COPY_MIB)]

    def fsync(self, seconds: float) -> list[float]:
        """Give the milliseconds of each write."""
        took_ns = self._run('sync', seconds, self._file)
        return [each / 1e6 for each in took_ns]

    @contextlib.contextmanager
    def job(self, count: int) -> Iterator[Callable[[], float]]:
        """Burn ``count`` CPUs; give what tells their CPU seconds so far."""
        with contextlib.ExitStack() as stack:
            pids = [self._burn(stack) for _ in range(count)]
            yield lambda: sum(map(cpu_s, pids))

    def _burn(self, stack: contextlib.ExitStack) -> int:
        process = subprocess.Popen([self.program, 'burn'])
        stack.callback(process.wait)
        stack.callback(process.kill)
        return process.pid

    def _run(self, *words: object) -> list[float]:
        done = subprocess.run(
            [self.program, *map(str, words)],
            capture_output=True,
            check=True,
            text=True,
        )
        return [float(line) for line in done.stdout.split()]


def cpu_s(pid: int) -> float:
    """Read the CPU time that a process has used, all threads."""
    # As clock_getcpuclockid(3) makes it: the scheduler's nanoseconds.
    return time.clock_gettime((~pid << 3) | 2)
