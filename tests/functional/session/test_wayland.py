# SPDX-License-Identifier: Apache-2.0
"""The helper beside a real Wayland compositor without a screen: sway."""

import asyncio
import unittest

from tests.functional.session import desk

_CONFIG = 'xwayland disable\n'


@unittest.skipUnless(
    desk.has('sway', 'wtype', 'setpriv'), 'no sway or no wtype'
)
class SwayTest(desk.DeskTest):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        await self.login('c1', desk.NOBODY)
        config = self.dir / 'sway.conf'
        config.write_text(_CONFIG)
        self.env |= {
            'WLR_BACKENDS': 'headless',
            'WLR_LIBINPUT_NO_DEVICES': '1',
            'WLR_RENDERER': 'pixman',
            'WAYLAND_DISPLAY': '',
        }
        # It refuses to run as root.
        self.sway = self.spawn(['sway', '-c', str(config)], desk.NOBODY)
        self.env['WAYLAND_DISPLAY'] = (await self.display()).name

    async def display(self) -> desk.pathlib.Path:
        async with asyncio.timeout(10):
            while True:
                for path in self.runtime.glob('wayland-*'):
                    if path.is_socket():
                        return path
                await asyncio.sleep(0.02)

    async def test_input_is_heard_of_at_once(self) -> None:
        await self.serve()
        self.helper(uid=desk.NOBODY)
        for _ in range(3):
            took_ms = await self.latency_ms('wtype', 'a', uid=desk.NOBODY)
            print(f'\nwtype: {took_ms:.1f} ms')
            self.assertLess(took_ms, 500)
        self.assertRegex(self.log.read_text(), 'org_kde_kwin_idle|ext_idle')

    async def test_end_of_the_compositor_is_a_clean_end(self) -> None:
        await self.serve()
        process = self.helper(uid=desk.NOBODY)
        await self.until(lambda it: it.sessions == 1)
        self.sway.terminate()
        self.assertEqual(0, await self.ended(process))
        await self.until(lambda it: it.sessions == 0)
        self.assertTrue(self.health().ok)
