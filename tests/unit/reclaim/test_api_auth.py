# SPDX-License-Identifier: Apache-2.0

import json
import tempfile
import unittest
from unittest import mock

import webob
from keystoneauth1 import exceptions as ks_exceptions
from keystonemiddleware import auth_token
from oslo_config import cfg

from nova_desktop.reclaim import api_auth

CONF = """
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = nova-desktop
password = secret
"""


class GuardTest(unittest.TestCase):
    def setUp(self):
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            file.write(CONF)
            file.flush()
            conf = cfg.ConfigOpts()
            conf(['--config-file', file.name], project='test')
            self.inside = mock.Mock()
            self.guarded = api_auth.guard(self.inside, conf)

    def test_keystone_that_fails_is_told_as_by_an_api(self):
        for error in (
            webob.exc.HTTPServiceUnavailable('away'),
            ks_exceptions.EndpointNotFound('http://inside/'),
        ):
            request = webob.Request.blank('/v1/hosts/a')
            with (
                mock.patch.object(
                    auth_token.AuthProtocol,
                    'process_request',
                    side_effect=error,
                ),
                self.assertLogs('nova_desktop.reclaim.api_auth'),
            ):
                answer = request.get_response(self.guarded)
            self.assertEqual(503, answer.status_int)
            self.assertEqual('application/json', answer.content_type)
            told = json.loads(answer.body)['error']
            self.assertEqual(503, told['code'])
            self.assertEqual('Service Unavailable', told['title'])
            self.assertNotIn('inside', told['message'])
        self.inside.assert_not_called()
