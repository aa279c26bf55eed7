# SPDX-License-Identifier: Apache-2.0

import unittest
from unittest import mock

from keystoneauth1 import exceptions

from nova_desktop import model
from nova_desktop.reclaim import cloud, nouns, rest

ID = '7a0d1a52-77b6-4ac9-8c0c-4ac1d4d1b3b1'


def answer(status, body=None, headers=None):
    return mock.MagicMock(
        # A response of requests that tells of an error is false.
        __bool__=lambda self: status < 400,
        status_code=status,
        text='text',
        headers=headers or {},
        json=lambda: body or {},
    )


class RestTest(unittest.TestCase):
    def setUp(self):
        self.adapter = mock.Mock()
        self.connections = mock.patch.object(
            rest.openstack.connection,
            'Connection',
            return_value=mock.Mock(
                compute=self.adapter, placement=self.adapter
            ),
        ).start()
        self.addCleanup(mock.patch.stopall)
        stop = mock.Mock(wait=lambda seconds: False)
        self.session = mock.Mock()
        self.session.get_endpoint.return_value = None
        self.client = rest.Rest(self.session, stop=stop)
        self.cloud = cloud.RestCloud(self.client)

    def answers(self, *answers):
        self.adapter.request.side_effect = answers

    def test_a_read_is_tried_again(self):
        self.answers(
            answer(503), exceptions.ConnectFailure(), answer(200, {'a': 1})
        )
        self.assertEqual({'a': 1}, self.client.get('compute', '/x'))

    def test_a_read_is_not_tried_for_ever(self):
        self.answers(*[answer(503)] * 9)
        with self.assertRaises(nouns.CloudUnreachable):
            self.client.get('compute', '/x')
        self.assertEqual(3, self.adapter.request.call_count)

    def test_nobody_is_shelved_while_glance_is_silent(self):
        self.session.get_endpoint.return_value = 'http://glance'
        for action in (
            model.ReclaimAction.SHELVE,
            model.ReclaimAction.REBUILD,
        ):
            for silence in (exceptions.ConnectFailure(), answer(503)):
                self.answers(answer(202))
                self.session.get.side_effect = [silence]
                with self.assertRaises(nouns.CloudUnreachable) as caught:
                    self.cloud.act(action, ID)
                self.assertIn('image: ', str(caught.exception))
        self.assertEqual(0, self.adapter.request.call_count)
        for said in (answer(300), answer(401)):
            self.answers(answer(202))
            self.session.get.side_effect = [said]
            self.cloud.act(model.ReclaimAction.SHELVE, ID)
        self.assertEqual(2, self.adapter.request.call_count)
        self.session.get.side_effect = AssertionError
        self.session.get_endpoint.side_effect = exceptions.EndpointNotFound
        self.answers(answer(202))
        self.cloud.act(model.ReclaimAction.SHELVE, ID)
        self.answers(answer(202))
        self.cloud.act(model.ReclaimAction.STOP, ID)

    def test_an_action_is_sent_once(self):
        for failure in (answer(504), exceptions.ConnectTimeout()):
            self.adapter.request.reset_mock()
            self.answers(failure, answer(202))
            with self.assertRaises(nouns.CloudUnreachable):
                self.cloud.act(model.ReclaimAction.SHELVE, ID)
            self.assertEqual(1, self.adapter.request.call_count)

    def test_what_an_error_is(self):
        for status, kind in (
            (409, nouns.CloudConflict),
            (400, nouns.CloudRefused),
            (403, nouns.CloudRefused),
            (404, nouns.CloudRefused),
            (401, nouns.CloudUnreachable),
            (429, nouns.CloudUnreachable),
        ):
            self.answers(answer(status))
            with self.assertRaises(kind):
                self.cloud.act(model.ReclaimAction.STOP, ID)

    def test_a_missing_service_is_looked_for_anew(self):
        self.answers(exceptions.EndpointNotFound(), answer(200))
        self.client.get('compute', '/x')
        self.assertEqual(2, self.connections.call_count)

    def test_keystone_down(self):
        self.session.get_user_id.side_effect = exceptions.ConnectFailure()
        with self.assertRaises(nouns.CloudUnreachable):
            self.cloud.user_id()

    def test_bodies(self):
        self.answers(answer(202, headers={'x-openstack-request-id': 'req-7'}))
        request = self.cloud.act(model.ReclaimAction.LIVE_MIGRATE, ID)
        self.assertEqual('req-7', request)
        url, method = self.adapter.request.call_args.args
        more = self.adapter.request.call_args.kwargs
        self.assertEqual(('POST', f'/servers/{ID}/action'), (method, url))
        self.assertEqual(
            {'os-migrateLive': {'host': None, 'block_migration': 'auto'}},
            more['json'],
        )
        self.assertEqual('2.90', more['microversion'])

    def test_no_list_is_not_an_empty_list(self):
        self.answers(answer(404))
        with self.assertRaises(nouns.CloudUnreachable):
            self.cloud.servers_of('desk1')
