# SPDX-License-Identifier: Apache-2.0

import functools
import http.client
import io
import json
import pathlib
import threading
import unittest
import uuid

import jsonschema

from nova_desktop import messages, model
from nova_desktop.policy import lease
from nova_desktop.reclaim import (
    foreseen,
    grace,
    notice,
    nouns,
    server,
    vendordata,
)
from tests.unit.reclaim import fakes

ID = str(uuid.uuid4())
SCHEMA = pathlib.Path(__file__).parents[3] / 'guest/vendor_data.schema.json'
NONE = {'event': 'none'}


class ApplicationTest(unittest.TestCase):
    def setUp(self):
        self.table = notice.Table()
        self.leases = {}
        self.foreseen = foreseen.Foreseen(nouns.Clock())
        self.app = vendordata.Application(
            self.table, fakes.settings(), self.leases.get, self.foreseen
        )

    def post(self, body, method='POST', path='/', length=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        got = []
        answer = self.app(
            {
                'REQUEST_METHOD': method,
                'PATH_INFO': path,
                'CONTENT_LENGTH': str(len(data)) if length is None else length,
                'wsgi.input': io.BytesIO(data),
            },
            lambda status, headers: got.append(status),
        )
        return int(got[0][:3]), json.loads(b''.join(answer))

    def test_no_notice(self):
        self.assertEqual((200, NONE), self.post({'instance-id': ID}))

    def test_notice(self):
        self.table.put(messages.Notice(ID, 'shelve', 5.0, 'owner'))
        self.assertEqual(
            (
                200,
                {
                    'event': 'notice',
                    'action': 'shelve',
                    'deadline': 5,
                    'reason': 'owner',
                },
            ),
            self.post({'instance-id': ID.upper()}),
        )
        self.table.drop(ID)
        self.assertEqual((200, NONE), self.post({'instance-id': ID}))

    def test_lease(self):
        agreed = lease.Lease(100.4, 60, model.ReclaimAction.DELETE)
        self.leases[ID] = agreed
        shown = {'lease': {'end': 160, 'then': 'delete'}}
        self.assertEqual((200, NONE | shown), self.post({'instance-id': ID}))
        self.table.put(messages.Notice(ID, 'shelve', 5.0, 'owner'))
        _, body = self.post({'instance-id': ID})
        self.assertEqual('shelve', body.pop('action'))
        self.assertEqual(shown['lease'], body['lease'])
        self.assertEqual(
            (200, NONE), self.post({'instance-id': str(uuid.uuid4())})
        )

    def test_notice_of_another_worker(self):
        soon = nouns.Clock().unix() + 60
        text = grace.render('stop', soon, 'owner', 'x')
        code, body = self.post(
            {'instance-id': ID, 'metadata': {grace.KEY: text}}
        )
        self.assertEqual((200, 'stop'), (code, body['action']))

    def foresee(self, action='', odds=0.8):
        now = nouns.Clock().unix()
        told = messages.Notice(ID, action, 7.0, 'expected', odds)
        self.foreseen.put(foreseen.Risk('desk1', told, 5.4, now, now + 60))

    def test_at_risk(self):
        self.foresee()
        at_risk = {'until': 5, 'odds': 0.8, 'reason': 'expected'}
        self.assertEqual(
            (200, {'event': 'at-risk', 'at_risk': at_risk}),
            self.post({'instance-id': ID}),
        )

    def test_early_notice(self):
        self.foresee('shelve')
        _, body = self.post({'instance-id': ID})
        self.assertEqual(
            ['notice', 'shelve', 7, 5],
            [
                body['event'],
                body['action'],
                body['deadline'],
                body['at_risk']['until'],
            ],
        )

    def test_a_real_notice_replaces_what_was_foreseen(self):
        self.foresee()
        self.table.put(messages.Notice(ID, 'shelve', 9.0, 'owner'))
        _, body = self.post({'instance-id': ID})
        self.assertEqual(9, body['deadline'])
        self.assertNotIn('at_risk', body)
        self.table.drop(ID)
        soon = nouns.Clock().unix() + 60
        text = grace.render('stop', soon, 'owner', 'x')
        _, body = self.post({'instance-id': ID, 'metadata': {grace.KEY: text}})
        self.assertEqual('stop', body['action'])

    def test_no_text_ends_the_object_before_its_end(self):
        self.table.put(messages.Notice(ID, 'shelve', 5.0, 'a } b {'))
        _, body = self.post({'instance-id': ID})
        self.assertEqual('a ) b (', body['reason'])

    def test_what_is_shown_is_as_the_schema_says(self):
        schema = json.loads(SCHEMA.read_text())
        shown = [self.post({'instance-id': ID})[1]]
        for put in (
            self.foresee,
            functools.partial(self.foresee, 'shelve'),
            lambda: self.table.put(messages.Notice(ID, 'stop', 5.0, 'x')),
        ):
            put()
            shown.append(self.post({'instance-id': ID})[1])
        self.assertEqual(
            ['none', 'at-risk', 'notice', 'notice'],
            [each['event'] for each in shown],
        )
        for each in shown:
            jsonschema.validate(each, schema)
        for wrong in ({}, {'event': 'notice'}, {'event': 'at-risk'}):
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(wrong, schema)

    def test_forged_metadata(self):
        for text in ('', '[]', '{', '{"deadline": 1}', 7, '[' * 90000):
            body = {'instance-id': ID, 'metadata': {grace.KEY: text}}
            self.assertEqual((200, NONE), self.post(body), text)
        self.assertEqual(
            (200, NONE), self.post({'instance-id': ID, 'metadata': 'x'})
        )

    def test_bad_bodies(self):
        for body in (
            b'x',
            b'[]',
            b'\xff',
            {},
            {'instance-id': 5},
            {'instance-id': 'x'},
            b'[' * 100000,
        ):
            code, answer = self.post(body)
            self.assertEqual(400, code, body)
            self.assertIn('is not valid', answer['error'])

    def test_bad_lengths(self):
        for length in ('', '-1', 'x', '0', '99999999'):
            self.assertEqual(400, self.post({}, length=length)[0])

    def test_other_methods(self):
        self.assertEqual(405, self.post(b'', 'GET', '/')[0])

    def test_over_http(self):
        self.table.put(messages.Notice(ID, 'shelve', 5.0, 'owner'))
        http_server = server.serve('vendordata', '127.0.0.1', 0, self.app)
        self.addCleanup(http_server.server_close)
        threading.Thread(target=http_server.serve_forever, daemon=True).start()
        self.addCleanup(http_server.shutdown)
        client = http.client.HTTPConnection(
            '127.0.0.1', http_server.server_port
        )
        self.addCleanup(client.close)
        client.request('POST', '/', json.dumps({'instance-id': ID}))
        answer = client.getresponse()
        self.assertEqual(200, answer.status)
        self.assertEqual('shelve', json.loads(answer.read())['action'])


class RenderTest(unittest.TestCase):
    def test_fits_novas_metadata(self):
        for reason in ('x' * 255, 'ü"\\' * 80, ''):
            where = grace.place(fakes.server())
            text = grace.render('live-migrate', 1.8e9, reason, where)
            self.assertLessEqual(len(text), 255)
            self.assertEqual(1.8e9, grace.parse(text)['deadline'])
