# SPDX-License-Identifier: Apache-2.0
"""A bus that is gone takes no answer, and nobody dies of it."""

import asyncio
import unittest
from unittest import mock

import dbus_fast
import dbus_fast.aio

from nova_desktop.agent import connection


class SendTest(unittest.IsolatedAsyncioTestCase):
    async def test_answer_after_the_connection_was_closed(self) -> None:
        loop = asyncio.get_running_loop()
        logged = mock.Mock()
        loop.set_exception_handler(logged)
        bus = connection.Bus.__new__(connection.Bus)
        closed = OSError(9, 'Bad file descriptor')
        message = dbus_fast.Message.new_signal('/', 'an.Interface', 'Signal')
        with mock.patch.object(
            dbus_fast.aio.MessageBus, 'send', side_effect=closed
        ):
            sent = bus.send(message)
        await asyncio.wait([sent])
        self.assertIs(closed, sent.exception())
        del sent
        logged.assert_not_called()
