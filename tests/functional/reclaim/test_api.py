# SPDX-License-Identifier: Apache-2.0
"""The desktop API: tokens, policies, what hosts answer, what is explained."""

import requests

from nova_desktop import messages, model
from tests.functional.reclaim import api_base


class Hostile:
    """A workstation whose owner has root."""

    def __init__(self, answer):
        self.answer = answer

    def status(self, context):
        return self.answer

    def told(self, context, limit):
        return [self.answer] * 300


class ApiTest(api_base.ApiTest):
    def get(self, path, user=None, project=None, **more):
        """Give the status and body for a user, or for nobody."""
        headers = {}
        if user:
            session = self.keystone.connect(user, project or user).session
            headers['X-Auth-Token'] = session.get_token()
        answer = requests.get(
            self.api_url + path, headers=headers, timeout=30, **more
        )
        self.assertEqual('application/json', answer.headers['Content-Type'])
        return answer.status_code, answer.json()

    def test_without_a_token(self):
        code, body = self.get('/')
        self.assertEqual((200, 'v1.0'), (code, body['versions'][0]['id']))
        self.eventually(lambda: self.get('/healthcheck')[0] == 200)
        _, health = self.get('/healthcheck')
        self.assertEqual(
            {'bus', 'nova', 'placement', 'returning'}, set(health['checks'])
        )
        for path in ('/v1/hosts/desk1', '/v1/nothing'):
            code, body = self.get(path)
            self.assertEqual(401, code)
            self.assertEqual(401, body['error']['code'])
        answer = requests.get(
            f'{self.api_url}/v1/hosts/desk1',
            headers={'X-Auth-Token': 'forged', 'X-Roles': 'admin'},
            timeout=30,
        )
        self.assertEqual(401, answer.status_code)

    def test_a_host_says_what_it_says_now(self):
        self.desk.hear(forecast={5: 0.987, 60: 0.5}, reason='key at 9:41')
        code, body = self.get('/v1/hosts/desk1', 'admin')
        self.assertEqual(200, code)
        host = body['host']
        self.assertTrue(host.pop('at'))
        self.assertEqual(
            {
                'name': 'desk1',
                'agent_answers': True,
                'presence': 'away',
                'demand': False,
                'admit': True,
                'cpus': 2.5,
                'memory_mib': 1024,
                'forecast': {'5': 0.99, '60': 0.5},
                'reason': 'the owner is away',
                'reclaim_due': False,
            },
            host,
        )
        self.desk.silent()
        _, body = self.get('/v1/hosts/desk1', 'admin')
        self.assertFalse(body['host']['agent_answers'])
        self.assertEqual('unknown', body['host']['presence'])
        self.desk.hear(cap=model.NOTHING, presence=model.Presence.ACTIVE)
        _, body = self.get('/v1/hosts/desk1/history?limit=2', 'admin')
        self.assertEqual(
            [(False, 'active'), (False, 'unknown')],
            [(each['admit'], each['presence']) for each in body['history']],
        )
        self.assertNotIn('9:41', str(body))

    def test_who_may_ask_for_hosts(self):
        self.desk.hear()
        self.keystone.user('reader', 'reader', 'reader')
        for user in (api_base.TENANT, 'reader'):
            code, body = self.get('/v1/hosts/desk1', user)
            self.assertEqual((403, 403), (code, body['error']['code']))
        self.assertEqual(404, self.get('/v1/hosts/desk9', 'admin')[0])
        self.assertEqual(404, self.get('/v1/hosts/%0a', 'admin')[0])
        for limit in ('0', '201', 'x', '-1'):
            code, body = self.get(
                f'/v1/hosts/desk1/history?limit={limit}', 'admin'
            )
            self.assertEqual(400, code)
            self.assertIn('must be 1 to 200', body['error']['message'])

    def test_a_silent_host(self):
        self.desk.stop()
        code, body = self.get('/v1/hosts/desk1', 'admin')
        self.assertEqual(504, code)
        self.assertIn('did not answer', body['error']['message'])

    def test_a_hostile_host(self):
        good = self.desk.book.now().to_wire()
        for answer in (
            None,
            'x' * 10**6,
            {},
            {**good, 'demand': 'no'},
            {**good, 'forecast': {'5': 7}},
            {**good, 'forecast': {str(i): 0 for i in range(10**4)}},
            {**good, 'now': {**good['now'], 'reason': 'x' * 10**6}},
            {**good, 'now': {**good['now'], 'presence': '\x1b[2J' * 99}},
        ):
            hostile = Hostile(answer)
            self.desk.endpoint.status = hostile.status
            self.desk.endpoint.told = hostile.told
            for path in ('/v1/hosts/desk1', '/v1/hosts/desk1/history'):
                code, body = self.get(path, 'admin')
                self.assertEqual(502, code, body)
                self.assertLess(len(str(body)), 1000)
                self.assertNotIn('\x1b', body['error']['message'])

    def test_a_host_that_answers_with_an_error(self):
        def fail(context):
            raise KeyboardInterrupt('\x1b[2J' * 1000)

        self.desk.endpoint.status = fail
        code, body = self.get('/v1/hosts/desk1', 'admin')
        self.assertEqual(504, code)
        self.assertLess(len(str(body)), 300)

    def test_servers_are_explained_to_their_project(self):
        server = self.boot_for_tenant()
        self.assertEqual(self.project, self.project_of(server['id']))
        self.lend('desk1', 0)
        messages.ReclaimClient(self.reclaim.transport).reclaim(self.request())
        self.eventually(
            lambda: (
                self.reclaim.cloud.server(server['id']).vm_state
                == 'shelved_offloaded'
            )
        )
        self.eventually(lambda: self.steps(server['id'])[-1] == 'left')
        path = f'/v1/servers/{server["id"]}'
        code, body = self.get(path, api_base.TENANT)
        self.assertEqual(200, code)
        found = body['server']
        self.assertEqual(self.service_user, found['service_user_id'])
        self.assertEqual('w1', found['worker'])
        self.assertEqual(
            ['chosen', 'noticed', 'tries', 'left'],
            [each['what'] for each in found['records']],
        )
        self.assertEqual('the owner is back', found['records'][0]['text'])
        self.assertNotIn('desk1', str(found))
        _, body = self.get(path, 'admin')
        self.assertEqual('desk1', body['server']['records'][0]['host'])
        code, body = self.get(path, api_base.OTHER)
        self.assertEqual((404, 404), (code, body['error']['code']))

    def test_a_deleted_server(self):
        server = self.boot_for_tenant('delete')
        self.lend('desk1', 0)
        messages.ReclaimClient(self.reclaim.transport).reclaim(self.request())
        self.eventually(
            lambda: self.reclaim.cloud.server(server['id']) is None
        )
        path = f'/v1/servers/{server["id"]}'
        self.assertEqual(200, self.get(path, api_base.TENANT)[0])
        self.assertEqual(404, self.get(path, api_base.OTHER)[0])

    def test_keystone_is_away(self):
        token = self.keystone.connect('admin', 'admin').session.get_token()
        self.keystone.end()
        self.addCleanup(self.keystone.serve)
        answer = requests.get(
            f'{self.api_url}/v1/hosts/desk1',
            headers={'X-Auth-Token': token},
            timeout=120,
        )
        self.assertEqual(503, answer.status_code)
        self.assertEqual(503, answer.json()['error']['code'])

    def project_of(self, server_id):
        return self.reclaim.cloud.project_of(server_id)

    def steps(self, server_id):
        return [e.what for e in self.reclaim.parts.journal.of(server_id)] or [
            ''
        ]
