# SPDX-License-Identifier: Apache-2.0
"""A workstation to measure on: cgroups, input nodes, bus and agent."""

import asyncio
import contextlib
import functools
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import bus, groups

NAME = 'org.openstack.NovaDesktop1'
NO_LIMIT = -1
_NAP_S = 0.0001
_LIMIT_S = 5.0
KEY = struct.pack('llHHi', 0, 0, 1, 30, 1) + struct.pack(
    'llHHi', 0, 0, 0, 0, 0
)

PATHS = """
[agent]
state_dir = {dir}/state
[sensing]
input_dir = {dir}/input
[slice]
parent = {parent}
"""

SHORT_HOLDS = """
[sensing]
window_s = 0.1
[presence]
active_hold_s = 0.15
locked_away_after_s = 0.15
away_after_s = 3600
settle_s = 0
cool_down_s = 0
demand_cpus = 1024
demand_pressure = 1
[cap]
give_back_hold_s = 0
"""
"""Holds are for people; a cycle of a benchmark should take 0.25 s.

The measuring itself must not count as the owner's demand.
"""


class Unready(Exception):
    """This machine cannot be measured on, or the agent does not work."""


class Workstation:
    """All of it, made on entering and removed on leaving, come what may."""

    def __init__(self, settings: str = '') -> None:
        self._settings = settings
        self.stack = contextlib.ExitStack()
        self.parent = f'ndbench-{os.getpid()}'

    def __enter__(self) -> 'Workstation':
        with contextlib.ExitStack() as made:
            self.stack = made
            self._make()
            self.stack = made.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _make(self) -> None:
        _require()
        self.dir = Path(tempfile.mkdtemp(prefix='ndbench-'))
        self.stack.callback(shutil.rmtree, self.dir)
        (self.dir / 'state').mkdir()
        (self.dir / 'input/by-path').mkdir(parents=True)
        self.key = self._device('event0', 'kbd')
        self.mouse = self._device('event1', 'mouse')
        self._make_groups()
        self.bus = bus.PrivateBus(self.dir, self.stack)
        wait_for(self.bus.has_logind, 'logind on the bus')
        self._start_agent()
        self._open_quota()

    def _device(self, name: str, kind: str) -> int:
        """Make a pipe that stands in for an input device; give its end."""
        node = self.dir / 'input' / name
        os.mkfifo(node)
        link = self.dir / f'input/by-path/{name}-event-{kind}'
        link.symlink_to(node)
        fd = os.open(node, os.O_RDWR | os.O_NONBLOCK)
        self.stack.callback(os.close, fd)
        return fd

    def _make_groups(self) -> None:
        self.stack.callback(self._remove_groups)
        groups.make(self.parent)
        # Who measures and the bus stand beside the slice.
        back = groups.become_owner(self.parent, os.getpid())
        for procs, pid in back.items():
            self.stack.callback(procs.write_text, str(pid))

    def _remove_groups(self) -> None:
        for top in groups.tops():
            for group in sorted(top.glob(f'{self.parent}/**/'), reverse=True):
                # Who was killed leaves the group a moment later.
                removed = functools.partial(groups.removed, group)
                wait_for(removed, f'{group} gone')

    def _start_agent(self) -> None:
        config = self.dir / 'agent.conf'
        paths = PATHS.format(dir=self.dir, parent=self.parent)
        config.write_text(paths + self._settings)
        self._log = self.dir / 'log'
        command = [sys.executable, '-P', '-m', 'nova_desktop.cmd.agent']
        env = os.environ | self.bus.env | {'PYTHONPATH': str(bus.ROOT)}
        with self._log.open('wb') as log:
            self._agent = subprocess.Popen(
                [*command, f'--config-file={config}'],
                env=env,
                stdout=log,
                stderr=log,
            )
        self.stack.callback(self._agent.wait)
        self.stack.callback(self._agent.kill)

    def _open_quota(self) -> None:
        self.slices = {
            name: groups.CGROUPS / name / self.parent / groups.SLICE
            for name in ('cpu', 'freezer')
        }
        file = self.slices['cpu'] / 'cpu.cfs_quota_us'
        wait_for(file.exists, 'the slice', self.log)
        self._quota = os.open(file, os.O_RDONLY)
        self.stack.callback(os.close, self._quota)

    def log(self) -> str:
        """Give what the agent wrote last."""
        return self._log.read_text()[-2000:]

    def quota_us(self) -> int:
        """Read the limit that the kernel has in force."""
        return int(os.pread(self._quota, 32, 0))

    def wait_free(self, within_s: float = 10.0) -> None:
        """Wait until the owner is away and the guests have no limit."""
        wait_for(self._free, 'no limit', self.log, within_s)

    def _free(self) -> bool:
        return self.quota_us() == NO_LIMIT

    def cap_cpus(self) -> float:
        """Give the CPUs that the limit in force leaves to the guests."""
        period = self.slices['cpu'] / 'cpu.cfs_period_us'
        return self.quota_us() / int(period.read_text())

    def status(self) -> dict[str, Any]:
        """Ask the agent for all of its properties."""

        async def ask() -> dict[str, Any]:
            async with bus.Client(self.bus.socket) as client:
                target = (NAME, bus.AGENT, 'org.freedesktop.DBus.Properties')
                (found,) = await client.call(target, 'GetAll', 's', NAME)
            return {name: each.value for name, each in found.items()}

        return asyncio.run(ask())

    def call(self, member: str, signature: str = '', *body: Any) -> float:
        """Call the agent as root; give the moment right before."""

        async def say() -> float:
            async with bus.Client(self.bus.socket) as client:
                now_s = time.perf_counter()
                target = (NAME, bus.AGENT, NAME)
                await client.call(target, member, signature, *body)
            return now_s

        return asyncio.run(say())

    def press(self) -> float:
        """Press a key; give the moment right before."""
        now_s = time.perf_counter()
        os.write(self.key, KEY)
        return now_s

    def limit_at(
        self, each_look: Callable[[], object] = lambda: None
    ) -> tuple[float, float]:
        """Wait for a limit: give the last look without it, the first with.

        Looks each 0.1 ms and sleeps between, so that no core is taken.
        """
        last_s = time.perf_counter()
        end_s = last_s + _LIMIT_S
        while self.quota_us() == NO_LIMIT:
            last_s = time.perf_counter()
            if last_s > end_s:
                raise Unready(f'no limit within {_LIMIT_S} s\n{self.log()}')
            each_look()
            time.sleep(_NAP_S)
        return last_s, time.perf_counter()

    def agent_cpu_s(self) -> float:
        """Read the CPU time that the agent has used, all threads."""
        # As clock_getcpuclockid(3) makes it: the scheduler's nanoseconds.
        return time.clock_gettime((~self._agent.pid << 3) | 2)

    def agent_rss_mib(self) -> float:
        """Read the agent's resident memory."""
        status = Path(f'/proc/{self._agent.pid}/status').read_text()
        return int(status.partition('VmRSS:')[2].split()[0]) / 1024


def wait_for(
    check: Callable[[], object],
    what: str,
    log: Callable[[], str] = str,
    within_s: float = 10.0,
    nap_s: float = 0.001,
) -> None:
    """Wait until ``check`` gives something true; raise Unready."""
    end_s = time.monotonic() + within_s
    while not check():
        if time.monotonic() > end_s:
            raise Unready(f'not within {within_s:g} s: {what}\n{log()}')
        time.sleep(nap_s)


def _require() -> None:
    if os.geteuid() != 0:
        raise Unready('needs root, for cgroups of its own')
    for name in ('cpu', 'cpuset', 'freezer'):
        if not (groups.CGROUPS / name / 'cgroup.procs').exists():
            raise Unready(
                f'needs cgroup v1: {groups.CGROUPS / name} is missing'
            )
    for program in ('dbus-daemon', '/usr/bin/python3'):
        if shutil.which(program) is None:
            raise Unready(f'needs {program}, which is not installed')
