# SPDX-License-Identifier: Apache-2.0
import unittest

from nova_desktop import exception
from nova_desktop.doctor.result import State
from nova_desktop.manage import drain
from nova_desktop.policy.drain import Drain
from tests.unit.manage import operator


class Clock(drain.Clock):
    def __init__(self) -> None:
        self.now, self.plans = 0.0, []

    def steady(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for when, act in self.plans:
            if when <= self.now:
                act()


class DrainTest(unittest.TestCase):
    def setUp(self) -> None:
        self.cloud = operator.Cloud('desk1', 'rack1')
        self.service = self.cloud.services['desk1']
        self.clock = Clock()

    def drain(self, host='desk1', why='', within_s=None):
        return list(drain.drain(self.cloud, host, Drain(why, within_s)))

    def wait(self) -> list:
        return list(drain.wait(self.cloud, 'desk1', 60.0, self.clock))

    def test_who_goes_and_who_stays(self) -> None:
        self.cloud.there = [
            operator.server('b'),
            operator.server('a', **{'desktop:preemptible': 'false'}),
            operator.server('c', state='shelved_offloaded'),
            operator.server('d', host='DESK1'),
        ]
        host, a, b = self.drain(why='x')
        self.assertEqual(State.UPDATED, host.state)
        self.assertEqual('nova-desktop drain: x', self.service.disabled_reason)
        self.assertEqual((State.ADVICE, 'server a'), (a.state, a.what))
        self.assertEqual((State.OK, 'server b'), (b.state, b.what))
        self.assertIn('shelve after a notice of', b.found)

    def test_again(self) -> None:
        self.drain(why='x', within_s=9)
        for words in ({}, {'why': 'x', 'within_s': 9}):
            self.assertEqual(State.KEPT, self.drain(**words)[0].state)
        self.cloud.put.assert_called_once()
        self.assertEqual(State.UPDATED, self.drain(why='y')[0].state)
        # One that is drained may go down meanwhile.
        self.service.state = 'down'
        self.assertEqual(State.KEPT, self.drain()[0].state)

    def test_somebody_elses(self) -> None:
        self.service.status = 'disabled'
        for reason in ('broken', '', None):
            self.service.disabled_reason = reason
            for made in (self.drain(), drain.undrain(self.cloud, 'desk1')):
                (found,) = made
                self.assertEqual(State.PROBLEM, found.state)
                self.assertIn(reason or '(no reason)', found.found)
        self.cloud.put.assert_not_called()

    def test_bad_hosts(self) -> None:
        self.service.state = 'down'
        for host, why in (
            ('Desk1', 'host of a nova-compute'),
            ('rack1', 'workstation'),
            ('desk1', 'up'),
        ):
            with self.assertRaisesRegex(
                exception.BadValue, f"HOST = '{host}' .* must be .*{why}"
            ):
                self.drain(host)
        self.cloud.put.assert_not_called()

    def test_bad_reasons(self) -> None:
        for reason in ('a\nb', 'x' * 500):
            with self.assertRaisesRegex(exception.BadValue, '--reason'):
                drain.check(reason, None)
        self.assertEqual(Drain('x', 5), drain.check(' x ', 5))

    def test_undrained(self) -> None:
        self.drain()
        for state in (State.UPDATED, State.KEPT):
            (found,) = drain.undrain(self.cloud, 'desk1')
            self.assertEqual(state, found.state)
            self.assertEqual('enabled', self.service.status)

    def test_waits_for_the_last_one(self) -> None:
        self.cloud.there = [operator.server('a'), operator.server('b')]
        self.drain()
        self.clock.plans = [
            (20, lambda: self.cloud.there[1:] and self.cloud.there.pop()),
            (40, self.cloud.there.clear),
        ]
        self.assertEqual(
            [
                '2 still to leave: a, b',
                '1 still to leave: a',
                'no preemptible instance holds memory there',
            ],
            [each.found for each in self.wait()],
        )
        self.assertEqual(40, self.clock.now)

    def test_waits_no_longer_than_told(self) -> None:
        self.cloud.there = [operator.server('a')]
        self.drain()
        *_, last = self.wait()
        self.assertEqual((State.PROBLEM, 60), (last.state, self.clock.now))
        self.assertIn('after 60 s 1 still to leave: a', last.found)

    def test_undrained_meanwhile(self) -> None:
        self.cloud.there = [operator.server('a')]
        self.drain()
        again = drain.undrain(self.cloud, 'desk1')
        self.clock.plans = [(20, lambda: list(again))]
        *_, last = self.wait()
        self.assertEqual((State.PROBLEM, 20), (last.state, self.clock.now))
        self.assertIn('not drained any more', last.found)
