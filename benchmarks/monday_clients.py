# SPDX-License-Identifier: Apache-2.0
"""The processes that share the workstations among them."""

import contextlib
import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing import connection
from typing import Any

import nova.conf
from nova import config, objects

from benchmarks import workstation
from benchmarks.monday_crowd import Crowd
from benchmarks.monday_desks import Desk
from benchmarks.monday_phase import Late, Told
from benchmarks.monday_plan import Plan
from nova_desktop.conf import desktop as options

_START_S = 2.0
_FORK = multiprocessing.get_context('fork')


class Clients:
    """Processes that are gone on leaving; each has its own hosts."""

    def __init__(
        self, url: str, shares: Sequence[tuple[list[Desk], Plan]]
    ) -> None:
        self._url = url
        self._shares = shares
        self._stack = contextlib.ExitStack()
        self._ends: list[Any] = []
        self._ended: list[int] = []
        self.pids: list[int] = []

    def __enter__(self) -> 'Clients':
        with contextlib.ExitStack() as made:
            self._stack = made
            for seed, (desks, plan) in enumerate(self._shares):
                self._start(desks, plan, seed)
            self._answers()
            self._stack = made.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, desks: list[Desk], plan: Plan, seed: int) -> None:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(
            target=_serve,
            args=(theirs, self._url, desks, plan, seed),
            daemon=True,
        )
        process.start()
        theirs.close()
        self._stack.callback(process.join)
        self._stack.callback(process.kill)
        self._ends.append(ours)
        self._ended.append(process.sentinel)
        self.pids.append(process.pid or 0)

    def begin(self, phase: str) -> float:
        """Have all begin a phase at one moment, which is given."""
        begin_s = time.monotonic() + _START_S
        for end in self._ends:
            end.send((phase, begin_s))
        return begin_s

    def wait(self, until_s: float) -> None:
        """Wait until a moment; raise Unready where a process has ended."""
        wait_s = max(0.0, until_s - time.monotonic())
        if connection.wait(self._ended, wait_s):
            raise workstation.Unready('a client has ended')

    def told(self) -> Told:
        """Wait until all have done the phase, and add what they saw."""
        told = Told()
        for each in self._answers():
            told.add(each)
        for failure in told.failures[:3]:
            print(failure, file=sys.stderr, flush=True)
        return told

    def _answers(self) -> list[Any]:
        try:
            return [end.recv() for end in self._ends]
        except EOFError:
            raise workstation.Unready('a client has ended') from None


def _serve(
    end: Any, url: str, desks: list[Desk], plan: Plan, seed: int
) -> None:
    # Whoever began this process ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Conflicts are counted; what Nova and its libraries say of them is noise.
    logging.disable(logging.ERROR)
    objects.register_all()
    config.parse_args([], default_config_files=[], configure_db=False)
    options.register(nova.conf.CONF)
    crowd = Crowd(url, desks, plan, seed)
    end.send('ready')
    with contextlib.suppress(EOFError):
        while True:
            phase, begin_s = end.recv()
            try:
                end.send(getattr(crowd, phase)(begin_s))
            except Late as problem:
                sys.exit(f'{phase}: {problem}')
