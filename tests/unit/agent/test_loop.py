# SPDX-License-Identifier: Apache-2.0
"""Sense, decide, act on a hand-cranked clock."""

import unittest
from unittest import mock

from nova_desktop import model
from nova_desktop.agent import judge
from tests.unit.agent import crank


class LoopTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.bench = crank.Bench()
        await self.bench.start()

    def test_before_anything_started_the_owner_is_here(self) -> None:
        bench = crank.Bench()
        bench.loop.step()
        self.assertEqual([crank.ACTIVE], bench.slice.applied)
        self.assertFalse(bench.teller.status.cap.admit)

    def test_event_is_in_force_before_it_is_told(self) -> None:
        self.assertEqual(crank.AWAY, self.bench.slice.current())
        seen = []
        self.bench.teller.publish = lambda status: seen.append(
            self.bench.slice.current()
        )
        self.bench.touch()
        self.assertEqual(crank.ACTIVE, seen[0])

    def test_gives_back_by_its_own_timer(self) -> None:
        self.bench.touch()
        self.bench.clock.turn(3600)
        self.assertEqual(crank.AWAY, self.bench.slice.current())
        self.assertLess(len(self.bench.slice.applied), 10)

    def test_same_target_is_not_written_again(self) -> None:
        self.bench.touch()
        writes = len(self.bench.slice.applied)
        for _ in range(5):
            self.bench.touch()
        self.assertEqual(writes, len(self.bench.slice.applied))

    def test_somebody_else_changed_the_slice(self) -> None:
        self.bench.touch()
        self.bench.changes.clear()
        with self.assertLogs('nova_desktop.agent.teller') as logged:
            for _ in range(20):
                self.bench.slice.applied.append(crank.AWAY)
                self.bench.clock.turn(1)
                self.bench.touch()
                self.bench.loop.tick()
                self.assertEqual(crank.ACTIVE, self.bench.slice.current())
        self.assertEqual(20, self.bench.hands.renewed)
        # Told after 1, 2, 4, 8 s, set again each time.
        self.assertIn(len(self.bench.said('limit')), (3, 4, 5))
        warned = [each for each in logged.records if each.levelname != 'INFO']
        self.assertIn(len(warned), (1, 2))
        self.assertIn('keeps changing the slice', warned[0].getMessage())

    def test_failed_write_closes_admission_and_is_tried_again(self) -> None:
        self.bench.slice.broken = 'no such file'
        self.bench.touch()
        status = self.bench.published[-1]
        self.assertEqual('no such file', status.sources['rung slice'])
        self.bench.clock.turn(600)
        self.bench.loop.tick()
        self.assertFalse(self.bench.published[-1].cap.admit)
        self.bench.slice.broken = ''
        self.bench.touch()
        self.assertEqual(crank.ACTIVE, self.bench.slice.current())
        self.assertEqual('ok', self.bench.published[-1].sources['rung slice'])

    def test_no_decision_is_the_strictest(self) -> None:
        broken = ZeroDivisionError('a bug')
        wanted = len(self.bench.hands.wanted)
        with (
            mock.patch.object(
                judge.presence, 'decide', side_effect=broken, autospec=True
            ),
            self.assertLogs('nova_desktop.agent.loop', 'ERROR') as logged,
        ):
            self.bench.loop.step()
            self.bench.loop.step()
        self.assertEqual(1, len(logged.output))
        self.assertEqual(judge.STRICTEST.slice, self.bench.slice.current())
        self.assertEqual(wanted, len(self.bench.hands.wanted))
        status = self.bench.published[-1]
        self.assertEqual(model.NOTHING, status.cap)
        self.assertFalse(status.reclaim_due)
        self.bench.touch()
        self.assertEqual(crank.ACTIVE, self.bench.slice.current())

    def test_what_cannot_be_told_is_in_force(self) -> None:
        self.bench.teller.publish = mock.Mock(side_effect=OSError('gone'))
        with self.assertLogs('nova_desktop.agent.loop', 'ERROR'):
            self.bench.touch()
        self.assertEqual(crank.ACTIVE, self.bench.slice.current())

    def test_leave_until_done(self) -> None:
        self.bench.touch()
        self.bench.loop.leave('a', 300)
        self.bench.loop.leave('b', 300)
        leaving = model.SliceTarget(cpus=0.5, idle=False)
        self.assertEqual(leaving, self.bench.slice.current())
        self.bench.loop.leave_done('a')
        self.assertEqual(leaving, self.bench.slice.current())
        self.bench.loop.leave_done('b')
        self.assertEqual(crank.ACTIVE, self.bench.slice.current())

    def test_leave_ends_with_its_time(self) -> None:
        self.bench.touch()
        self.bench.loop.leave('a', 10)
        self.bench.clock.turn(9)
        self.assertFalse(self.bench.slice.current().idle)
        self.bench.clock.turn(1)
        self.assertEqual(crank.ACTIVE, self.bench.slice.current())

    def test_hearing_ends_with_its_time_or_before(self) -> None:
        self.bench.touch()

        def spared() -> frozenset[str]:
            return self.bench.hands.wanted[-1].pause.spared

        self.bench.loop.hear('a', 10)
        self.bench.loop.hear('b', 60)
        self.assertEqual({'a', 'b'}, spared())
        self.assertTrue(self.bench.slice.current().idle)
        self.bench.clock.turn(10)
        self.assertEqual({'b'}, spared())
        self.bench.loop.hear('b', 0)
        self.assertEqual(set(), spared())

    async def test_stop_leaves_an_unknown_owner(self) -> None:
        self.bench.loop.leave('a', 300)
        await self.bench.senses.stop()
        self.bench.loop.stop()
        self.assertEqual(crank.ACTIVE, self.bench.slice.current())
        self.assertEqual([], self.bench.clock.timers)

    def test_slower_rungs_follow_the_slice(self) -> None:
        self.bench.touch()
        held = self.bench.hands.wanted[-1]
        self.assertEqual(model.CoreTarget((3,)), held.cores)
        self.assertEqual(crank.ACTIVE, held.slice)
        self.bench.clock.turn(3600)
        self.assertEqual(model.CoreTarget(), self.bench.hands.wanted[-1].cores)

    def test_guests_get_cpu_until_they_are_paused(self) -> None:
        share = model.SliceTarget(cpus=4.0, idle=False)
        nothing = model.SliceTarget(cpus=0.0)
        for settles in (True, False):
            with self.subTest(settles=settles):
                self.bench.pause(True)
                self.bench.hands.done = False
                self.bench.loop.step()
                self.assertTrue(self.bench.hands.wanted[-1].pause.everybody)
                self.assertEqual(share, self.bench.slice.current())
                self.bench.clock.turn(0.4)
                self.assertEqual(share, self.bench.slice.current())
                if settles:
                    self.bench.hands.done = True
                    self.bench.loop.step()
                else:
                    self.bench.clock.turn(0.1)
                self.assertEqual(nothing, self.bench.slice.current())
                self.bench.pause(False)
                self.bench.loop.step()
                self.assertEqual(crank.AWAY, self.bench.slice.current())

    def test_rung_that_fails_is_told(self) -> None:
        self.bench.hands.wrong = {'pause': 'libvirt is gone'}
        self.bench.loop.step()
        status = self.bench.published[-1]
        self.assertEqual('libvirt is gone', status.sources['rung pause'])
        # Guests that no pause holds are held by their slice.
        self.assertTrue(status.cap.admit)

    def test_stricter_limit_that_is_found_stays_while_unknown(self) -> None:
        for found, expected in (
            (model.SliceTarget(cpus=0.03), 0.03),
            (model.SliceTarget(cpus=3.0), 0.04),
            (crank.AWAY, 0.04),
        ):
            with self.subTest(found=found):
                bench = crank.Bench()
                bench.slice.applied.append(found)
                bench.loop.begin()
                self.assertEqual(expected, bench.slice.current().cpus)
                bench.clock.turn(119)
                bench.loop.step()
                self.assertEqual(expected, bench.slice.current().cpus)
                bench.clock.turn(1)
                bench.loop.step()
                self.assertEqual(0.04, bench.slice.current().cpus)

    async def test_stricter_limit_that_is_found_ends_with_a_verdict(
        self,
    ) -> None:
        bench = crank.Bench()
        bench.slice.applied.append(model.SliceTarget(cpus=0.03))
        bench.loop.begin()
        await bench.start()
        self.assertEqual(crank.AWAY, bench.slice.current())
        await bench.senses.stop()
        bench.loop.step()
        self.assertEqual(crank.ACTIVE, bench.slice.current())

    def test_pause_that_held_before_is_not_loosened(self) -> None:
        bench = crank.Bench()
        bench.slice.applied.append(model.SliceTarget(cpus=0.01))
        bench.pause(True)
        bench.hands.done = False
        bench.loop.begin()
        self.assertEqual(model.SliceTarget(0.0), bench.slice.current())

    async def test_departure_closes_admission(self) -> None:
        judged = judge.Judge(crank.LIMITS, lambda: 'shutdown')
        verdict = judged.judge(self.bench.senses.read())
        self.assertFalse(verdict.cap.admit)
        self.assertEqual(4.0, verdict.cap.cpus)
        self.assertIn('shutdown', verdict.reason)

    async def test_sleep_fences_all_and_shutdown_nobody(self) -> None:
        for departure, fenced in (('sleep', True), ('shutdown', False)):
            judged = judge.Judge(crank.LIMITS, lambda now=departure: now)
            verdict = judged.judge(self.bench.senses.read())
            self.assertEqual(departure, verdict.departing)
            target = judged.hold(verdict, {'leaving'}).pause
            self.assertEqual(fenced, target.everybody)
            self.assertEqual(fenced, bool(target.fence))
            self.assertEqual(fenced, not target.spared)
