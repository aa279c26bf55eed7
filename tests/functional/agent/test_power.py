# SPDX-License-Identifier: Apache-2.0
"""UPower and NetworkManager on a real bus, from their signal to the cap."""

import asyncio
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from dbus_fast import Variant

from nova_desktop import model
from nova_desktop.agent import senses
from nova_desktop.policy import cap, surroundings
from nova_desktop.sensing import apps, metered, power
from tests.functional.agent import host, test_agent
from tests.unit.sensing import doubles

UPOWER = doubles.UPOWER
NETWORK_MANAGER = doubles.NETWORK_MANAGER
CAPACITY = model.Capacity(cpus=8, memory_mib=16000)
GAME = 'nd-test-a-game-of-its-own'
FULL = model.Cap(cpus=8.0, memory_mib=14400, admit=True)
LIMITS = surroundings.SurroundingsLimits(apps_hold_s=0.2)


class SurroundingsTest(unittest.IsolatedAsyncioTestCase):
    """A laptop whose owner is away."""

    async def asyncSetUp(self) -> None:
        name = self.enterContext(tempfile.TemporaryDirectory())
        self.dir = pathlib.Path(name)
        battery = self.dir / 'power_supply/BAT0'
        battery.mkdir(parents=True)
        (battery / 'type').write_text('Battery\n')
        (battery / 'capacity').write_text('80\n')
        self.status = battery / 'status'
        self.status.write_text('Unknown\n')
        self.bus = doubles.Bus()
        self.addCleanup(self.bus.stop)
        self.events = 0
        self.event = asyncio.Event()
        clock = time.monotonic
        self.senses = senses.Senses(
            [
                power.PowerSource(
                    self.bus.connect, clock, self.dir, poll_s=0.1
                ),
                metered.MeteredSource(self.bus.connect),
                apps.AppSource(
                    pathlib.Path('/proc'), [GAME], clock, poll_s=0.1
                ),
            ],
            1.0,
            clock,
        )
        self.addAsyncCleanup(self.senses.stop)

    def on_event(self) -> None:
        self.events += 1
        self.event.set()

    async def start(self) -> None:
        await self.bus.double('upower', UPOWER)
        await self.senses.start(self.on_event)
        await self.until(FULL)

    def verdict(self) -> model.Verdict:
        """Decide as the agent does, for an owner who is away."""
        facts = self.senses.read()
        for name, health in facts.health.items():
            # Not one of them may count as the owner, whatever fails.
            self.assertTrue(health.ok, name)
        away = model.PresenceVerdict(
            presence=model.Presence.AWAY,
            source='test',
            reason='the owner is away',
            since_s=facts.now_s - 3600,
        )
        return cap.decide(
            away,
            cap.CapShares(),
            CAPACITY,
            cap.CapLimits(reclaim_after_s=0.0, give_back_hold_s=0.0),
            facts.now_s,
            None,
            model.Rules(bounds=surroundings.bounds(facts, LIMITS)),
        )

    async def until(
        self, expected: model.Cap, reason: str = '', within_s: float = 5.0
    ) -> model.Verdict:
        """Wait for events until the cap is as expected."""
        verdict = self.verdict()
        try:
            async with asyncio.timeout(within_s):
                while verdict.cap != expected or reason not in verdict.reason:
                    self.event.clear()
                    await self.event.wait()
                    verdict = self.verdict()
        except TimeoutError:
            self.fail(f'not {expected} ({reason}): {verdict}')
        return verdict

    async def set_battery(self, on_battery: bool, percent: float) -> None:
        await self.bus.change(
            UPOWER,
            power.DISPLAY,
            f'{UPOWER}.Device',
            IsPresent=Variant('b', True),
            Percentage=Variant('d', percent),
        )
        await self.bus.change(
            UPOWER,
            power.MANAGER,
            UPOWER,
            OnBattery=Variant('b', on_battery),
        )

    async def test_plug_is_pulled_and_put_back(self) -> None:
        await self.start()
        await self.set_battery(True, 80.0)
        verdict = await self.until(model.NOTHING, 'on its battery')
        self.assertTrue(verdict.reclaim_due)
        await self.set_battery(True, 20.0)
        await self.until(model.NOTHING, 'less than 50 %')
        await self.set_battery(False, 20.0)
        verdict = await self.until(FULL)
        self.assertFalse(verdict.reclaim_due)

    async def test_signal_is_in_force_before_the_next_poll(self) -> None:
        await self.start()
        took_s = []
        for on_battery in (True, False) * 10:
            start_s = time.monotonic()
            await self.bus.change(
                UPOWER,
                power.MANAGER,
                UPOWER,
                OnBattery=Variant('b', on_battery),
            )
            await self.until(model.NOTHING if on_battery else FULL)
            took_s.append(time.monotonic() - start_s)
        self.assertLess(sorted(took_s)[10], 0.1, took_s)

    async def test_lid_closed_changes_nothing(self) -> None:
        await self.start()
        await self.bus.change(
            UPOWER, power.MANAGER, UPOWER, LidIsClosed=Variant('b', True)
        )
        async with asyncio.timeout(5):
            while True:
                facts = self.senses.read().power
                assert facts is not None
                if facts.lid_closed:
                    break
                self.event.clear()
                await self.event.wait()
        self.assertEqual(FULL, self.verdict().cap)

    async def test_upower_dies_and_the_kernel_is_asked(self) -> None:
        await self.start()
        self.bus.end_double(UPOWER)
        # The kernel does not know either: held, and nobody has to leave.
        held = model.Cap(cpus=0.0, memory_mib=14400, admit=False)
        verdict = await self.until(held, 'cannot be told')
        self.assertFalse(verdict.reclaim_due)
        self.status.write_text('Charging\n')
        await self.until(FULL)
        self.status.write_text('Discharging\n')
        await self.until(model.NOTHING, 'on its battery')
        await self.bus.double('upower', UPOWER)
        await self.until(FULL)

    async def test_bus_dies(self) -> None:
        await self.start()
        self.bus.stop()
        held = model.Cap(cpus=0.0, memory_mib=14400, admit=False)
        verdict = await self.until(held, 'cannot be told')
        self.assertFalse(verdict.reclaim_due)
        self.status.write_text('Full\n')
        await self.until(FULL)

    async def test_desktop_without_any_battery(self) -> None:
        shutil.rmtree(self.dir / 'power_supply/BAT0')
        await self.senses.start(self.on_event)
        await self.until(FULL)
        self.bus.stop()
        await asyncio.sleep(0.3)
        self.assertEqual(FULL, self.verdict().cap)

    async def test_metered_takes_no_new_guest(self) -> None:
        await self.start()
        await self.bus.double('networkmanager', NETWORK_MANAGER)
        await self.bus.call(
            NETWORK_MANAGER,
            metered.PATH,
            'AddProperty',
            'ssv',
            NETWORK_MANAGER,
            'Metered',
            Variant('u', 0),
        )
        closed = model.Cap(cpus=8.0, memory_mib=14400, admit=False)
        for value, expected in ((1, closed), (4, FULL), (3, closed)):
            await self.bus.change(
                NETWORK_MANAGER,
                metered.PATH,
                NETWORK_MANAGER,
                Metered=Variant('u', value),
            )
            verdict = await self.until(expected)
            self.assertFalse(verdict.reclaim_due)
        self.bus.end_double(NETWORK_MANAGER)
        await self.until(FULL)

    async def test_game_holds_guests_while_it_runs(self) -> None:
        await self.start()
        game = self.dir / GAME
        shutil.copy('/bin/sleep', game)
        process = subprocess.Popen([game, '100'])
        try:
            held = model.Cap(cpus=0.0, memory_mib=14400, admit=False)
            verdict = await self.until(held, f'{GAME} wants the host')
            self.assertFalse(verdict.reclaim_due)
        finally:
            process.kill()
            process.wait()
        await self.until(held, f'{GAME} ran less than')
        # The hold ends by the clock, as the verdict's bound says.
        await asyncio.sleep(LIMITS.apps_hold_s)
        self.assertEqual(FULL, self.verdict().cap)

    async def test_rest_costs_nothing(self) -> None:
        await self.bus.double('upower', UPOWER)
        for each in self.senses._sources:
            if isinstance(each, power.PowerSource):
                each._poll_s = 10.0
            if isinstance(each, apps.AppSource):
                each._wanted = {}
        await self.senses.start(self.on_event)
        await self.until(FULL)
        before, events = os.times(), self.events
        await asyncio.sleep(2.0)
        after = os.times()
        used_s = after.user + after.system - before.user - before.system
        self.assertLessEqual(used_s, 0.05)
        self.assertEqual(events, self.events)


