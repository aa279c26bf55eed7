# SPDX-License-Identifier: Apache-2.0
"""What is told of a change, and how often."""

import unittest

from nova_desktop import model
from tests.unit.agent import crank


class TellerTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.bench = crank.Bench()
        await self.bench.start()
        self.bench.changes.clear()
        self.bench.published.clear()

    def test_each_change_once_with_its_reason(self) -> None:
        for _ in range(3):
            self.bench.touch()
        presence = self.bench.said('presence')
        self.assertEqual(['presence', 'away', 'active'], presence[0][1:4])
        self.assertIn('key', presence[0][4])
        self.assertEqual(1, len(presence))
        self.assertEqual(
            ['admission', 'open', 'closed'],
            self.bench.said('admission')[0][1:4],
        )
        self.assertEqual(
            ['limit', 'no limit, idle class', '0.04 CPUs, idle class'],
            self.bench.said('limit')[0][1:4],
        )

    def test_publishes_once_per_change_with_a_number(self) -> None:
        before = self.bench.teller.status.sequence
        self.bench.touch()
        self.bench.loop.step()
        self.assertEqual(
            [before + 1], [status.sequence for status in self.bench.published]
        )

    def test_failed_source_is_told(self) -> None:
        self.bench.input.ok = model.Health(False, 'it was pulled out')
        self.bench.loop.step()
        self.assertEqual(
            ['source input', 'ok', 'it was pulled out'],
            self.bench.said('source input')[0][1:4],
        )
        self.assertEqual(
            'it was pulled out', self.bench.published[-1].sources['input']
        )

    def test_bumped_desk_is_no_return(self) -> None:
        self.bench.touch()
        self.bench.clock.turn(3600)
        self.bench.input.said = model.InputFacts(
            last_pointer_s=self.bench.clock.now_s, pointer_windows=1
        )
        self.bench.loop.step()
        self.assertIs(model.Presence.ACTIVE, self.bench.published[-1].presence)
        self.bench.clock.turn(3600)
        self.assertEqual([], self.bench.absences)
        self.bench.touch()
        self.assertEqual(1, len(self.bench.absences))
