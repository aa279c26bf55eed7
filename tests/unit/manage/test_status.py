# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from keystoneauth1 import exceptions as ks_exceptions

from nova_desktop.doctor.result import State
from nova_desktop.manage import status
from tests.unit.manage import operator

WORKER = {
    'worker': 'w1',
    'answers': True,
    'since': 'then',
    'omitted': 0,
    'checks': [{'name': 'bus', 'state': 'ok'}],
    'needs': [
        {
            'host': 'desk1',
            'keep_memory_mib': 0,
            'within_s': 30,
            'reason': 'the owner is back',
        }
    ],
    'victims': [
        {
            'server': 'a',
            'host': 'desk1',
            'step': 'in its grace',
            'action': 'shelve',
            'deadline': 'soon',
            'reason': 'x',
        }
    ],
    'resting': [
        {'server': 'b', 'host': '', 'failures': 2, 'until': 'later'},
        {'server': 'c', 'host': 'desk1', 'failures': 1, 'until': 'later'},
    ],
    'waiting': [{'server': 'd', 'state': 'suspended', 'since': 'then'}],
}
SILENT = {'worker': 'w2', 'answers': False, 'heard_at': 'then'}


class StatusTest(unittest.TestCase):
    def setUp(self) -> None:
        self.cloud = operator.Cloud('desk1', 'desk2')
        self.cloud.endpoint_for = lambda kind: 'http://api/'
        self.answer = mock.Mock()
        self.cloud.session = mock.Mock()
        self.cloud.session.get.return_value = self.answer
        self.tell(WORKER)

    def tell(self, *workers) -> None:
        self.answer.json.return_value = {'workers': list(workers)}

    def lines(self) -> list[tuple[str, str, str]]:
        found = status.results(status.ask(self.cloud))
        return [(each.state, each.what, each.found) for each in found]

    def test_what_a_worker_does(self) -> None:
        self.assertEqual(
            [
                ('ok', 'worker w1', 'since then: bus ok'),
                (
                    'ok',
                    'w1 host desk1',
                    '0 MiB may stay in 30 s: the owner is back',
                ),
                (
                    'ok',
                    'w1 server a',
                    'desk1: in its grace, shelve by soon: x',
                ),
                ('ok', 'w1 server b', 'coming back failed 2x, again later'),
                (
                    'ok',
                    'w1 server c',
                    'leaving desk1 failed 1x, again later',
                ),
                (
                    'ok',
                    'w1 server d',
                    'suspended since then: waits to come back',
                ),
            ],
            self.lines(),
        )
        (url,) = self.cloud.session.get.call_args.args
        self.assertEqual('http://api/v1/workers', url)

    def test_silent_and_failing(self) -> None:
        failing = [{'name': 'bus', 'state': 'failing for 9 s'}]
        self.tell({**WORKER, 'checks': failing}, SILENT)
        found = self.lines()
        self.assertEqual(State.PROBLEM, found[0][0])
        self.assertIn('bus failing for 9 s', found[0][2])
        self.assertEqual(
            ('problem', 'worker w2', 'no answer; heard of last at then'),
            found[-1],
        )

    def test_more_than_is_told(self) -> None:
        self.tell({**WORKER, 'omitted': 7})
        self.assertIn('7 lines more', self.lines()[0][2])

    def test_drained_hosts_without_the_api(self) -> None:
        service = self.cloud.services['desk1']
        service.status = 'disabled'
        service.disabled_reason = 'nova-desktop drain: x'
        self.cloud.services['desk2'].status = 'disabled'
        self.cloud.there = [
            operator.server('a'),
            operator.server('b', **{'desktop:preemptible': 'false'}),
        ]
        for fail in (
            {'side_effect': ks_exceptions.ConnectFailure('nobody')},
            {'side_effect': None, 'return_value': mock.Mock(json=list)},
        ):
            self.cloud.session.get.configure_mock(**fail)
            workers, host = self.lines()
            self.assertEqual(('problem', 'workers'), workers[:2])
            self.assertEqual(
                (
                    'ok',
                    'host desk1',
                    'nova-desktop drain: x; 1 have to leave, '
                    'not preemptible: b',
                ),
                host,
            )
        service.state = 'down'
        self.assertEqual(State.PROBLEM, self.lines()[-1][0])

    def test_not_in_the_catalog(self) -> None:
        self.cloud.endpoint_for = lambda kind: None
        (line,) = self.lines()
        self.assertIn('the catalog has no service', line[2])