class RealAgentTest(test_agent.AgentCase):
    """The agent with options of this page, down to the kernel's limit."""

    def configure(self, text: str) -> None:
        with self.host.config.open('a') as file:
            file.write(text)

    def held_to(self, part: float) -> None:
        period = self.host.cgroups.guests / 'cpu.cfs_period_us'
        cpus = os.cpu_count() or 1
        self.host.quota_is(int(part * cpus * int(period.read_text())))

    def reason(self) -> str:
        reply = host.call(
            self.host.bus.socket,
            'Get',
            'ss',
            host.NAME,
            'Reason',
            interface='org.freedesktop.DBus.Properties',
        )
        return str(reply.body[0].value)

    def test_open_window_halves_the_cpus(self) -> None:
        self.configure(
            '[schedule]\nwindow = always: daily 00:00-24:00 cpus=50%\n'
        )
        self.host.serve()
        # Not by the cap of an idle owner, which is a half too.
        host.wait_for(lambda: 'no session' in self.reason(), 'away')
        self.held_to(0.5)
        self.assertIn('window always (daily 00:00-24:00)', self.reason())

    def test_bad_window_ends_the_agent_with_a_line(self) -> None:
        self.configure('[schedule]\nwindow = a: mon 9-17 cpus=50%\n')
        done = self.host.run()
        self.assertEqual(2, done.returncode, done.stderr)
        self.assertIn('[schedule] window', done.stderr)
        self.assertIn('HH:MM', done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_game_holds_guests_to_the_least(self) -> None:
        self.configure(
            f'[apps]\nexclusive = {GAME}\npoll_s = 0.2\nhold_s = 0.5\n'
        )
        self.host.serve()
        self.host.quota_is(-1)
        game = self.host.dir / GAME
        shutil.copy('/bin/sleep', game)
        process = subprocess.Popen([game, '100'])
        try:
            least = 1000  # the kernel's own
            self.host.quota_is(least)
            self.assertIn('wants the host for itself', self.reason())
        finally:
            process.kill()
            process.wait()
        self.host.quota_is(-1)

    def test_battery_without_upower(self) -> None:
        battery = self.host.dir / 'class/power_supply/BAT0'
        battery.mkdir(parents=True)
        (battery / 'type').write_text('Battery')
        (battery / 'status').write_text('Full')
        self.configure(
            f'[power]\nsysfs_class = {self.host.dir}/class\npoll_s = 0.2\n'
        )
        self.host.serve()
        self.host.quota_is(-1)
        (battery / 'status').write_text('Discharging')
        host.wait_for(
            lambda: 'guests above that must leave' in self.reason(), 'reclaim'
        )
        self.assertIn('the host runs on its battery', self.reason())
        (battery / 'status').write_text('Charging')
        self.host.quota_is(-1)
