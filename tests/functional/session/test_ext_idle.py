# SPDX-License-Identifier: Apache-2.0
"""The helper beside ext-idle-notify, which the double speaks on the wire."""

import asyncio
import importlib.util
import subprocess
import sys
import unittest

from tests.functional.session import desk


@unittest.skipUnless(
    importlib.util.find_spec('pywayland'), 'pywayland is not installed'
)
class ExtIdleTest(desk.DeskTest):
    async def compositor(self, version: int) -> None:
        """Start compositor, agent and helper."""
        await self.login('c1', 0)
        self.env['WAYLAND_DISPLAY'] = 'double'
        module = 'tests.functional.session.ext_compositor'
        self.double = self.spawn(
            [sys.executable, '-m', module, 'double', str(version)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.double.stdin is not None
        self.addCleanup(self.double.stdin.close)
        self.assertEqual('listening', await self.line())
        await self.serve()
        self.process = self.helper()
        await self.until(lambda it: it.sessions == 1)

    async def line(self) -> str:
        assert self.double.stdout is not None
        line = await asyncio.to_thread(self.double.stdout.readline)
        return line.decode().strip()

    def say(self, what: str) -> None:
        """Have the compositor tell every watch something."""
        assert self.double.stdin is not None
        self.double.stdin.write(f'{what}\n'.encode())
        self.double.stdin.flush()

    async def test_both_flavours(self) -> None:
        await self.compositor(2)
        asked = {await self.line(), await self.line()}
        self.assertEqual({'session 1000', 'input 1100'}, asked)
        self.assertTrue(self.facts().active)
        # Quick enough is no change yet for an honest helper.
        await asyncio.sleep(0.6)
        self.say('session idled')
        self.say('input idled')
        facts = await self.until(lambda it: not it.active)
        self.assertFalse(facts.inhibited)
        # A film begins with no hand on anything, and ends.
        self.say('session resumed')
        await self.until(lambda it: it.inhibited and not it.active)
        await asyncio.sleep(0.6)
        self.say('session idled')
        await self.until(lambda it: not it.inhibited)
        self.say('session resumed')
        self.say('input resumed')
        await self.until(lambda it: it.active and not it.inhibited)

    async def test_flavour_that_heeds_inhibitors_alone(self) -> None:
        await self.compositor(1)
        self.assertEqual('session 1000', await self.line())
        await asyncio.sleep(0.6)
        self.say('session idled')
        await self.until(lambda it: not it.active)
        self.say('session resumed')
        await self.until(lambda it: it.active)

    async def test_compositor_without_the_protocol_is_said(self) -> None:
        self.env['WAYLAND_DISPLAY'] = 'nowhere'
        process = self.helper('--backend', 'wayland')
        self.assertEqual(1, await self.ended(process))
        self.assertIn('cannot be reached', self.log.read_text())
