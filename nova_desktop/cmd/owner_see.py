# SPDX-License-Identifier: Apache-2.0
"""The verbs by which the owner sees what is lent, and why."""

import argparse
import asyncio
import dataclasses
import json
import queue
import time
from collections.abc import Sequence
from typing import Any

from nova_desktop import client, model
from nova_desktop.cmd import owner_show

_PING_S = 2.0


def status(options: argparse.Namespace) -> int:
    """Show what is lent now."""
    found, say, _ = asyncio.run(_ask(0))
    if options.json:
        print(owner_show.as_json(owner_show.status_as_data(found, say)))
    else:
        print(owner_show.describe(found, say))
    return 0


def history(options: argparse.Namespace) -> int:
    """List the latest changes."""
    _, _, changes = asyncio.run(_ask(options.count))
    if options.json:
        print(owner_show.as_json(_as_data(changes)))
        return 0
    for change in changes:
        print(owner_show.one_line(change))
    return 0


def explain(options: argparse.Namespace) -> int:
    """Say why, from the latest changes."""
    status, say, changes = asyncio.run(_ask(options.count))
    if options.json:
        said = {
            'status': owner_show.status_as_data(status, say),
            'changes': _as_data(changes),
        }
        print(owner_show.as_json(said))
        return 0
    print(owner_show.describe(status, say))
    print('\nHow it came to this, the newest last:')
    for change in changes:
        print(f'{owner_show.one_line(change)}\n    because {change.why}')
    return 0


def _as_data(changes: Sequence[model.Change]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(change) for change in changes]


def watch(options: argparse.Namespace) -> int:
    """Show each change as it happens, until interrupted."""
    said: queue.Queue[model.Status | None] = queue.Queue()
    watcher = client.AgentWatcher(said.put, _PING_S)
    watcher.start()
    try:
        while True:
            show = _watched_as_json if options.json else _watched
            print(show(said.get()), flush=True)
    finally:
        watcher.stop()


def _watched(status: model.Status | None) -> str:
    text = owner_show.describe(status) if status else 'The agent is silent.'
    return f'{owner_show.clock(time.time())}  {text}\n'


def _watched_as_json(status: model.Status | None) -> str:
    """Word a status in one line; null is for a silent agent."""
    data = dataclasses.asdict(status) if status else None
    return json.dumps({'at_unix_s': time.time(), 'status': data})


async def _ask(
    count: int,
) -> tuple[model.Status, model.Say, list[model.Change]]:
    agent = client.AgentClient()
    await agent.connect()
    try:
        changes = await agent.explain(count) if count else []
        return *await agent.status_and_say(), changes
    finally:
        await agent.close()
