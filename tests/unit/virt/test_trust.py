# SPDX-License-Identifier: Apache-2.0
"""What a workstation believes that has a key."""

import pathlib
import tempfile
import unittest
from unittest import mock

from nova_desktop import exception, keys, messages
from nova_desktop.virt import endpoint, told, trust
from tests.unit.virt import statuses

MASTER = bytes(range(32))
SERVER = 'b38a3f43-4be2-4046-897f-b67c2f5e0147'
NOTICE = messages.Notice(SERVER, 'stop', 1000.0, 'the owner is back')


def key_of(host: str) -> bytes:
    return keys.of_host(MASTER, host)


def sealed(message, host='desk1', master=MASTER):
    signer = messages.Signer(host, keys.of_host(master, host))
    return signer.sealed(messages.kind_of(message), message.to_wire())


class EndpointTest(unittest.TestCase):
    def setUp(self) -> None:
        self.ask = mock.Mock(return_value=1)
        self.endpoint = endpoint.NoticeEndpoint(
            lambda server: self.ask,
            mock.MagicMock(),
            lambda server: False,
            told.Book(statuses.status),
            trust.Trust('desk1', key_of('desk1')),
        )

    def test_notices_of_the_control_plane_alone(self) -> None:
        good = sealed(NOTICE)
        self.assertTrue(self.endpoint.notice({}, good))
        told = self.ask.call_count
        for forged in (
            NOTICE.to_wire(),
            good,
            sealed(NOTICE, 'desk2'),
            sealed(NOTICE, master=keys.new()),
            {**sealed(NOTICE), 'action': 'delete'},
            None,
        ):
            self.assertFalse(self.endpoint.notice({}, forged))
        self.assertEqual(told, self.ask.call_count)

    def test_questions_of_the_control_plane_alone(self) -> None:
        question = sealed(messages.Question('told'))
        self.endpoint.told({}, 5, question)
        for call, fields in (
            (self.endpoint.status, None),
            (self.endpoint.status, sealed(messages.Question('told'))),
            (self.endpoint.told, question),
            (self.endpoint.status, sealed(messages.Question('status'), 'd2')),
        ):
            with self.assertRaises(messages.Refused):
                call({}, fields=fields)

    def test_the_log_is_not_flooded(self) -> None:
        with self.assertLogs('nova_desktop') as said:
            for _ in range(500):
                self.endpoint.notice({}, NOTICE.to_wire())
        self.assertEqual(1, len(said.output))


class HostClientTest(unittest.TestCase):
    """The control plane asks; somebody on the bus answers."""

    def setUp(self) -> None:
        self.host = trust.Trust('desk1', key_of('desk1'))
        self.endpoint = endpoint.NoticeEndpoint(
            None, None, None, told.Book(statuses.status), self.host
        )
        self.client = messages.HostClient(None, key_of)
        self.answers: list = []

    def ask(self, answer, host='desk1'):
        bus = mock.Mock()
        bus.call.side_effect = answer
        with mock.patch.object(self.client, '_client', return_value=bus):
            return self.client.status(host, 1.0)

    def genuine(self, context, method, **more):
        self.answers.append(getattr(self.endpoint, method)(context, **more))
        return self.answers[-1]

    def test_its_own_answer(self) -> None:
        self.assertTrue(self.ask(self.genuine).heard)

    def test_an_answer_by_somebody_else(self) -> None:
        self.ask(self.genuine)
        plain = told.Book(statuses.status).now().to_wire()
        for forged in (
            plain,
            self.answers[0],
            {**self.answers[0], 'answer': plain},
        ):
            with self.assertRaises(exception.BadMessage):
                self.ask(lambda *_, answer=forged, **more: answer)

    def test_the_answer_of_another_host(self) -> None:
        def answer(context, method, fields):
            other = trust.Trust('desk1', key_of('desk1'))
            seal = messages.Seal('x', 1.0, fields['seal']['nonce'])
            return other.answer(seal, self.endpoint._book.now().to_wire())

        self.assertTrue(self.ask(answer).heard)
        with self.assertRaisesRegex(exception.BadMessage, 'desk2'):
            self.ask(answer, 'desk2')


class KeyTest(unittest.TestCase):
    def test_a_bad_file_does_not_stop_nova_compute(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder, 'key'))
            self.assertIsNone(trust.key_from(''))
            with self.assertLogs('nova_desktop.virt.trust', 'ERROR') as said:
                self.assertIsNone(trust.key_from(path))
            self.assertIn('[desktop] host_key_file', said.output[0])
            keys.write(path, MASTER, 'x')
            self.assertEqual(MASTER, trust.key_from(path))
