# SPDX-License-Identifier: Apache-2.0
"""How fast each source is heard beside busy guests, and what it costs."""

import argparse
import asyncio
import contextlib
import os
import random
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks import bus, figures, guests, result, screen, workstation

_ACTIVE, _IDLE, _AWAY = 'active', 'idle', 'away'
_AGENT = 'org.openstack.NovaDesktop1'
_CHANGE_S = 10.0
_AWAY_S = 120.0
_REST_BEFORE_S = 10.0
_FLOOD_PERIOD_S = 0.001
_BURST = 50
SHORT_WINDOW = """
[sensing]
window_s = 0.05
"""
"""A pipe holds less than a thousand moves, and is emptied once in a window.

With the shipped one a million of them would take ten minutes.
"""

_MOVE = b''.join(
    struct.pack('llHHi', 0, 0, kind, code, value)
    for kind, code, value in ((2, 0, 1), (2, 1, 1), (0, 0, 0))
)
"""What a mouse sends for one move: REL_X, REL_Y, SYN_REPORT."""

NOTES = (
    'guests are stand-ins: one busy process for each core, in the slice',
    'evdev, dbus: event -> PropertiesChanged at a client on the same bus; '
    '_limit: event -> the kernel file has it',
    'dbus is an unlocked session and begins before the call to the double '
    'of logind; dbus_double is that part of it',
    'x11 is a key that XTEST presses on Xvfb, by way of the session helper',
    'rest, flood: an agent with the shipped settings and without guests; '
    'rest begins 10 s after the guests were given everything',
    'growth: what the resident memory grew by over --events moves of a '
    'mouse, after a tenth of them had gone before, with windows of 0.05 s',
)

Samples = dict[str, list[float]]
Act = Callable[[], Awaitable[object]]


def options(command: argparse.ArgumentParser) -> None:
    """Add the options of this benchmark."""
    command.add_argument(
        '--samples',
        type=int,
        default=500,
        metavar='N',
        help='samples for each source (default %(default)s)',
    )
    command.add_argument(
        '--rest',
        type=float,
        default=60.0,
        metavar='SECONDS',
        help='how long the agent is watched at rest, and again under a '
        'flood (default %(default)s)',
    )
    command.add_argument(
        '--events',
        type=int,
        default=1_000_000,
        metavar='N',
        help='moves over which memory may not grow (default %(default)s)',
    )


def run(chosen: argparse.Namespace) -> result.Result:
    """Measure event -> presence decided, for each source, and the cost."""
    samples: Samples = defaultdict(list)
    with workstation.Workstation(workstation.SHORT_HOLDS) as host:
        busy = guests.Guests(host, os.cpu_count() or 1)
        busy.run(os.cpu_count() or 1)
        host.wait_free()
        asyncio.run(_events(host, max(1, chosen.samples), samples))
        samples['rss_mib'].append(round(host.agent_rss_mib(), 2))
    with workstation.Workstation() as host:
        cost = _cost(host, chosen.rest)
        samples['rss_mib'].append(round(host.agent_rss_mib(), 2))
    with workstation.Workstation(SHORT_WINDOW) as host:
        cost['growth_mib'] = _growth(host, chosen.events)
        samples['rss_mib'].append(round(host.agent_rss_mib(), 2))
    found = metrics(samples) | cost
    found['rss_mib'] = max(samples['rss_mib'])
    return result.Result('sensing', found, dict(samples), NOTES)


def metrics(samples: Samples) -> dict[str, float]:
    """Turn the times into metrics."""
    found: dict[str, float] = {}
    for name in (
        'x11',
        'evdev',
        'evdev_limit',
        'dbus',
        'dbus_limit',
        'dbus_lock',
        'dbus_double',
    ):
        found |= result.spread(name, samples[f'{name}_ms'])
    return found


class Ear:
    """Hears the agent's presence, and the double's own signal."""

    def __init__(self) -> None:
        self._changes: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self.double_s = 0.0

    def heard(self, path: str, changed: dict[str, Any]) -> None:
        """Take a change of properties from the bus."""
        now_s = time.perf_counter()
        if path == bus.SESSION and 'LockedHint' in changed:
            self.double_s = now_s
        if path == bus.AGENT and 'Presence' in changed:
            presence = str(changed['Presence'].value)
            self._changes.put_nowait((now_s, presence))

    async def until(self, presence: str) -> float:
        """Wait for a presence; give the moment when it was heard."""
        try:
            async with asyncio.timeout(_CHANGE_S):
                return await self._next(presence)
        except TimeoutError:
            raise workstation.Unready(
                f'the agent did not say {presence!r} within {_CHANGE_S:g} s'
            ) from None

    async def _next(self, presence: str) -> float:
        while True:
            at_s, found = await self._changes.get()
            if found == presence:
                return at_s


async def _events(
    host: workstation.Workstation, count: int, samples: Samples
) -> None:
    ear = Ear()
    async with bus.Client(host.bus.socket) as client:
        await _until_away(client)
        await client.hear(ear.heard)
        await client.log_in()
        await ear.until(_ACTIVE)
        await client.lock(True)
        await ear.until(_AWAY)
        for number in range(count):
            await _press(host, ear, samples)
            await _unlock(host, ear, client, samples)
            _progress(number, count)
        await _log_in_on_x11(host, ear, client, count, samples)


