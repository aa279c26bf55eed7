# SPDX-License-Identifier: Apache-2.0
"""Those who ask much are held off, and nobody else."""

import asyncio
import unittest

import dbus_fast

from nova_desktop.agent import crowd, gate

SILENT = dbus_fast.MessageFlag.NO_REPLY_EXPECTED


def asked(sender: str, silent: bool = False) -> dbus_fast.Message:
    """Give a call of somebody's."""
    return dbus_fast.Message(
        destination='a.b',
        path='/a',
        interface='a.b',
        member='Ask',
        sender=sender,
        flags=SILENT if silent else dbus_fast.MessageFlag.NONE,
    )


class GateTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now_s = 100.0
        self.gate = gate.Gate(lambda: self.now_s)

    def answer(self, sender: str, silent: bool = False) -> str:
        """Say what becomes of a call."""
        try:
            alone = self.gate.leaves_alone(asked(sender, silent))
        except dbus_fast.DBusError as error:
            self.assertEqual(crowd.LIMITS_EXCEEDED, error.type)
            return 'refused'
        return 'alone' if alone else 'passes'

    def count(self, sender: str, calls: int) -> dict[str, int]:
        found = [self.answer(sender) for _ in range(calls)]
        return {each: found.count(each) for each in set(found)}

    def test_a_few_a_second_pass_for_ever(self) -> None:
        for _ in range(1000):
            self.now_s += 0.05
            self.assertEqual('passes', self.answer(':1.1'))

    def test_flood_is_refused_and_then_left_alone(self) -> None:
        found = self.count(':1.1', 10_000)
        self.assertEqual(50, found['passes'])
        self.assertLess(found['refused'], 2001)
        self.assertGreater(found['alone'], 7000)

    def test_others_pass_in_a_flood(self) -> None:
        self.count(':1.1', 10_000)
        self.assertEqual('passes', self.answer(':1.2'))

    def test_who_asks_little_passes_beside_many_who_flood(self) -> None:
        passed = []
        for tick in range(6000):
            self.now_s += 0.01
            for number in range(50):
                self.answer(f':2.{number}')
                if tick % 100 == 0 and number == tick // 100 % 50:
                    passed.append(self.answer(':1.1'))
        self.assertEqual(['passes'] * 60, passed)

    def test_who_waits_passes_again(self) -> None:
        self.count(':1.1', 10_000)
        self.now_s += 1
        self.assertEqual('passes', self.answer(':1.1'))

    def test_ever_new_senders_are_held_off_and_forgotten(self) -> None:
        passed = sum(
            self.answer(f':1.{number}') == 'passes' for number in range(5000)
        )
        self.assertEqual(200, passed)
        self.assertLessEqual(len(self.gate._of), 256)

    def test_who_wants_no_answer_gets_none(self) -> None:
        self.count(':1.1', 50)
        self.assertEqual('alone', self.answer(':1.1', silent=True))

    def test_clock_that_stands_or_goes_back(self) -> None:
        self.count(':1.1', 50)
        self.now_s -= 1000
        self.assertEqual('refused', self.answer(':1.1'))

    def test_answers_and_signals_are_not_counted(self) -> None:
        signal = dbus_fast.Message.new_signal('/a', 'a.b', 'Changed')
        for _ in range(10_000):
            self.assertFalse(self.gate.leaves_alone(signal))


class QueueTest(unittest.TestCase):
    def test_who_finds_it_full_is_sent_away(self) -> None:
        async def come() -> list[object]:
            queue = crowd.Queue(3)

            async def ask() -> None:
                async with queue.turn(0):
                    pass

            first = await asyncio.gather(
                *(ask() for _ in range(5)), return_exceptions=True
            )
            await ask()
            return first

        found = asyncio.run(come())
        self.assertEqual([None] * 3, found[:3])
        self.assertEqual(
            [crowd.LIMITS_EXCEEDED] * 2,
            [error.type for error in found[3:]],
        )
