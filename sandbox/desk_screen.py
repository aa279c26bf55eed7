# SPDX-License-Identifier: Apache-2.0
"""Lock and unlock a session as its desktop does, through logind."""

import asyncio

LOGIN1 = 'org.freedesktop.login1'


class Screen:
    """The screen lock of one logind session."""

    def __init__(self, session: str) -> None:
        self._path = f'/org/freedesktop/login1/session/{session}'
        self.locked: bool | None = None

    async def set(self, locked: bool) -> None:
        """Lock or unlock, and say so as a desktop does: by LockedHint."""
        await self._call('Lock' if locked else 'Unlock')
        await self._call('SetLockedHint', f'boolean:{str(locked).lower()}')
        self.locked = locked

    async def _call(self, method: str, *values: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *('dbus-send', '--system', '--print-reply=literal'),
            *('--reply-timeout=5000', f'--dest={LOGIN1}', self._path),
            *(f'{LOGIN1}.Session.{method}', *values),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _out, error = await process.communicate()
        if process.returncode:
            raise RuntimeError(error.decode().strip())
