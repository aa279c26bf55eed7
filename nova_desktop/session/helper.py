# SPDX-License-Identifier: Apache-2.0
"""The helper as a process: what runs, and in which order it ends."""

import asyncio
import dataclasses
import logging
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nova_desktop.session import backend, choose, login, notices, report

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen on the command line.

    ``idle_ms``: input counts as one for that long. ``session_id`` is asked of
    logind where it is empty. ``notify_every_s``: each kind of notice at most
    once in that many seconds, none at all for 0.
    """

    backend: str = choose.AUTO
    idle_ms: int = 5000
    session_id: str = ''
    notify_every_s: float = 600.0


async def run(options: Options, env: Mapping[str, str]) -> None:
    """Serve until the display is gone or SIGTERM; raise HostUnready."""
    session = options.session_id or await login.session_id(env)
    directory = env.get('XDG_RUNTIME_DIR', '')
    try:
        with login.only_one(Path(directory) if directory else None, session):
            await _serve(options, env, session)
    except BlockingIOError:
        LOG.info('Session %s has a helper already', session)


async def _serve(
    options: Options, env: Mapping[str, str], session: str
) -> None:
    signs: asyncio.Queue[backend.Sign] = asyncio.Queue()
    watched = await choose.start(
        options.backend, env, options.idle_ms, signs.put_nowait
    )
    LOG.info('Session %s is watched by %s', session, watched.name)
    reporter = report.Reporter(session, watched.name)
    works = [reporter.run(), _forward(signs, reporter)]
    if options.notify_every_s:
        words = notices.Words(options.notify_every_s)
        works.append(notices.Notices(words).run())
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await _end(watched, tasks)
        await reporter.bye()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        watched.stop()


async def _forward(
    signs: asyncio.Queue[backend.Sign], reporter: report.Reporter
) -> None:
    while True:
        reporter.sign(await signs.get())


async def _end(
    watched: backend.Backend, tasks: Sequence[asyncio.Future[None]]
) -> None:
    """Wait until the display is gone or the process is asked to end.

    Whatever else ends before, ends in an error, which is raised.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    ends: set[asyncio.Future[Any]] = {
        asyncio.ensure_future(watched.lost()),
        asyncio.ensure_future(stopping.wait()),
    }
    try:
        await asyncio.wait(
            {*ends, *tasks}, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        for end in ends:
            end.cancel()
    for task in tasks:
        if task.done():
            task.result()
