# SPDX-License-Identifier: Apache-2.0
"""The verbs by which the owner has his say: pause, resume, lend, cap."""

import argparse
import asyncio
import datetime
from collections.abc import Awaitable, Callable

from nova_desktop import client, model
from nova_desktop.cmd import owner_show, owner_words

_Change = Callable[[client.AgentClient], Awaitable[None]]


def pause(options: argparse.Namespace) -> int:
    """Lend nothing for a while."""
    until_unix = _until_unix(options)
    return _change(options, lambda agent: agent.pause(until_unix))


def resume(options: argparse.Namespace) -> int:
    """End a pause or a lending."""
    return _change(options, lambda agent: agent.resume())


def lend(options: argparse.Namespace) -> int:
    """Lend as if the owner were away for a while."""
    until_unix = _until_unix(options)
    return _change(options, lambda agent: agent.lend(until_unix))


def cap(options: argparse.Namespace) -> int:
    """Set the most that is lent."""
    # It brings every option of the agent's, which no other verb needs.
    from nova_desktop.agent import limits

    try:
        caps = owner_words.caps(options.words, limits.capacity())
    except argparse.ArgumentTypeError as error:
        options.refuse(str(error))

    async def change(agent: client.AgentClient) -> None:
        _, before = await agent.status_and_say()
        await agent.limit(*caps.over(before))

    return _change(options, change)


def _until_unix(options: argparse.Namespace) -> int | None:
    now = datetime.datetime.now().astimezone()
    try:
        moment = owner_words.until(options.words, now)
    except argparse.ArgumentTypeError as error:
        options.refuse(str(error))
    return None if moment is None else int(moment.timestamp())


def _change(options: argparse.Namespace, change: _Change) -> int:
    """Have something changed, and show what holds then."""
    status, say = asyncio.run(_changed(change))
    if options.json:
        print(owner_show.as_json(owner_show.status_as_data(status, say)))
    else:
        print(owner_show.describe(status, say))
    return 0


async def _changed(change: _Change) -> tuple[model.Status, model.Say]:
    agent = client.AgentClient()
    await agent.connect()
    try:
        await change(agent)
        return await agent.status_and_say()
    finally:
        await agent.close()
