# SPDX-License-Identifier: Apache-2.0
"""The service by the role desktop_reclaim alone, by the policies we ship."""

import importlib.machinery
import importlib.util
import pathlib
import unittest

import fixtures
import nova.policies
import nova.policy
import placement.policy
from keystoneauth1 import session
from nova import context
from nova.api import auth as nova_auth
from oslo_config import cfg
from oslo_policy import opts as policy_opts

from nova_desktop import model
from nova_desktop.reclaim import cloud, grace, nouns, rest
from tests.functional.reclaim import base

ROOT = pathlib.Path(__file__).parents[3]
ETC = ROOT / 'etc/nova_desktop/policy'
ROLE = 'desktop_reclaim'
USER = 'nova-desktop'


def tool():
    """Give the tool that writes the policies, as a module."""
    path = str(ROOT / 'tools/policies')
    loader = importlib.machinery.SourceFileLoader('policies', path)
    spec = importlib.util.spec_from_loader('policies', loader)
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    return made


class Auth(base.Auth):
    """Logs the service's user in, who has one role."""

    role = ROLE

    def get_headers(self, session, **kwargs):
        return {
            'X-Auth-Token': f'{USER}:service',
            'X-Auth-User': USER,
            'X-Auth-Project-Id': 'service',
            'X-Roles': self.role,
        }

    def get_user_id(self, session, **kwargs):
        return USER


class Stranger(Auth):
    role = 'nothing'


class FilesTest(unittest.TestCase):
    def test_files_are_of_these_services(self):
        files = tool().FILES
        written = {path.stem for path in ETC.glob('*.yaml')}
        self.assertEqual(set(files), written)
        for name, policy in files.items():
            self.assertEqual(
                (ETC / f'{name}.yaml').read_text(), policy(), 'tools/policies'
            )


