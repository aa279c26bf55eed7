# SPDX-License-Identifier: Apache-2.0
import base64
import contextlib
import json
import unittest

from nova import exception as nova_exception

from nova_desktop import messages
from nova_desktop.virt import endpoint, guest_files, told, trust
from tests.unit.virt import statuses

SERVER = 'b38a3f43-4be2-4046-897f-b67c2f5e0147'
FIELDS = {
    'server_id': SERVER,
    'action': 'stop',
    'deadline_unix_s': 1000.0,
    'reason': 'the owner is back',
}


class FakeAgent:
    """A guest's agent that keeps what was written, or fails at a step."""

    def __init__(self, fails_at: str = '') -> None:
        self.fails_at = fails_at
        self.commands: list[str] = []
        self.written = ''
        self.answer: object = {}

    def ask(self, command, arguments):
        self.commands.append(command)
        if command == self.fails_at:
            raise guest_files.GuestAgentFailed('no agent')
        if command == 'guest-file-read':
            return self.answer
        if command == 'guest-file-write':
            self.written = base64.b64decode(arguments['buf-b64']).decode()
        return 7


class NoticeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.agent = FakeAgent()
        self.book = told.Book(statuses.status)
        self.endpoint = endpoint.NoticeEndpoint(
            self.agent_of,
            self.let_hear,
            lambda _: self.paused,
            self.book,
            trust.Trust('', None),
        )
        self.paused = False

    @contextlib.contextmanager
    def let_hear(self, notice):
        self.agent.commands.append(f'{notice.server_id} runs')
        yield
        self.agent.commands.append(f'{notice.server_id} is held')

    def agent_of(self, server_id):
        if server_id != SERVER:
            raise nova_exception.InstanceNotFound(instance_id=server_id)
        return self.agent.ask

    def test_notice_is_one_line_of_json(self) -> None:
        self.assertTrue(self.endpoint.notice({}, FIELDS))
        self.assertTrue(self.agent.written.endswith('\n'))
        self.assertEqual(
            {**FIELDS, 'deadline': 1000, 'event': 'notice', 'odds': 0.0},
            json.loads(self.agent.written),
        )
        self.assertEqual(f'{SERVER} runs', self.agent.commands[0])
        self.assertEqual(
            ['guest-file-close', f'{SERVER} is held'], self.agent.commands[-2:]
        )

    def test_says_what_the_cloud_is_told(self) -> None:
        self.book.heard()
        status = messages.HostStatus.from_wire(self.endpoint.status({}))
        self.assertEqual('the owner is away', status.now.reason)
        for limit in (1, None, 'x', [], True):
            (entry,) = self.endpoint.told({}, limit)
            self.assertEqual(status.now.cpus, entry['cpus'])
        self.assertEqual([], self.endpoint.told({}, 0))

    def test_withdrawal(self) -> None:
        self.assertTrue(self.endpoint.notice({}, {**FIELDS, 'action': ''}))
        self.assertEqual('', json.loads(self.agent.written)['action'])

    def test_what_is_no_message(self) -> None:
        for fields in (None, [], 'x', {**FIELDS, 'reason': 'x' * 10**6}):
            self.setUp()
            with self.assertLogs('nova_desktop.messages.refusals') as said:
                self.assertFalse(self.endpoint.notice({}, fields))
            self.assertLess(len(said.output[0]), 1000)
        self.assertEqual([], self.agent.commands)

    def test_guest_that_does_not_answer(self) -> None:
        for step in ('guest-file-open', 'guest-file-write'):
            with self.subTest(step):
                self.agent = FakeAgent(step)
                self.assertFalse(self.endpoint.notice({}, FIELDS))

    def test_file_is_closed_after_a_failed_write(self) -> None:
        self.agent = FakeAgent('guest-file-write')
        self.endpoint.notice({}, FIELDS)
        self.assertIn('guest-file-close', self.agent.commands)

    def test_other_hosts_guest(self) -> None:
        other = {**FIELDS, 'server_id': SERVER.replace('b', 'c')}
        self.assertFalse(self.endpoint.notice({}, other))
        self.assertEqual([], self.agent.commands)

    def test_bad_message_is_named(self) -> None:
        for field in FIELDS:
            with (
                self.subTest(field),
                self.assertLogs('nova_desktop.messages.refusals') as said,
            ):
                self.setUp()
                self.assertFalse(
                    self.endpoint.notice({}, {**FIELDS, field: None})
                )
                self.assertIn(field, said.output[0])

    def acknowledged(self, answer, server_id=SERVER):
        self.agent.answer = answer
        return self.endpoint.acknowledged({}, server_id)

    def test_what_a_guest_agreed_to(self) -> None:
        text = base64.b64encode(b'1000\n').decode()
        self.assertEqual('1000', self.acknowledged({'buf-b64': text}))
        self.assertEqual(
            ['guest-file-open', 'guest-file-read', 'guest-file-close'],
            self.agent.commands,
        )

    def test_agents_that_answer_anything(self) -> None:
        for answer in (
            None,
            7,
            [],
            {'buf-b64': 7},
            {'buf-b64': '%'},
            {'buf-b64': '/w=='},
        ):
            self.assertIn(self.acknowledged(answer), ('', 'w'), answer)
        long = base64.b64encode(b'1' * 10**6).decode()
        self.assertEqual(64, len(self.acknowledged({'buf-b64': long})))

    def test_guest_that_agreed_to_nothing(self) -> None:
        for step in ('guest-file-open', 'guest-file-read'):
            self.agent = FakeAgent(step)
            self.assertEqual('', self.acknowledged({}))
        self.assertEqual('', self.acknowledged({}, SERVER.replace('b', 'c')))

    def test_questions_about_no_server(self) -> None:
        for other in (None, [], 'x', 'x' * 10**6):
            with self.assertRaises(messages.Refused) as caught:
                self.acknowledged({}, other)
            self.assertIn('server_id', str(caught.exception.exc_info[1]))

    def test_a_paused_guest_is_not_let_run_for_a_question(self) -> None:
        self.paused = True
        self.assertEqual('', self.acknowledged({}))
        self.assertEqual([], self.agent.commands)
