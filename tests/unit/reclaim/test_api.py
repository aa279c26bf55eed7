# SPDX-License-Identifier: Apache-2.0

import json
import unittest
from unittest import mock

from nova_desktop import exception
from nova_desktop.reclaim import api, api_show, nouns


def environ(method, path, query=''):
    return {
        'REQUEST_METHOD': method,
        'PATH_INFO': path,
        'QUERY_STRING': query,
        'HTTP_HOST': 'api:9891',
        'wsgi.url_scheme': 'http',
    }


def call(application, path, method='GET', query=''):
    """Send a request; give the status, the body and the headers."""
    got = []
    parts = application(
        environ(method, path, query),
        lambda status, headers: got.append((status, dict(headers))),
    )
    status, headers = got[0]
    return int(status[:3]), json.loads(b''.join(parts)), headers


class ApplicationTest(unittest.TestCase):
    def setUp(self):
        self.resources = mock.Mock()
        self.application = api.Application(self.resources)

    def test_routes(self):
        self.resources.history.return_value = {'history': []}
        code, body, headers = call(
            self.application, '/v1/hosts/desk1/history', query='limit=5'
        )
        self.assertEqual((200, {'history': []}), (code, body))
        _, name, query = self.resources.history.call_args.args
        self.assertEqual(('desk1', {'limit': ['5']}), (name, query))
        self.assertTrue(headers['X-OpenStack-Request-ID'].startswith('req-'))

    def test_the_workers(self):
        self.resources.workers.return_value = {'workers': []}
        code, body, _ = call(self.application, '/v1/workers')
        self.assertEqual((200, {'workers': []}), (code, body))
        self.assertEqual(404, call(self.application, '/v1/workers/w1')[0])

    def test_nothing_there(self):
        for path in ('/v1/hosts', '/v1/hosts/a/b', '/v1/hosts/', '/v2', ''):
            code, body, _ = call(self.application, path)
            self.assertEqual((404, 404), (code, body['error']['code']))
            self.assertEqual('Not Found', body['error']['title'])

    def test_other_methods(self):
        for method in ('POST', 'DELETE', 'HEAD', 'X' * 999):
            code, _, headers = call(self.application, '/v1/hosts/a', method)
            self.assertEqual((405, 'GET'), (code, headers['Allow']))
        self.resources.host.assert_not_called()

    def test_errors(self):
        for error, status, told in (
            (exception.BadValue('limit', 0, 'must be 1'), 400, 'limit'),
            (exception.BadMessage('presence', 0, 'must be'), 502, 'presence'),
            (exception.HostSilent('no answer'), 504, 'no answer'),
        ):
            self.resources.host.side_effect = error
            code, body, _ = call(self.application, '/v1/hosts/a')
            self.assertEqual((status, status), (code, body['error']['code']))
            self.assertIn(told, body['error']['message'])

    def test_what_is_not_the_clients_business(self):
        for error, status in (
            (nouns.CloudUnreachable('http://inside/'), 503),
            (RuntimeError('secret'), 500),
        ):
            self.resources.host.side_effect = error
            with self.assertLogs('nova_desktop.reclaim.api', 'ERROR') as logs:
                code, body, _ = call(self.application, '/v1/hosts/a')
            self.assertEqual(status, code)
            self.assertIn(str(error), logs.output[0])
            self.assertNotIn(str(error), body['error']['message'])


class FrontTest(unittest.TestCase):
    def setUp(self):
        self.guarded = mock.Mock(return_value=[b'{}'])
        self.front = api.Front(self.guarded)

    def test_open_to_all(self):
        for path in ('/', ''):
            _, body, _ = call(self.front, path)
            (version,) = body['versions']
            self.assertEqual(
                'http://api:9891/v1/', version['links'][0]['href']
            )
        for path in ('/v1', '/v1/'):
            _, body, _ = call(self.front, path)
            self.assertEqual('v1.0', body['version']['id'])
        self.guarded.assert_not_called()

    def test_the_rest_is_not(self):
        for method, path in (('GET', '/v1/hosts/a'), ('POST', '/')):
            self.assertEqual([b'{}'], self.front(environ(method, path), None))
        self.assertEqual(2, self.guarded.call_count)


class ShowTest(unittest.TestCase):
    def test_times(self):
        self.assertEqual('2027-01-15T08:00:00Z', api_show.time_of(1.8e9))
        self.assertEqual('', api_show.time_of(2**40))
