# SPDX-License-Identifier: Apache-2.0
"""A connection to the bus, without a bus."""

import asyncio
import unittest
from typing import Any
from unittest import mock

import dbus_fast

from nova_desktop.client import connection


class CancelTest(unittest.IsolatedAsyncioTestCase):
    async def test_an_answer_does_not_swallow_the_end(self) -> None:
        for turns in range(4):
            asked, reply = await self.ask()
            reply.set_result(mock.Mock(body=[]))
            for _ in range(turns):
                await asyncio.sleep(0)
            if asked.cancel():
                with self.assertRaises(asyncio.CancelledError):
                    await asked

    async def ask(self) -> tuple[asyncio.Task[None], asyncio.Future[Any]]:
        """Ping an agent that waits with its answer."""
        reply = asyncio.get_running_loop().create_future()

        async def call(message: dbus_fast.Message) -> dbus_fast.Message:
            return await reply

        tested = connection.Connection(5.0)
        tested._bus = mock.Mock(connected=True, call=call)
        asked = asyncio.create_task(tested.ping())
        for _ in range(3):
            await asyncio.sleep(0)
        return asked, reply