async def _until_away(client: bus.Client) -> None:
    """Wait until the agent knows of logind that nobody is logged in.

    A session that is older than that is none that somebody opened just now.
    """
    properties = (_AGENT, bus.AGENT, 'org.freedesktop.DBus.Properties')
    async with asyncio.timeout(_CHANGE_S):
        while True:
            with contextlib.suppress(RuntimeError):  # not on the bus yet
                [presence] = await client.call(
                    properties, 'Get', 'ss', _AGENT, 'Presence'
                )
                if presence.value == _AWAY:
                    return
            await asyncio.sleep(0.01)


def _progress(number: int, count: int) -> None:
    if number % 50 == 49:
        print(f'{number + 1} of {count}', file=sys.stderr)


async def _log_in_on_x11(
    host: workstation.Workstation,
    ear: Ear,
    client: bus.Client,
    count: int,
    samples: Samples,
) -> None:
    """Press keys that only a login sees."""
    await client.log_in(screen.SESSION_ID, os.geteuid(), 'root', active=False)
    login = screen.Screen(host)
    # The helper's first word, and what it says once that is over.
    await ear.until(_ACTIVE)
    await ear.until(_AWAY)
    print('by way of X11', file=sys.stderr)
    for number in range(count):
        begin_s = time.perf_counter()
        login.press()
        heard_s = await ear.until(_ACTIVE)
        samples['x11_ms'].append(figures.milliseconds(heard_s - begin_s))
        await ear.until(_AWAY)
        await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311
        _progress(number, count)


async def _press(
    host: workstation.Workstation, ear: Ear, samples: Samples
) -> None:
    async def press() -> None:
        host.press()

    await _react(host, ear, press, 'evdev', samples)
    await ear.until(_AWAY)


async def _unlock(
    host: workstation.Workstation,
    ear: Ear,
    client: bus.Client,
    samples: Samples,
) -> None:
    """Unlock the session, then lock it again."""
    begin_s = await _react(
        host, ear, lambda: client.lock(False), 'dbus', samples
    )
    samples['dbus_double_ms'].append(
        figures.milliseconds(ear.double_s - begin_s)
    )
    await ear.until(_IDLE)
    begin_s = time.perf_counter()
    await client.lock(True)
    away_s = await ear.until(_AWAY)
    samples['dbus_lock_ms'].append(figures.milliseconds(away_s - begin_s))


async def _react(
    host: workstation.Workstation,
    ear: Ear,
    act: Act,
    name: str,
    samples: Samples,
) -> float:
    """Act, and note when the signal came and when the limit was there."""
    host.wait_free()
    # At any moment of the agent's own ticks.
    await asyncio.sleep(random.uniform(0, 0.05))  # noqa: S311
    limit = asyncio.create_task(asyncio.to_thread(host.limit_at))
    await asyncio.sleep(0.005)  # the thread looks already
    begin_s = time.perf_counter()
    await act()
    heard_s = await ear.until(_ACTIVE)
    _before_s, limit_s = await limit
    samples[f'{name}_ms'].append(figures.milliseconds(heard_s - begin_s))
    samples[f'{name}_limit_ms'].append(figures.milliseconds(limit_s - begin_s))
    return begin_s


def _cost(host: workstation.Workstation, rest_s: float) -> dict[str, float]:
    """Measure what the agent takes of a CPU at rest and under a flood."""
    host.wait_free(_AWAY_S)
    time.sleep(_REST_BEFORE_S)
    print(f'at rest for {rest_s:g} s', file=sys.stderr)
    rest = _percent(host, rest_s)
    print('under a flood', file=sys.stderr)
    done = threading.Event()
    sent: list[int] = []
    thread = threading.Thread(target=_flood, args=(host.mouse, done, sent))
    thread.start()
    try:
        flood = _percent(host, rest_s)
    finally:
        done.set()
        thread.join()
    return {
        'rest_cpu_percent': rest,
        'flood_cpu_percent': flood,
        'flood_hz': round(len(sent) / rest_s, 1),
    }


def _percent(host: workstation.Workstation, for_s: float) -> float:
    begin_s, used_s = time.perf_counter(), host.agent_cpu_s()
    time.sleep(for_s)
    spent_s = host.agent_cpu_s() - used_s
    return round(100 * spent_s / (time.perf_counter() - begin_s), 4)


def _flood(mouse: int, done: threading.Event, sent: list[int]) -> None:
    """Move the mouse each millisecond until it is done."""
    due_s = time.perf_counter()
    while not done.is_set():
        # Full while the agent rests: a real device drops events then too.
        with contextlib.suppress(BlockingIOError):
            os.write(mouse, _MOVE)
        sent.append(1)
        due_s += _FLOOD_PERIOD_S
        time.sleep(max(0.0, due_s - time.perf_counter()))


def _growth(host: workstation.Workstation, events: int) -> float:
    """Send moves, and give what they took of memory once it is warm."""
    print(f'{events} moves', file=sys.stderr)
    _burst(host.mouse, events // 10)
    before_mib = host.agent_rss_mib()
    _burst(host.mouse, events)
    return round(host.agent_rss_mib() - before_mib, 3)


def _burst(mouse: int, events: int) -> None:
    """Send that many moves, a pipe's part at a time, as fast as it goes."""
    for _ in range(-(-events // _BURST)):
        while not _written(mouse, _MOVE * _BURST):
            time.sleep(_FLOOD_PERIOD_S)


def _written(mouse: int, data: bytes) -> bool:
    try:
        return os.write(mouse, data) == len(data)
    except BlockingIOError:
        return False
