# SPDX-License-Identifier: Apache-2.0
"""Who may do what: root, and whom polkit allows it."""

import asyncio
import unittest

import dbus_fast

from nova_desktop.agent import authority

CALLER = ':1.42'
DENIED = 'org.freedesktop.DBus.Error.AccessDenied'


def answer(
    asked: dbus_fast.Message, signature: str, *body: object
) -> dbus_fast.Message:
    return dbus_fast.Message.new_method_return(asked, signature, list(body))


class Bus:
    """A bus with one caller, and a polkit that says what it is told."""

    def __init__(self, uid: int | None, polkit: object) -> None:
        self.uid, self.polkit = uid, polkit
        self.asked: list[dbus_fast.Message] = []

    async def call(self, message: dbus_fast.Message) -> dbus_fast.Message:
        message.serial, message.sender = 1, ':1.1'
        self.asked.append(message)
        if message.member == 'GetConnectionUnixUser':
            found, signature = self.uid, 'u'
        else:
            found, signature = self.polkit, '(bba{ss})'
        if found == 'late':
            await asyncio.Event().wait()
        if found == 'lost':
            raise BrokenPipeError
        if found is None:
            return dbus_fast.Message.new_error(message, 'a.b.Unknown', 'gone')
        if found == 'odd':
            return answer(message, 's', 'yes')
        return answer(message, signature, found)


class AuthorityTest(unittest.TestCase):
    def ask(self, uid: int | None, polkit: object) -> tuple[object, str]:
        """Give what comes of a request, and the text of a refusal."""
        self.bus = Bus(uid, polkit)
        who = authority.Authority(self.bus.call, answer_s=0.05)
        authority.remember_sender(
            dbus_fast.Message.new_signal('/a', 'a.b', 'C')
        )
        message = dbus_fast.Message.new_signal('/a', 'a.b', 'C')
        message.sender = CALLER

        async def require() -> int:
            authority.remember_sender(message)
            return await who.require('pause', 'pause the lending')

        try:
            return asyncio.run(require()), ''
        except dbus_fast.DBusError as error:
            self.assertEqual(DENIED, error.type)
            return None, error.text

    def test_root_is_not_asked_for(self) -> None:
        self.assertEqual((0, ''), self.ask(0, None))
        self.assertEqual(1, len(self.bus.asked))

    def test_polkit_is_asked_for_the_caller_without_a_prompt(self) -> None:
        self.assertEqual((7, ''), self.ask(7, [True, False, {}]))
        subject, action, details, flags, cancel = self.bus.asked[1].body
        self.assertEqual('system-bus-name', subject[0])
        self.assertEqual(CALLER, subject[1]['name'].value)
        self.assertEqual('org.openstack.novadesktop1.pause', action)
        self.assertEqual(({}, 0, ''), (details, flags, cancel))

    def test_refused(self) -> None:
        for polkit in ([False, False, {}], [False, True, {}]):
            uid, text = self.ask(7, polkit)
            self.assertIsNone(uid)
            self.assertIn('user 7 may not pause the lending', text)
            self.assertIn('org.openstack.novadesktop1.pause', text)

    def test_no_answer_of_polkit_is_no(self) -> None:
        for polkit in (None, 'odd'):
            uid, text = self.ask(7, polkit)
            self.assertIsNone(uid)
            self.assertIn('only root may', text)
        with self.assertLogs('nova_desktop', 'WARNING'):
            uid, text = self.ask(7, 'late')
        self.assertIsNone(uid)
        self.assertIn('polkit does not answer', text)

    def test_bus_that_is_lost_allows_nothing(self) -> None:
        for caller, polkit in (('lost', [True, False, {}]), (7, 'lost')):
            uid, _text = self.ask(caller, polkit)
            self.assertIsNone(uid)

    def test_who_has_left_the_bus_is_nobody(self) -> None:
        uid, text = self.ask(None, [True, False, {}])
        self.assertIsNone(uid)
        self.assertIn('left the bus', text)
        self.assertEqual(1, len(self.bus.asked))
