# SPDX-License-Identifier: Apache-2.0
import json
import unittest

from nova_desktop import messages
from nova_desktop.reclaim import under_way
from tests.unit.reclaim import fakes


class UnderWayTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = fakes.Clock()
        self.a, self.b = fakes.server('a'), fakes.server('b')
        self.cloud = fakes.Cloud(self.clock, self.a, self.b)
        self.service = fakes.Service(self.cloud)

    def told(self) -> messages.WorkerTold:
        made = under_way.told(
            self.service.parts, {'bus': 'ok'}, 'q', self.clock.unix()
        )
        # It is what the other workers take.
        wire = json.loads(json.dumps(made.to_wire()))
        self.assertEqual(made, messages.WorkerTold.from_wire(wire))
        return made

    def test_idle(self) -> None:
        lists = dict(self.told().lists)
        self.assertEqual(
            ({'name': 'bus', 'state': 'ok'},), lists.pop('checks')
        )
        self.assertEqual({()}, set(lists.values()))

    def test_steps(self) -> None:
        self.cloud.disable('desk1', 'nova-desktop drain within 90 s')
        self.service.ask()
        self.service.drains.scan()
        self.assertEqual(['chosen'] * 2, self.steps())
        self.service.go_on()
        self.assertEqual(['in its grace'] * 2, self.steps())
        needs = self.told().lists['needs']
        self.assertEqual(
            [('host', 30.0), ('operator', 90)],
            [(each['asked_by'], each['within_s']) for each in needs],
        )
        (row, _) = self.told().lists['victims']
        self.assertEqual('live-migrate', row['action'])
        self.assertEqual('2027-01-15T08:01:00Z', row['deadline'])
        self.end_grace()
        self.assertEqual(['leaving'] * 2, sorted(self.steps()))
        self.service.actors.run()
        self.service.run()
        self.assertEqual([], self.steps())

    def end_grace(self) -> None:
        """Let the grace pass, and nobody act yet."""
        self.clock.now += 61
        while self.service.agenda.resume_one():
            pass

    def steps(self) -> list[object]:
        return [each['step'] for each in self.told().lists['victims']]

    def test_waiting_for_a_turn_and_withdrawn(self) -> None:
        self.service = fakes.Service(self.cloud, per_host=1)
        self.service.ask()
        self.service.go_on()
        self.clock.now += 61
        while self.service.agenda.resume_one():
            pass
        self.assertEqual(
            ['leaving', 'waits for its turn'], sorted(self.steps())
        )
        self.service.returned()
        self.assertEqual(['leaving', 'withdrawn'], sorted(self.steps()))

    def test_back_offs_and_who_waits(self) -> None:
        hosts = self.service.hosts
        hosts.failed(self.a.id, self.clock.now, 'desk1')
        hosts.failed(self.b.id, self.clock.now)
        rows = self.told().lists['resting']
        self.assertEqual(['desk1', ''], [each['host'] for each in rows])
        self.assertEqual([1, 1], [each['failures'] for each in rows])
        self.clock.now += 10**6
        self.assertEqual((), self.told().lists['resting'])

    def test_too_many_are_counted(self) -> None:
        for number in range(messages.MAX_ROWS + 7):
            self.service.hosts.failed(f's{number}', self.clock.now)
        made = self.told()
        self.assertEqual(7, made.omitted)
        self.assertEqual(messages.MAX_ROWS, len(made.lists['resting']))

    def test_shown(self) -> None:
        shown = under_way.shown([self.told()], {'w9': fakes.START})
        (one, other) = shown['workers']
        self.assertEqual(('w1', True), (one['worker'], one['answers']))
        self.assertEqual(
            {
                'worker': 'w9',
                'answers': False,
                'heard_at': '2027-01-15T08:00:00Z',
            },
            other,
        )
