# SPDX-License-Identifier: Apache-2.0
"""Webhooks against a real HTTP server."""

import dataclasses
import hashlib
import hmac
import json
import pathlib
import tempfile
import threading
import time
import unittest
import unittest.mock

from hypothesis import given
from hypothesis import strategies as st

from nova_desktop import exception, messages
from nova_desktop.reclaim import outward, ways, webhook, webhook_url
from tests import receivers
from tests.unit.reclaim import fakes


def told(url='', **changes):
    metadata = {webhook.KEY: url} if url else {}
    server = fakes.server(
        metadata=metadata, project_id='p1', user_id='u1', **changes
    )
    notice = messages.Notice(server.id, 'shelve', 1234.4, 'the owner')
    return outward.Told('desk1', notice, server, 1000.0)


class Case(unittest.TestCase):
    def receiver(self, *answers, tls=None):
        made = receivers.Http(answers or (200,), tls)
        receivers.run(made, self)
        return made

    def hook(self, **changes):
        return webhook.Webhook(fakes.settings(**changes))

    def to_operator(self, port, scheme='http', **changes):
        url = f'{scheme}://127.0.0.1:{port}/hook?a=b'
        self.hook(webhook_url=url, **changes).to_operator(told())


class OperatorTest(Case):
    def test_what_is_posted(self):
        receiver = self.receiver()
        self.to_operator(receiver.port, webhook_secret='s3cret')
        [(path, headers, data)] = receiver.wait(1)
        self.assertEqual('/hook?a=b', path)
        self.assertEqual(
            {
                'event': 'notice',
                'server_id': told().server.id,
                'project_id': 'p1',
                'action': 'shelve',
                'deadline': 1235,
                'odds': 0.0,
                'reason': 'the owner',
                'sent': 1000.0,
                'host': 'desk1',
            },
            json.loads(data),
        )
        mac = hmac.new(b's3cret', data, hashlib.sha256).hexdigest()
        self.assertEqual(f'sha256={mac}', headers[webhook.SIGNATURE])

    def test_no_secret_no_signature(self):
        receiver = self.receiver()
        self.to_operator(receiver.port)
        self.assertNotIn(webhook.SIGNATURE, receiver.wait(1)[0][1])

    def test_answers(self):
        for answer, error in (
            (503, outward.TryAgain),
            (429, outward.TryAgain),
            (404, outward.GiveUp),
            (302, outward.GiveUp),
        ):
            receiver = self.receiver(answer)
            with self.assertRaises(error):
                self.to_operator(receiver.port)
            self.assertEqual(1, len(receiver.got), 'no redirect is followed')

    def test_nobody_there(self):
        with self.assertRaises(outward.TryAgain):
            self.to_operator(receivers.Nobody().port)

    def test_a_receiver_that_hangs(self):
        receiver = self.receiver('hangs')
        began = time.monotonic()
        with self.assertRaises(outward.TryAgain):
            self.to_operator(receiver.port, webhook_timeout_s=0.5)
        self.assertLess(time.monotonic() - began, 5)

    def test_certificates_are_verified(self):
        with tempfile.TemporaryDirectory() as name:
            path = receivers.certificate(pathlib.Path(name))
            receiver = self.receiver(tls=receivers.context_of(path))
            with self.assertRaises(outward.GiveUp):
                self.to_operator(receiver.port, 'https')
            self.assertEqual([], receiver.got)
            self.to_operator(receiver.port, 'https', webhook_cafile=str(path))
            receiver.wait(1)


class TenantTest(Case):
    def test_below_what_is_allowed(self):
        receiver = self.receiver()
        allowed = f'http://127.0.0.1:{receiver.port}/hooks'
        hook = self.hook(tenant_webhooks=[allowed], webhook_secret='s3cret')
        hook.to_tenant(told(f'{allowed}/mine?token=1'))
        [(path, headers, data)] = receiver.wait(1)
        self.assertEqual('/hooks/mine?token=1', path)
        self.assertNotIn(webhook.SIGNATURE, headers)
        self.assertNotIn('host', json.loads(data))

    def test_elsewhere(self):
        receiver = self.receiver()
        here = f'http://127.0.0.1:{receiver.port}'
        hook = self.hook(tenant_webhooks=[f'{here}/hooks'])
        for url in (f'{here}/', f'{here}/hooks/../x', f'{here}/hooksx'):
            with self.assertRaises(outward.GiveUp):
                hook.to_tenant(told(url))
        hook.to_tenant(told())
        self.assertEqual([], receiver.got)

    def test_prefixes_are_checked_at_the_start(self):
        for prefix in ('https://u@h/', 'https://h/%2e', 'https://h/a/../b'):
            with self.assertRaisesRegex(exception.BadValue, 'tenant_webhooks'):
                webhook.check(fakes.settings(tenant_webhooks=[prefix]))


