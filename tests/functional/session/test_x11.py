# SPDX-License-Identifier: Apache-2.0
"""The helper beside a real X server, with input as XTEST gives it."""

import asyncio
import signal
import subprocess
import time
import unittest

from tests.functional.session import desk


@unittest.skipUnless(desk.has('Xvfb', 'xdotool'), 'no Xvfb or no xdotool')
class X11Test(desk.DeskTest):
    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        await self.login('c1', 0)
        self.server = self.spawn(
            ['Xvfb', '-displayfd', '1', '-screen', '0', '320x240x8'],
            stdout=subprocess.PIPE,
        )
        assert self.server.stdout is not None
        number = await asyncio.to_thread(self.server.stdout.readline)
        self.env['DISPLAY'] = f':{number.decode().strip()}'

    async def test_input_is_heard_of_at_once(self) -> None:
        await self.serve()
        self.helper()
        for command in (
            ('xdotool', 'key', 'a'),
            ('xdotool', 'mousemove', '10', '20'),
            ('xdotool', 'click', '1'),
        ):
            took_ms = await self.latency_ms(*command)
            print(f'\n{command}: {took_ms:.1f} ms')
            self.assertLess(took_ms, 500)
        idle = await self.until(lambda it: not it.active)
        assert idle.last_active_s is not None
        quiet_s = time.monotonic() - idle.last_active_s
        self.assertAlmostEqual(desk.IDLE_MS / 1000, quiet_s, delta=0.5)
        self.assertFalse(idle.inhibited)

    async def test_idle_before_the_helper_came(self) -> None:
        await self.serve()
        await asyncio.sleep(1.2 * desk.IDLE_MS / 1000)
        self.helper()
        facts = await self.until(lambda it: it.sessions == 1)
        facts = await self.until(lambda it: not it.active, 0.9)
        assert facts.last_active_s is not None

    async def test_killed_helper_makes_its_session_unknown(self) -> None:
        await self.serve()
        process = self.helper()
        await self.until(lambda it: it.sessions == 1)
        start_s = time.monotonic()
        process.kill()
        await self.until(lambda it: it.sessions == 0)
        took_ms = (time.monotonic() - start_s) * 1000
        print(f'\ndead helper: {took_ms:.1f} ms')
        self.assertIn('session c1 has vanished', self.health().reason)
        self.helper()
        await self.until(lambda it: it.sessions == 1)
        self.assertTrue(self.health().ok)

    async def test_session_that_ends_is_unknown_no_more(self) -> None:
        await self.serve()
        process = self.helper()
        await self.until(lambda it: it.sessions == 1)
        process.kill()
        await self.until(lambda it: it.sessions == 0)
        self.changed.clear()
        await self.ask(
            *(desk.LOGIND, '/org/freedesktop/login1'),
            *('org.freedesktop.DBus.Mock', 'EmitSignal', 'sssav'),
            *('org.freedesktop.login1.Manager', 'SessionRemoved', 'so'),
            [
                desk.dbus_fast.Variant('s', 'c1'),
                desk.dbus_fast.Variant('o', '/org/freedesktop/login1'),
            ],
        )
        await asyncio.wait_for(self.changed.wait(), 5)
        self.assertTrue(self.health().ok)

    async def test_end_of_the_display_is_a_clean_end(self) -> None:
        await self.serve()
        process = self.helper()
        await self.until(lambda it: it.sessions == 1)
        self.server.terminate()
        self.assertEqual(0, await self.ended(process))
        await self.until(lambda it: it.sessions == 0)
        self.assertTrue(self.health().ok)

    async def test_asked_to_end(self) -> None:
        await self.serve()
        process = self.helper()
        await self.until(lambda it: it.sessions == 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, await self.ended(process))
        await self.until(lambda it: it.sessions == 0)
        self.assertTrue(self.health().ok)

    async def test_agent_that_comes_late_or_again_is_told(self) -> None:
        self.helper()
        agent = await self.serve()
        await self.until(lambda it: it.sessions == 1)
        agent.disconnect()
        await self.source.stop()
        self.source = desk.helpers.HelperSource(self.connect, time.monotonic)
        await self.source.start(self._on_event)
        self.assertEqual(0, self.facts().sessions)
        await self.serve()
        # Long before the next heartbeat.
        await self.until(lambda it: it.sessions == 1, 3)

    async def test_second_helper_of_a_session_leaves(self) -> None:
        await self.serve()
        self.helper()
        await self.until(lambda it: it.sessions == 1)
        self.assertEqual(0, await self.ended(self.helper()))
        self.assertIn('has a helper already', self.log.read_text())
        self.assertTrue(self.health().ok)

    async def test_nobody_reports_on_the_session_of_another(self) -> None:
        await self.login('c2', desk.NOBODY)
        await self.serve()
        self.helper('--session-id', 'c2')
        async with asyncio.timeout(10):
            while 'not a session of a person' not in self.log.read_text():
                await asyncio.sleep(0.05)
        self.assertEqual(0, self.facts().sessions)
        self.assertTrue(self.health().ok)

    async def test_no_x_server_is_said(self) -> None:
        self.env['DISPLAY'] = ':999'
        self.assertEqual(1, await self.ended(self.helper()))
        self.assertIn("X server ':999'", self.log.read_text())

    async def test_bus_that_comes_back(self) -> None:
        await self.serve()
        self.helper()
        await self.until(lambda it: it.sessions == 1)
        self.end(self.bus)
        await self.until(lambda it: it.sessions == 0)
        self.assertFalse(self.health().ok)
        await self.source.stop()
        self.socket.unlink()
        self.start_bus()
        self.hand = await self.connect()
        await self.start_logind()
        await self.login('c1', 0)
        await self.source.start(self._on_event)
        await self.serve()
        await self.until(lambda it: it.sessions == 1)
        self.assertTrue(self.health().ok)

    async def test_session_is_asked_of_logind(self) -> None:
        user = '/org/freedesktop/login1/user/self'
        await self.ask(
            *(desk.LOGIND, '/org/freedesktop/login1'),
            *('org.freedesktop.DBus.Mock', 'AddObject', 'ssa{sv}a(ssss)'),
            *(user, 'org.freedesktop.login1.User'),
            {'Display': desk.dbus_fast.Variant('(so)', ['c1', '/c1'])},
            [],
        )
        await self.serve()
        self.helper('--session-id', '')
        await self.until(lambda it: it.sessions == 1)
        self.assertIn('Session c1 is watched', self.log.read_text())

    async def test_rest_costs_next_to_nothing(self) -> None:
        await self.serve()
        process = self.helper()
        await self.until(lambda it: it.sessions == 1 and not it.active)
        stat = desk.pathlib.Path(f'/proc/{process.pid}/stat')

        def used() -> int:
            fields = stat.read_text().rpartition(')')[2].split()
            return int(fields[11]) + int(fields[12])

        before = used()
        await asyncio.sleep(3)
        ticks = used() - before
        print(f'\nhelper at rest: {ticks} ticks of 10 ms in 3 s')
        self.assertLessEqual(ticks, 2)
