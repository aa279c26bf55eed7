# SPDX-License-Identifier: Apache-2.0
import threading
import unittest

from nova_desktop import messages
from nova_desktop.reclaim import peers
from tests.unit.reclaim import fakes


def told(worker, question):
    lists = {name: () for name in messages.worker.LISTS}
    return messages.WorkerTold(worker, question, 'now', lists)


class PeersTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = fakes.Clock()
        self.asked: list = []
        self.workers: dict[str, peers.Peers] = {}
        for name in ('w1', 'w2', 'w3'):
            self.workers[name] = self.worker(name)
        self.one = self.workers['w1']

    def worker(self, name: str) -> peers.Peers:
        return peers.Peers(
            name,
            lambda question: told(name, question),
            self.ask,
            lambda asker, answer: self.workers[asker].told(answer),
            self.clock,
            threading.Event(),
        )

    def ask(self, message) -> None:
        """Carry a question to all, by and by."""
        self.asked.append(message)
        for number, worker in enumerate(self.workers.values()):
            self.clock.at(number / 2, lambda w=worker: w.asked(message))

    def names(self) -> tuple[list[str], list[str]]:
        answers, silent = self.one.ask()
        return [each.worker for each in answers], sorted(silent)

    def test_all_answer(self) -> None:
        self.assertEqual((['w1', 'w2', 'w3'], []), self.names())
        self.assertEqual(2.0, self.clock.steady())

    def test_one_that_is_gone_is_silent_for_a_day(self) -> None:
        self.names()
        del self.workers['w2']
        self.assertEqual((['w1', 'w3'], ['w2']), self.names())
        self.clock.now += 86400
        self.assertEqual((['w1', 'w3'], []), self.names())

    def test_never_heard_of(self) -> None:
        self.workers = {'w1': self.one}
        self.assertEqual((['w1'], []), self.names())

    def test_heard_of_by_what_it_decided(self) -> None:
        self.workers = {'w1': self.one}
        self.one.heard('w9')
        self.one.heard('w1')
        self.assertEqual((['w1'], ['w9']), self.names())

    def test_answers_that_nobody_waits_for(self) -> None:
        self.names()
        (question,) = self.asked
        self.one.told(told('w4', question.question))
        self.one.told(told('w5', 'another'))
        self.workers = {'w1': self.one}
        self.assertEqual((['w1'], ['w2', 'w3', 'w4', 'w5']), self.names())

    def test_a_flood_is_bounded(self) -> None:
        self.workers = {'w1': self.one}
        for number in range(1000):
            self.one.heard(f'x{number}')
        self.assertEqual(100, len(self.names()[1]))