class PrivilegeTest(base.NovaTest):
    """Real policies in Nova and Placement, and a user with one role."""

    def setUp(self):
        super().setUp()
        self._keep_roles_real()
        self.flags(policy_file=str(ETC / 'nova.yaml'), group='oslo_policy')
        nova.policy.reset()
        nova.policy.init(suppress_deprecation_warnings=True)
        conf = cfg.ConfigOpts()
        conf([], project='placement')
        policy_opts.set_defaults(conf)
        path = str(ETC / 'placement.yaml')
        conf.set_override('policy_file', path, 'oslo_policy')
        placement.policy.reset()
        placement.policy.init(conf, suppress_deprecation_warnings=True)
        self.cloud = self.cloud_of(Auth)

    def _keep_roles_real(self):
        # Nova's fixture takes each user but one for somebody without rights.
        fake = nova_auth.NovaKeystoneContext._create_context

        def create(env, **kwargs):
            if env['HTTP_X_AUTH_USER'] != USER:
                return fake(env, **kwargs)
            roles = env['HTTP_X_ROLES'].split(',')
            return context.RequestContext(
                USER, 'service', roles=roles, **kwargs
            )

        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.api.auth.NovaKeystoneContext._create_context', create
            )
        )

    def cloud_of(self, auth):
        self.rest = rest.Rest(
            session.Session(
                auth=auth(
                    {
                        'compute': self.api_fixture.base_url,
                        'placement': self.placement.fixture.endpoint,
                    },
                    None,
                )
            )
        )
        return cloud.RestCloud(self.rest)

    def evict(self, service):
        self.lend('desk1', 0)
        service.worker.reclaim(self.request())
        self.gone_from(service)

    def test_each_way_to_leave(self):
        self._start_compute('desk2')
        for action, left in (
            ('live-migrate', ('desk2', 'active')),
            ('cold-migrate', ('desk2', 'active')),
            ('shelve', ('', 'shelved_offloaded')),
            ('stop', ('desk1', 'stopped')),
            ('suspend', ('desk1', 'suspended')),
        ):
            server = self.boot(action)
            self.evict(self.service())
            now = self.cloud.server(server['id'])
            self.assertEqual(left, (now.host, now.vm_state), action)
            # Nova lets nobody clear the metadata of one that is shelved.
            self.assertEqual(action == 'shelve', grace.KEY in now.metadata)
            self.lend('desk1', 8192)
        server = self.boot('delete')
        self.evict(self.service())
        self.assertIsNone(self.cloud.server(server['id']))
        self.lend('desk1', 8192)
        server = self.boot('rebuild')
        self.evict(self.service())
        self.eventually(
            lambda: self.cloud.server(server['id']).host == 'desk2'
        )

    def test_a_tenants_lock_is_passed(self):
        server = self.boot('shelve')
        self.api.post_server_action(server['id'], {'lock': {}})
        self.evict(self.service())
        now = self.cloud.server(server['id'])
        self.assertEqual('shelved_offloaded', now.vm_state)

    def test_brought_back(self):
        server = self.boot('shelve')
        service = self.service()
        self.evict(service)
        self.lend('desk1', 8192)
        self.assertEqual([server['id']], service.returning.scan())
        self.assertEqual('active', self.cloud.server(server['id']).vm_state)

    def test_left_as_its_tenant_had_it(self):
        server = self.boot('shelve')
        self.api.post_server_action(server['id'], {'pause': {}})
        self._wait_for_state_change(server, 'PAUSED')
        service = self.service()
        self.evict(service)
        self.lend('desk1', 8192)
        self.assertEqual([server['id']], service.returning.scan())
        self.assertEqual('paused', self.cloud.server(server['id']).vm_state)

    def test_why_an_action_failed(self):
        server = self.boot('live-migrate')
        self.cloud.act(model.ReclaimAction.LIVE_MIGRATE, server['id'])
        self.eventually(
            lambda: any(r.failed for r in self.cloud.actions(server['id']))
        )
        (record, *_) = self.cloud.actions(server['id'])
        why = self.cloud.failure(server['id'], record.request_id)
        self.assertIn('No valid host', why)
        self.cloud.abort_live_migration(server['id'])
        self.assertTrue(self.cloud.is_compute('desk1'))

    def test_lost_and_drained(self):
        self.assertIn('desk1', [each.host for each in self.cloud.computes()])
        self.assertIn('COMPUTE_NODE', self.cloud.traits_of('desk1'))
        server = self.boot('stop')
        (found,) = self.api.get_services(host='desk1', binary='nova-compute')
        body = {'status': 'disabled', 'disabled_reason': 'nova-desktop drain'}
        self.api.put_service(found['id'], body)
        service = self.service()
        service.drains.scan()
        self.gone_from(service)
        self.assertEqual('stopped', self.cloud.server(server['id']).vm_state)

    def test_nothing_else(self):
        server = self.boot('stop')
        url = f'/servers/{server["id"]}'
        flavor = {'name': 'x', 'ram': 1, 'vcpus': 1, 'disk': 1}
        boot = {
            'name': 'x',
            'flavorRef': '1',
            'networks': 'none',
            'imageRef': server['id'],
        }
        refused = (
            (
                'POST',
                '/servers',
                {'server': boot},
            ),
            ('POST', f'{url}/action', {'os-getConsoleOutput': {}}),
            ('POST', f'{url}/action', {'rebuild': {'imageRef': server['id']}}),
            ('POST', f'{url}/action', {'reboot': {'type': 'HARD'}}),
            ('POST', f'{url}/action', {'createImage': {'name': 'x'}}),
            ('POST', f'{url}/action', {'os-resetState': {'state': 'error'}}),
            ('POST', f'{url}/action', {'unlock': None}),
            (
                'POST',
                f'{url}/remote-consoles',
                {'remote_console': {'protocol': 'vnc', 'type': 'novnc'}},
            ),
            ('GET', f'{url}/diagnostics', None),
            ('POST', '/flavors', {'flavor': flavor}),
            ('GET', '/os-hypervisors', None),
            ('GET', '/os-aggregates', None),
            ('GET', '/os-keypairs?user_id=admin', None),
        )
        for method, path, body in refused:
            with self.assertRaises(nouns.CloudRefused, msg=path) as caught:
                self.rest.ask('compute', method, path, json=body)
            self.assertIn(' 403 ', str(caught.exception), (path, body))
        for method, path in (
            ('GET', '/traits'),
            ('PUT', '/traits/CUSTOM_X'),
            ('DELETE', f'/allocations/{server["id"]}'),
        ):
            with self.assertRaises(nouns.CloudRefused, msg=path) as caught:
                self.rest.ask('placement', method, path)
            self.assertIn(' 403 ', str(caught.exception), path)

    def test_each_rule_of_nova(self):
        """The role may do what is listed, and whatever else nobody needs."""
        for new_defaults in (True, False):
            self.flags(enforce_new_defaults=new_defaults, group='oslo_policy')
            self.check_rules()

    def check_rules(self):
        nova.policy.reset()
        nova.policy.init(suppress_deprecation_warnings=True)
        ours = context.RequestContext(USER, 'service', roles=[ROLE])
        stranger = context.RequestContext('x', 'service', roles=['nothing'])
        target = {'project_id': 'another', 'user_id': 'another'}
        may = {
            rule.name
            for rule in nova.policies.list_rules()
            if nova.policy.authorize(ours, rule.name, target, False)
        }
        anybody = {
            rule.name
            for rule in nova.policies.list_rules()
            if nova.policy.authorize(stranger, rule.name, target, False)
        }
        wanted = {f'os_compute_api:{name}' for name in tool().NOVA}
        self.assertEqual(wanted, may - anybody - {'context_is_admin'})

    def test_without_the_role(self):
        server = self.boot('stop')
        stranger = self.cloud_of(Stranger)
        with self.assertRaises(nouns.CloudRefused):
            stranger.servers_of('desk1')
        self.assertIsNone(stranger.server(server['id']))
        with self.assertRaises(nouns.CloudRefused):
            stranger.provider('desk1')