ALLOWED = ['https://hooks.example/in/']


class UrlTest(unittest.TestCase):
    def test_good(self):
        for url in (
            'https://hooks.example/in/',
            'https://hooks.example/in',
            'https://hooks.example:443/in/a?x=%2e%2e@',
            'https://HOOKS.example/in/a/b',
        ):
            self.assertTrue(webhook_url.is_below(url, ALLOWED), url)

    def test_bad(self):
        for url in (
            '',
            'hooks.example/in/',
            'http://hooks.example/in/',
            'https://hooks.example.evil/in/',
            'https://hooks.example:8443/in/',
            'https://hooks.example:0/in/',
            'https://hooks.example:x/in/',
            'https://hooks.example/inside',
            'https://hooks.example/in/../admin',
            'https://hooks.example/in/%2e%2e/admin',
            'https://hooks.example/in/..;/admin',
            'https://hooks.example/in//evil',
            'https://hooks.example/in\\..\\admin',
            'https://hooks.example@evil/in/',
            'https://evil#@hooks.example/in/',
            'https://evil\\@hooks.example/in/',
            'https://hooks.example\n.evil/in/',
            'https://hooks.exa\u212fple/in/',
            'https://[::1]/in/',
            'https://[bad/in/',
            'file:///in/',
            'https:///in/',
        ):
            self.assertFalse(webhook_url.is_below(url, ALLOWED), url)

    @given(st.text(alphabet='https:/.@\\%#?ooks-exam[]1in ev', max_size=60))
    def test_whatever_comes(self, text):
        for url in (text, 'https://hooks.example' + text):
            if webhook_url.is_below(url, ALLOWED):
                place, path = webhook_url.split(url)
                self.assertEqual(('https', 'hooks.example', 443), place)
                self.assertTrue((path + '/').startswith('/in/'))
                self.assertNotIn('..', path.split('/'))


class LaneTest(Case):
    """Tries and pauses; nothing of it holds up who tells."""

    def setUp(self):
        self.stop = threading.Event()
        self.addCleanup(self.stop.set)

    def test_again_until_it_works(self):
        receiver = self.receiver(503, 200)
        url = f'http://127.0.0.1:{receiver.port}/'
        made = ways.Ways(
            fakes.settings(webhook_url=url), fakes.Cloud(None), self.stop
        )
        self.addCleanup(made.stop)
        one = told()
        began = time.monotonic()
        made.tell(one.host, one.notice, one.server)
        self.assertLess(time.monotonic() - began, 0.5)
        receiver.wait(2)
        self.assertGreaterEqual(time.monotonic() - began, 1.0)

    def lane(self, send, tries=3):
        self.stop = unittest.mock.Mock(wait=unittest.mock.Mock())
        self.stop.wait.return_value = False
        lane = outward.Lane('test', send, tries, self.stop)
        self.addCleanup(lane.stop)
        return lane

    def run_one(self, error):
        calls = []

        def send(one):
            calls.append(one)
            raise error

        lane = self.lane(send)
        with self.assertLogs('nova_desktop.reclaim.outward') as logs:
            lane.tell(told())
            lane._pool.shutdown(wait=True)
        self.assertIn('is lost by test', logs.output[-1])
        return len(calls), [c.args[0] for c in self.stop.wait.mock_calls]

    def test_how_often(self):
        self.assertEqual((3, [1, 2]), self.run_one(outward.TryAgain('x')))
        self.assertEqual((1, []), self.run_one(outward.GiveUp('x')))
        self.assertEqual((1, []), self.run_one(RuntimeError('x')))

    def test_too_many(self):
        go = threading.Event()
        lane = self.lane(lambda one: go.wait(20))
        self.addCleanup(go.set)
        for _ in range(1000):
            lane.tell(told())
        with self.assertLogs('nova_desktop.reclaim.outward') as logs:
            lane.tell(told())
        self.assertIn('1000 others wait', logs.output[0])

    def test_off_by_default(self):
        made = ways.Ways(fakes.settings(), fakes.Cloud(None), self.stop)
        self.assertEqual([], made._lanes)


class WithdrawnTest(unittest.TestCase):
    def test_what_it_says(self):
        one = told()
        for changes, event in (
            ({'action': ''}, 'withdrawn'),
            ({'action': '', 'odds': 0.7}, 'at-risk'),
            ({'odds': 0.7}, 'notice'),
        ):
            notice = dataclasses.replace(one.notice, **changes)
            body = webhook.body_of(dataclasses.replace(one, notice=notice))
            self.assertEqual(event, body['event'])
