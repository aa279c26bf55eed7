# SPDX-License-Identifier: Apache-2.0
"""Sources that fail, and come back."""

import unittest

from nova_desktop import exception
from tests.unit.agent import crank


class SensesTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.bench = crank.Bench()
        self.senses = self.bench.senses

    def health(self) -> dict[str, str]:
        return {
            name: '' if health.ok else health.reason
            for name, health in self.senses.read().health.items()
        }

    async def start(self) -> None:
        await self.senses.start(lambda: None)

    async def test_not_believed_before_the_start(self) -> None:
        self.assertTrue(all(self.health().values()))
        self.assertIsNone(self.senses.read().input)
        await self.start()
        self.assertEqual({'input': '', 'sessions': ''}, self.health())

    async def test_one_that_cannot_start_is_retried(self) -> None:
        self.bench.input.start_error = exception.InputUnreadable('no device')
        await self.start()
        self.assertEqual('no device', self.health()['input'])
        self.assertEqual('', self.health()['sessions'])
        await self.senses.mend()
        self.assertEqual(1, self.bench.input.starts)
        self.bench.input.start_error = None
        self.bench.clock.turn(5)
        await self.senses.mend()
        self.assertEqual('', self.health()['input'])
        self.assertEqual(1, self.bench.sessions.starts)

    async def test_a_bug_in_one_is_not_the_end(self) -> None:
        self.bench.input.start_error = KeyError('a bug')
        with self.assertLogs('nova_desktop.agent.senses', 'ERROR'):
            await self.start()
        self.assertIn('a bug', self.health()['input'])

    async def test_unreadable_is_unhealthy_and_logged_once(self) -> None:
        await self.start()
        self.bench.input.read_error = ValueError('a bug')
        with self.assertLogs('nova_desktop.agent.senses', 'ERROR') as logged:
            self.assertIn('a bug', self.health()['input'])
            self.health()
        self.assertEqual(1, len(logged.output))

    async def test_short_failure_is_left_alone(self) -> None:
        await self.start()
        self.bench.input.ok = crank.model.Health(False, 'silent')
        await self.senses.mend()
        self.bench.input.ok = crank.model.Health(True)
        self.bench.clock.turn(4)
        await self.senses.mend()
        self.bench.input.ok = crank.model.Health(False, 'silent')
        self.bench.clock.turn(4)
        await self.senses.mend()
        self.assertEqual(1, self.bench.input.starts)

    async def test_stopped_is_not_believed(self) -> None:
        await self.start()
        await self.senses.stop()
        self.assertTrue(all(self.health().values()))

    async def test_silence_before_a_restart_proves_nothing(self) -> None:
        await self.start()
        self.bench.input.ok = crank.model.Health(False, 'silent')
        await self.senses.mend()
        self.bench.clock.turn(3600)
        self.bench.input.ok = crank.model.Health(True)
        self.assertEqual(1000.0, self.senses.read().started_s)
        self.bench.input.ok = crank.model.Health(False, 'silent')
        await self.senses.mend()
        self.assertEqual(2, self.bench.input.starts)
        self.assertEqual(4600.0, self.senses.read().started_s)
