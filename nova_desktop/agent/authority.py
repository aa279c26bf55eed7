# SPDX-License-Identifier: Apache-2.0
"""Who calls over D-Bus, and whether he may: the bus and polkit know."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable

import dbus_fast
from oslo_log import log as logging

LOG = logging.getLogger(__name__)

ACTIONS = 'org.openstack.novadesktop1'
"""What the names of our polkit actions begin with."""

_BUS = 'org.freedesktop.DBus'
_ACCESS_DENIED = f'{_BUS}.Error.AccessDenied'
_POLKIT = 'org.freedesktop.PolicyKit1'
_ROOT = 0
# Shorter than a client of ours waits for the agent.
_ANSWER_S = 3.0

Call = Callable[[dbus_fast.Message], Awaitable[dbus_fast.Message | None]]

# Who sent the call that is being answered: the library does not pass it on,
# but starts each method in a copy of the context of its message.
_sender: contextvars.ContextVar[str] = contextvars.ContextVar('sender')


def remember_sender(message: dbus_fast.Message) -> None:
    """Note whose message is being handled."""
    if message.sender:
        _sender.set(message.sender)


def sender() -> str:
    """Give the unique bus name of who sent the call being answered."""
    return _sender.get()


class Authority:
    """Knows who calls, and asks polkit what he may.

    ``call`` sends a message on the bus and gives the answer to it.
    """

    def __init__(self, call: Call, answer_s: float = _ANSWER_S) -> None:
        self._call = call
        self._answer_s = answer_s

    async def require_root(self, member: str) -> None:
        """Raise AccessDenied unless root called."""
        if await self._caller() != _ROOT:
            raise _denied(f'{member} may be called by root only')

    async def require(self, action: str, what: str) -> int:
        """Give the caller's uid; raise AccessDenied if he may not.

        ``action`` is the last part of the name of the polkit action, ``what``
        words it. Nobody is asked for a password. Without an answer of
        polkit's only root may.
        """
        uid = await self._caller()
        if uid is None:
            raise _denied(f'you have left the bus before you could {what}')
        if uid == _ROOT:
            return uid
        allowed = await self._ask_polkit(f'{ACTIONS}.{action}')
        if allowed is None:
            raise _denied(
                f'polkit does not answer, so only root may {what}; see '
                'systemctl status polkit'
            )
        if not allowed:
            raise _denied(
                f'user {uid} may not {what}: polkit lets only who sits at '
                f'this workstation do it (action {ACTIONS}.{action})'
            )
        return uid

    async def _caller(self) -> int | None:
        """Give the uid of who called; None for who has left the bus."""
        reply = await self._answer(
            dbus_fast.Message(
                destination=_BUS,
                path='/org/freedesktop/DBus',
                interface=_BUS,
                member='GetConnectionUnixUser',
                signature='s',
                body=[sender()],
            )
        )
        return int(reply.body[0]) if reply is not None else None

    async def _ask_polkit(self, action: str) -> bool | None:
        subject = {'name': dbus_fast.Variant('s', sender())}
        reply = await self._answer(
            dbus_fast.Message(
                destination=_POLKIT,
                path=f'/{_POLKIT.replace(".", "/")}/Authority',
                interface=f'{_POLKIT}.Authority',
                member='CheckAuthorization',
                signature='(sa{sv})sa{ss}us',
                body=[['system-bus-name', subject], action, {}, 0, ''],
            )
        )
        if reply is None or reply.signature != '(bba{ss})':
            return None
        return bool(reply.body[0][0])

    async def _answer(
        self, message: dbus_fast.Message
    ) -> dbus_fast.Message | None:
        """Send a message; None if the answer is an error, late or lost."""
        try:
            async with asyncio.timeout(self._answer_s):
                reply = await self._call(message)
        except TimeoutError:
            LOG.warning(
                '%s does not answer within %g s',
                message.destination,
                self._answer_s,
            )
            return None
        except (OSError, EOFError):
            # The bus has gone, and with it whoever called.
            return None
        # An error is an answer too, and it is not a yes.
        if reply is None:
            return None
        kind = reply.message_type
        return reply if kind is dbus_fast.MessageType.METHOD_RETURN else None


def _denied(why: str) -> dbus_fast.DBusError:
    return dbus_fast.DBusError(_ACCESS_DENIED, why)
