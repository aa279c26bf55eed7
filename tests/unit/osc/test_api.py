# SPDX-License-Identifier: Apache-2.0

import unittest

from keystoneauth1 import exceptions as ks_exceptions

from nova_desktop.osc import api, plugin
from tests.unit.osc import fakes

URL = 'http://api:9891'
HOST = f'{URL}/v1/hosts/desk1'


def error(message, code=403):
    return fakes.Response(code, {'error': {'message': message}})


class ApiTest(unittest.TestCase):
    def client(self, answer, endpoint=f'{URL}/'):
        return api.Api(fakes.Service({HOST: answer}), lambda: endpoint)

    def test_an_answer(self):
        client = self.client({'host': {'presence': 'away'}})
        self.assertEqual({'presence': 'away'}, client.host('desk1'))

    def test_a_name_stays_one_part_of_the_path(self):
        session = fakes.Service({})
        client = api.Api(session, lambda: URL)
        with self.assertRaises(api.Unanswered):
            client.host('../a?b')
        self.assertEqual(f'{URL}/v1/hosts/..%2Fa%3Fb', session.asked[0][0])

    def test_refusals(self):
        for answer, told in (
            (error('not for you'), 'not for you'),
            (error('a\x1b[2J'), r'the desktop API: a \[2J$'),
            (fakes.Response(500, '<html>'), '500 Reason'),
            (fakes.Response(500, []), '500 Reason'),
            (fakes.Response(200, '<html>'), 'not the desktop API'),
            (fakes.Response(200, {'host': 'x'}), 'not the desktop API'),
        ):
            with self.assertRaisesRegex(api.Unanswered, told):
                self.client(answer).host('desk1')
        with self.assertRaises(api.Unanswered) as caught:
            self.client(error('x' * 10**6)).host('desk1')
        self.assertLess(len(str(caught.exception)), 1000)

    def test_no_endpoint(self):
        def absent():
            raise ks_exceptions.EndpointNotFound

        for endpoint in (absent, lambda: None, lambda: ''):
            client = api.Api(fakes.Service({}), endpoint)
            with self.assertRaisesRegex(api.Unanswered, "type 'desktop'"):
                client.host('desk1')

    def test_nobody_there(self):
        def refuse(params):
            raise ks_exceptions.ConnectFailure('refused')

        with self.assertRaisesRegex(api.Unanswered, 'refused'):
            self.client(refuse).host('desk1')


class Instance:
    """What the client's manager of clients has."""

    session = fakes.Service({HOST: {'host': {}}})
    region_name = 'RegionOne'
    interface = 'internal'

    def get_endpoint_for_service_type(self, kind, **words):
        self.asked = (kind, words)
        return URL


class PluginTest(unittest.TestCase):
    def test_endpoint_of_the_region_and_interface(self):
        instance = Instance()
        self.assertEqual({}, plugin.make_client(instance).host('desk1'))
        self.assertEqual(
            (
                'desktop',
                {'region_name': 'RegionOne', 'interface': 'internal'},
            ),
            instance.asked,
        )
