# SPDX-License-Identifier: Apache-2.0

import http.client
import io
import json
import threading
import unittest
import uuid

from nova_desktop import messages, model
from nova_desktop.policy import lease
from nova_desktop.reclaim import grace, notice, nouns, server, vendordata
from tests.unit.reclaim import fakes

ID = str(uuid.uuid4())


class ApplicationTest(unittest.TestCase):
    def setUp(self):
        self.table = notice.Table()
        self.leases = {}
        self.app = vendordata.Application(
            self.table, fakes.settings(), self.leases.get
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
        self.assertEqual((200, {}), self.post({'instance-id': ID}))

    def test_notice(self):
        self.table.put(messages.Notice(ID, 'shelve', 5.0, 'owner'))
        self.assertEqual(
            (200, {'action': 'shelve', 'deadline': 5, 'reason': 'owner'}),
            self.post({'instance-id': ID.upper()}),
        )
        self.table.drop(ID)
        self.assertEqual((200, {}), self.post({'instance-id': ID}))

    def test_lease(self):
        agreed = lease.Lease(100.4, 60, model.ReclaimAction.DELETE)
        self.leases[ID] = agreed
        shown = {'lease': {'end': 160, 'then': 'delete'}}
        self.assertEqual((200, shown), self.post({'instance-id': ID}))
        self.table.put(messages.Notice(ID, 'shelve', 5.0, 'owner'))
        _, body = self.post({'instance-id': ID})
        self.assertEqual('shelve', body.pop('action'))
        self.assertEqual(shown['lease'], body['lease'])
        self.assertEqual(
            (200, {}), self.post({'instance-id': str(uuid.uuid4())})
        )

    def test_notice_of_another_worker(self):
        soon = nouns.Clock().unix() + 60
        text = grace.render('stop', soon, 'owner', 'x')
        code, body = self.post(
            {'instance-id': ID, 'metadata': {grace.KEY: text}}
        )
        self.assertEqual((200, 'stop'), (code, body['action']))

    def test_forged_metadata(self):
        for text in ('', '[]', '{', '{"deadline": 1}', 7, '[' * 90000):
            body = {'instance-id': ID, 'metadata': {grace.KEY: text}}
            self.assertEqual((200, {}), self.post(body), text)
        self.assertEqual(
            (200, {}), self.post({'instance-id': ID, 'metadata': 'x'})
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
