# SPDX-License-Identifier: Apache-2.0
"""Desktop notifications, on a real session bus with a daemon's double."""

import asyncio
import subprocess
import time
import unittest

from nova_desktop import model
from nova_desktop.agent import interface
from tests.functional.session import desk

AWAY = model.Status(
    sequence=1,
    presence=model.Presence.AWAY,
    demand=False,
    source='sessions',
    reason='no session',
    cap=model.Cap(cpus=2.0, memory_mib=1000, admit=True),
    reclaim_due=False,
)
HERE = model.Status(
    sequence=2,
    presence=model.Presence.ACTIVE,
    demand=False,
    source='input',
    reason='a key <or> button was pressed',
    cap=model.Cap(cpus=0.2, memory_mib=500, admit=False),
    reclaim_due=False,
)


class _Agent:
    """What the interface asks of an agent."""

    def status(self) -> model.Status:
        return AWAY

    def said(self) -> model.Say:
        return model.Say()

    def __getattr__(self, name: str) -> None:
        raise AssertionError(f'{name} is not asked for')


@unittest.skipUnless(desk.has('Xvfb', 'xdotool'), 'no Xvfb or no xdotool')
class NoticesTest(desk.DeskTest):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        await self.login('c1', 0)
        server = self.spawn(
            ['Xvfb', '-displayfd', '1', '-screen', '0', '320x240x8'],
            stdout=subprocess.PIPE,
        )
        assert server.stdout is not None
        number = await asyncio.to_thread(server.stdout.readline)
        self.env['DISPLAY'] = f':{number.decode().strip()}'
        bus = ['dbus-daemon', '--session', '--nofork', '--print-address']
        session = self.spawn(bus, stdout=subprocess.PIPE)
        assert session.stdout is not None
        address = await asyncio.to_thread(session.stdout.readline)
        self.env['DBUS_SESSION_BUS_ADDRESS'] = address.decode().strip()
        self.shown = self.dir / 'shown'
        mock = ['/usr/bin/python3', '-m', 'dbusmock', '--session']
        log = ['--logfile', str(self.shown)]
        self.spawn([*mock, *log, '--template', 'notification_daemon'])
        agent = await self.serve()
        self.offered = interface.Interface(_Agent())
        agent.export(desk.PATH, self.offered)

    def notices(self) -> list[str]:
        text = self.shown.read_text() if self.shown.exists() else ''
        return [each for each in text.splitlines() if ' Notify ' in each]

    async def until_notices(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while len(self.notices()) < count:
                await asyncio.sleep(0.02)
        return self.notices()

    async def begin(self, every_s: str) -> None:
        self.helper('--notify-every-s', every_s)
        await self.until(lambda it: it.sessions == 1)
        # It has read the properties by then.
        await asyncio.sleep(0.5)

    async def test_held_back_and_moved(self) -> None:
        await self.begin('600')
        start_s = time.monotonic()
        self.offered.publish(HERE)
        [first] = await self.until_notices(1)
        print(f'\nnotice: {(time.monotonic() - start_s) * 1000:.1f} ms')
        self.assertIn('are held back', first)
        self.assertIn('a key &lt;or&gt; button was pressed', first)
        # Again and again is told once.
        self.offered.publish(AWAY)
        self.offered.publish(HERE)
        moved = model.dataclasses.replace(HERE, reclaim_due=True, sequence=3)
        self.offered.publish(moved)
        both = await self.until_notices(2)
        self.assertEqual(2, len(both))
        self.assertIn('being moved away', both[1])

    async def test_can_be_turned_off(self) -> None:
        await self.begin('0')
        self.offered.publish(HERE)
        await asyncio.sleep(0.5)
        self.assertEqual([], self.notices())
